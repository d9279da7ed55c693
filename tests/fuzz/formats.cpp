// Hostile files: random bytes, and good files with bytes changed, dropped and doubled. Parsers must give
// records or errors whose places lie within the file, and neither crash nor lose a byte of position.
// Run it under the address sanitizer; every case is named by its seed.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include <weir/connectors/csv_format.hpp>
#include <weir/connectors/json_format.hpp>

using namespace weir;

namespace formats_fuzz {

struct Item {
  std::int32_t number = 0;
  std::string text;
  double real = 0;
  bool flag = false;
  EventTime at;
  std::optional<std::int64_t> maybe;
};
WEIR_RECORD(Item, number, text, real, flag, at, maybe);

struct Tree {
  Item item;
  std::vector<Item> items;
  std::map<std::string, std::pair<int, std::optional<std::string>>> index;
};
WEIR_RECORD(Tree, item, items, index);

std::string mutated(std::string bytes, std::mt19937_64& random, std::string_view alphabet) {
  for (auto left = random() % 6; left > 0 && !bytes.empty(); --left) {
    const std::size_t at = random() % bytes.size();
    switch (random() % 5) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes[at] = alphabet[random() % alphabet.size()];
        break;
      case 2:
        bytes.erase(at, 1 + random() % 8);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, random() % 20));
        break;
      default:
        bytes.resize(at);
        break;
    }
  }
  return bytes;
}

std::string random_file(const std::string& good, std::mt19937_64& random,
                        std::string_view alphabet) {
  if (random() % 3 > 0) return mutated(good, random, alphabet);
  std::string bytes(random() % 80, '\0');
  for (char& byte : bytes)
    byte = random() % 4 == 0 ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
  return bytes;
}

struct Outcome {
  std::size_t records = 0;
  std::size_t errors = 0;
};

/// Reads a file in random blocks, each in memory of exactly its size, and checks every place on the way.
template <class Format>
Outcome read(const Format& format, std::string_view file, std::mt19937_64& random) {
  auto scanner = format.scanner();
  auto reader = format.reader("f");
  Outcome outcome;
  bool header = reader.expects_header();
  FilePosition last;
  const std::uint64_t lines =
      1 + static_cast<std::uint64_t>(std::count(file.begin(), file.end(), '\n'));

  const auto check_error = [&](const Row& row, const FormatError& error) {
    ++outcome.errors;
    REQUIRE(error.line >= row.begin.line);
    REQUIRE(error.line <= lines);
    REQUIRE(error.column >= 1);
    REQUIRE(error.column <= row.text.size() + 1);
    REQUIRE(error.message.starts_with("f:" + std::to_string(error.line) + ":" +
                                      std::to_string(error.column) + ": "));
    REQUIRE(error.message.find('\n') == std::string::npos);
  };
  const auto drain = [&] {
    while (const auto row = scanner.next()) {
      REQUIRE(row->begin.offset >= last.offset);
      REQUIRE(row->begin.line >= last.line);
      REQUIRE(file.substr(row->begin.offset, row->text.size()) == row->text);
      last = scanner.position();
      REQUIRE(last.offset >= row->begin.offset + row->text.size());
      if (std::exchange(header, false)) {
        if (const auto error = reader.bind(*row)) return check_error(*row, *error);
      } else if (const auto parsed = reader.parse(*row)) {
        ++outcome.records;
      } else {
        check_error(*row, parsed.error());
      }
    }
  };
  for (std::string_view rest = file; !rest.empty();) {
    const std::size_t size = std::min<std::size_t>(1 + random() % 40, rest.size());
    const std::vector<char> block(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
    rest.remove_prefix(size);
    scanner.feed({block.data(), block.size()});
    drain();
    if (outcome.errors > 0 && outcome.records == 0 && reader.expects_header())
      return outcome;  // header refused
  }
  scanner.finish();
  drain();
  REQUIRE(scanner.position().offset == file.size());
  return outcome;
}

template <class Format>
void fuzz(const Format& format, const std::string& good, std::string_view alphabet) {
  Outcome total;
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const Outcome outcome = read(format, random_file(good, random, alphabet), random);
    total.records += outcome.records;
    total.errors += outcome.errors;
  }
  // Both paths were taken, or the test tests nothing.
  CHECK(total.records > 5000);
  CHECK(total.errors > 5000);
}

Item item(int i) {
  return {.number = i,
          .text = "a \"quoted\"\ntext, é",
          .real = 0.5 * i,
          .flag = i % 2 == 0,
          .at = {978309660000},
          .maybe = i};
}

template <class T>
std::string file_of(const auto& format, const std::vector<T>& records) {
  std::string file = format.header();
  for (const T& record : records) format.append(file, record);
  return file;
}

}  // namespace formats_fuzz

using namespace formats_fuzz;

TEST_CASE("hostile CSV with a header is read or refused") {
  const CsvFormat<Item> format;
  fuzz(format, file_of<Item>(format, {item(1), item(2), item(3)}), "\",\r\n019.-eaT:Z");
}

TEST_CASE("hostile CSV without a header is read or refused") {
  const CsvFormat<Item> format({.header = CsvHeader::None});
  fuzz(format, file_of<Item>(format, {item(1), item(2), item(3)}), "\",\r\n019.-eaT:Z");
}

TEST_CASE("hostile JSON lines are read or refused") {
  const JsonFormat<Tree> format;
  const Tree tree{item(1), {item(2), item(3)}, {{"k", {1, "v"}}}};
  fuzz(format, file_of<Tree>(format, {tree, tree, tree}), "\"\\{}[]:,\r\n 019.-eEnulltrue");
}
