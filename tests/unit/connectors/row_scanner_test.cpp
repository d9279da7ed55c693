#include <doctest/doctest.h>

#include <random>
#include <vector>

#include <weir/connectors/csv_row.hpp>
#include <weir/connectors/json_format.hpp>
#include <weir/connectors/text_lines.hpp>

using namespace weir;

namespace {

struct Found {
  std::string text;
  FilePosition begin;
  bool cut = false;
  FilePosition behind;

  friend bool operator==(const Found&, const Found&) = default;
};

std::ostream& operator<<(std::ostream& out, const Found& row) {
  return out << row.begin.offset << '-' << row.behind.offset << " line " << row.begin.line << ' '
             << quoted_excerpt(row.text) << (row.cut ? " cut" : "");
}

template <class Scanner>
void drain(Scanner& scanner, std::vector<Found>& rows) {
  while (const auto row = scanner.next()) {
    rows.push_back({std::string(row->text), row->begin, row->cut, scanner.position()});
  }
}

/// Scans `bytes` from the scanner's start, in blocks that end at `cuts`. Every block lies in memory of its own.
template <class Scanner>
std::vector<Found> scan(Scanner scanner, std::string_view bytes,
                        const std::vector<std::size_t>& cuts = {}) {
  std::vector<Found> rows;
  std::size_t from = 0;
  const auto feed = [&](std::size_t to) {
    const std::vector<char> block(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                                  bytes.begin() + static_cast<std::ptrdiff_t>(to));
    scanner.feed({block.data(), block.size()});
    drain(scanner, rows);
    from = to;
  };
  for (const std::size_t cut : cuts) feed(cut);
  feed(bytes.size());
  scanner.finish();
  drain(scanner, rows);
  return rows;
}

template <class Scanner>
std::vector<std::string> texts(Scanner scanner, std::string_view bytes) {
  std::vector<std::string> result;
  for (auto& row : scan(std::move(scanner), bytes)) result.push_back(std::move(row.text));
  return result;
}

std::string random_bytes(std::mt19937_64& random, std::string_view alphabet) {
  std::string bytes;
  if (random() % 3 == 0) bytes = std::string_view("\xEF\xBB\xBF").substr(0, random() % 4);
  for (auto left = random() % 60; left > 0; --left) bytes += alphabet[random() % alphabet.size()];
  return bytes;
}

std::vector<std::size_t> random_cuts(std::mt19937_64& random, std::size_t size) {
  std::vector<std::size_t> cuts;
  for (std::size_t at = 0; at < size; ++at) {
    while (random() % 4 == 0) cuts.push_back(at);  // empty blocks too
  }
  return cuts;
}

template <class MakeScanner>
void check_any_blocks(MakeScanner make, std::string_view alphabet) {
  std::size_t seen = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    std::mt19937_64 random(seed);
    const std::string bytes = random_bytes(random, alphabet);
    CAPTURE(seed);
    CAPTURE(bytes);
    const auto whole = scan(make(FilePosition{}), bytes);
    seen += whole.size();
    REQUIRE(scan(make(FilePosition{}), bytes, random_cuts(random, bytes.size())) == whole);

    if (whole.empty()) continue;
    // A scanner started behind any row, or at the start of it, sees what is left of the file.
    const std::size_t k = random() % whole.size();
    const auto rest = [&](FilePosition at) {
      return scan(make(at), std::string_view(bytes).substr(at.offset));
    };
    using Rows = std::vector<Found>;
    REQUIRE(rest(whole[k].behind) ==
            Rows(whole.begin() + static_cast<std::ptrdiff_t>(k) + 1, whole.end()));
    if (whole[k].begin.offset > 0) {
      REQUIRE(rest(whole[k].begin) ==
              Rows(whole.begin() + static_cast<std::ptrdiff_t>(k), whole.end()));
    }
  }
  CHECK(seen > 3000);
}

CsvScanner csv(FilePosition start = {}, std::uint64_t limit = kMaxRowBytes) {
  return CsvScanner(CsvRule(','), start, limit);
}

}  // namespace

TEST_CASE("lines end in LF, CRLF or with the file, and keep their offsets") {
  const auto rows = scan(LineScanner({}), "one\ntwo\r\n\nlast");
  REQUIRE(rows.size() == 4);
  CHECK(rows[0] == Found{"one", {0, 1}, false, {4, 2}});
  CHECK(rows[1] == Found{"two", {4, 2}, false, {9, 3}});
  CHECK(rows[2] == Found{"", {9, 3}, false, {10, 4}});
  CHECK(rows[3] == Found{"last", {10, 4}, false, {14, 5}});
}

TEST_CASE("a carriage return alone is part of the line") {
  CHECK(texts(LineScanner({}), "a\rb\nc\r") == std::vector<std::string>{"a\rb", "c\r"});
}

TEST_CASE("a file without bytes has no rows") {
  CHECK(scan(LineScanner({}), "").empty());
  CHECK(scan(csv(), "").empty());
  CHECK(scan(LineScanner({}), "\xEF\xBB\xBF").empty());
}

TEST_CASE("a byte order mark is skipped at the beginning of a file only") {
  const auto rows = scan(LineScanner({}), "\xEF\xBB\xBFone\n\xEF\xBB\xBFtwo");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].text == "one");
  CHECK(rows[0].begin.offset == 3);
  CHECK(rows[1].text == "\xEF\xBB\xBFtwo");
  CHECK(texts(LineScanner({}), "\xEF\xBB") == std::vector<std::string>{"\xEF\xBB"});
  CHECK(texts(csv(), "\xEF\"a\nb\n") == std::vector<std::string>{"\xEF\"a", "b"});
  CHECK(texts(csv(), "\xEF\xBB\xBF\"a\nb\",c\n") == std::vector<std::string>{"\"a\nb\",c"});
}

TEST_CASE("a quoted field may hold line ends, and the line number counts them") {
  const auto rows = scan(csv(), "a,\"b\r\nc\n\"\"\"\nd,e\n");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0] == Found{"a,\"b\r\nc\n\"\"\"", {0, 1}, false, {12, 4}});
  CHECK(rows[1] == Found{"d,e", {12, 4}, false, {16, 5}});
}

TEST_CASE("a quote within a plain field does not open a quoted one") {
  CHECK(texts(csv(), "5\" disk,3\nx\"\n") == std::vector<std::string>{"5\" disk,3", "x\""});
}

TEST_CASE("blank lines are no CSV rows and blank text is no JSON row") {
  CHECK(texts(csv(), "\na\r\n\r\n\nb\n\n") == std::vector<std::string>{"a", "b"});
  CHECK(texts(JsonScanner({}), "1\n \t\n\r\n2\n  ") == std::vector<std::string>{"1", "2"});
}

TEST_CASE("a row beyond the limit is cut and the next one is whole") {
  const LineScanner scanner({}, {}, 4);
  const auto rows = scan(scanner, "1234\r\n12345\n123456789\nab\n", {2, 8, 15, 17});
  REQUIRE(rows.size() == 4);
  CHECK(rows[0] == Found{"1234", {0, 1}, false, {6, 2}});
  CHECK(rows[1] == Found{"1234", {6, 2}, true, {12, 3}});
  CHECK(rows[2] == Found{"1234", {12, 3}, true, {22, 4}});
  CHECK(rows[3] == Found{"ab", {22, 4}, false, {25, 5}});
}

TEST_CASE("rows within a block are not copied") {
  const std::string block = "one\ntwo\n";
  LineScanner scanner({});
  scanner.feed(block);
  CHECK(scanner.next()->text.data() == block.data());
  CHECK(scanner.next()->text.data() == block.data() + 4);
}

TEST_CASE("feeding over unread rows is a bug") {
  LineScanner scanner({});
  scanner.feed("one\ntwo\n");
  CHECK(scanner.next().has_value());
  CHECK_THROWS_AS(scanner.feed("three\n"), Bug);
}

TEST_CASE("any cutting of the bytes into blocks gives the same lines") {
  check_any_blocks([](FilePosition start) { return LineScanner({}, start); }, "ab\r\n\n");
}

TEST_CASE("any cutting of the bytes into blocks gives the same CSV rows") {
  check_any_blocks([](FilePosition start) { return csv(start); }, "ab,,\"\"\"\r\n\n");
}

TEST_CASE("any cutting of the bytes into blocks gives the same JSON rows") {
  check_any_blocks([](FilePosition start) { return JsonScanner({}, start); }, "{}1 \t\r\n\n");
}

TEST_CASE("any cutting of the bytes into blocks cuts the same long rows") {
  check_any_blocks([](FilePosition start) { return csv(start, 3); }, "ab,,\"\r\n\n");
}
