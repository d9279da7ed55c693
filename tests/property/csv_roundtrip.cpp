// Invariant: records written as CSV, cut into blocks anywhere and read again are the same records, whatever
// their text holds, for every delimiter, header and time style.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include <weir/connectors/csv_format.hpp>

using namespace weir;

namespace csv_roundtrip {

enum class Grade : std::int16_t {};

struct Row {
  std::string first;
  std::int32_t number = 0;
  std::optional<std::string> second;
  double real = 0;
  float narrow = 0;
  bool flag = false;
  EventTime at;
  std::optional<std::uint64_t> large;
  Grade grade{};
  std::string last;
  friend bool operator==(const Row&, const Row&) = default;
};
WEIR_RECORD(Row, first, number, second, real, narrow, flag, at, large, grade, last);

/// Text made of what CSV treats specially, and of any bytes.
rc::Gen<std::string> any_text() {
  const auto special = rc::gen::container<std::string>(
      rc::gen::element('"', ',', ';', '\n', '\r', '\t', ' ', 'a', '\xEF', '\xBB', '\xBF', '\0'));
  return rc::gen::oneOf(special, rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
}

rc::Gen<Row> any_row() {
  return rc::gen::build<Row>(
      rc::gen::set(&Row::first, any_text()), rc::gen::set(&Row::number),
      rc::gen::set(&Row::second,
                   rc::gen::oneOf(rc::gen::just(std::optional<std::string>()),
                                  rc::gen::cast<std::optional<std::string>>(any_text()))),
      rc::gen::set(&Row::real), rc::gen::set(&Row::narrow), rc::gen::set(&Row::flag),
      rc::gen::set(&Row::at, rc::gen::map(rc::gen::arbitrary<std::int64_t>(),
                                          [](std::int64_t ms) { return EventTime{ms}; })),
      rc::gen::set(&Row::large, rc::gen::map(rc::gen::arbitrary<std::uint64_t>(),
                                             [](std::uint64_t number) {
                                               return number % 3 == 0 ? std::nullopt
                                                                      : std::optional(number);
                                             })),
      rc::gen::set(&Row::grade, rc::gen::map(rc::gen::arbitrary<std::int16_t>(),
                                             [](std::int16_t g) { return Grade{g}; })),
      rc::gen::set(&Row::last, any_text()));
}

std::vector<Row> read(const CsvFormat<Row>& format, std::string_view file,
                      std::size_t block_bytes) {
  auto scanner = format.scanner();
  auto reader = format.reader("rows.csv");
  std::vector<Row> rows;
  bool header = reader.expects_header();
  const auto drain = [&] {
    while (const auto row = scanner.next()) {
      if (std::exchange(header, false)) {
        RC_ASSERT(!reader.bind(*row).has_value());
        continue;
      }
      auto parsed = reader.parse(*row);
      if (!parsed) RC_FAIL(parsed.error().message);
      rows.push_back(*std::move(parsed));
    }
  };
  for (; !file.empty(); file.remove_prefix(std::min(block_bytes, file.size()))) {
    scanner.feed(file.substr(0, block_bytes));
    drain();
  }
  scanner.finish();
  drain();
  return rows;
}

}  // namespace csv_roundtrip

TEST_CASE("records written as CSV come back, whatever they hold and however the file is cut") {
  using namespace csv_roundtrip;
  CHECK(rc::check([] {
    const auto rows = *rc::gen::container<std::vector<csv_roundtrip::Row>>(any_row());
    const CsvFormat<csv_roundtrip::Row> format(
        {.delimiter = *rc::gen::element(',', ';', '\t', '|'),
         .header = *rc::gen::element(CsvHeader::Present, CsvHeader::None),
         .times = *rc::gen::element(TimeStyle::Iso, TimeStyle::Milliseconds)});
    std::string file = format.header();
    for (const auto& row : rows) format.append(file, row);
    RC_ASSERT(read(format, file, *rc::gen::inRange<std::size_t>(1, 64)) == rows);
  }));
}
