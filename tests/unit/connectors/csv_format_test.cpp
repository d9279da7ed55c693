#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <weir/connectors/csv_format.hpp>

using namespace weir;

namespace csv_format_test {

enum class Status : std::uint8_t { on_time = 0, late = 1, cancelled = 7 };

struct Flight {
  EventTime departure;
  std::string origin;
  std::int32_t delay_minutes = 0;
  friend bool operator==(const Flight&, const Flight&) = default;
};
WEIR_RECORD(Flight, departure, origin, delay_minutes);

struct Everything {
  bool flag = false;
  std::int8_t small = 0;
  std::uint64_t large = 0;
  char letter = 0;
  float narrow = 0;
  double wide = 0;
  Status status{};
  EventTime at;
  std::string text;
  std::optional<std::int32_t> maybe_number;
  std::optional<bool> maybe_flag;
  std::optional<std::string> maybe_text;
  friend bool operator==(const Everything&, const Everything&) = default;
};
WEIR_RECORD(Everything, flag, small, large, letter, narrow, wide, status, at, text, maybe_number,
            maybe_flag, maybe_text);

struct Timeout {
  Duration after = 10min;
  std::optional<Duration> pause;
  friend bool operator==(const Timeout&, const Timeout&) = default;
};
WEIR_RECORD(Timeout, after, pause);

struct Single {
  std::string text;
};
WEIR_RECORD(Single, text);

struct Listed {
  std::vector<int> numbers;
};
WEIR_RECORD(Listed, numbers);

struct Nested {
  Flight flight;
};
WEIR_RECORD(Nested, flight);

struct TwiceOptional {
  std::optional<std::optional<int>> number;
};
WEIR_RECORD(TwiceOptional, number);

static_assert(Format<CsvFormat<Flight>, Flight>);
static_assert(detail::has_only_csv_fields<Everything>());
static_assert(!detail::has_only_csv_fields<Listed>());
static_assert(!detail::has_only_csv_fields<Nested>());
static_assert(!detail::has_only_csv_fields<TwiceOptional>());
static_assert(!detail::has_only_csv_fields<Nothing>());

/// The records of a file, or the messages of what is wrong with it; reading goes on after a bad row.
template <class T>
struct Reading {
  std::vector<T> records;
  std::vector<std::string> errors;
};

template <class T>
Reading<T> read(std::string_view file, const CsvOptions& options = {}) {
  const CsvFormat<T> format(options);
  auto scanner = format.scanner();
  auto reader = format.reader("flights.csv");
  Reading<T> result;
  scanner.feed(file);
  const auto take = [&](const Row& row, bool is_header) {
    if (is_header) {
      if (const auto error = reader.bind(row)) result.errors.push_back(error->message);
    } else if (auto parsed = reader.parse(row)) {
      result.records.push_back(*std::move(parsed));
    } else {
      result.errors.push_back(parsed.error().message);
    }
  };
  bool header = reader.expects_header();
  while (const auto row = scanner.next()) take(*row, std::exchange(header, false));
  scanner.finish();
  while (const auto row = scanner.next()) take(*row, std::exchange(header, false));
  return result;
}

template <class T>
std::string only_error(std::string_view file, const CsvOptions& options = {}) {
  const auto reading = read<T>(file, options);
  REQUIRE(reading.errors.size() == 1);
  return reading.errors.front();
}

template <class T>
std::string write(const std::vector<T>& records, const CsvOptions& options = {}) {
  const CsvFormat<T> format(options);
  std::string file = format.header();
  for (const T& record : records) format.append(file, record);
  return file;
}

Everything sample() {
  return {.flag = true,
          .small = -128,
          .large = std::numeric_limits<std::uint64_t>::max(),
          .letter = 'x',
          .narrow = 0.1F,
          .wide = 1e22,
          .status = Status::cancelled,
          .at = {978309660000},
          .text = "said \"no\",\r\nthen left",
          .maybe_number = -5,
          .maybe_flag = false,
          .maybe_text = ""};
}

constexpr std::string_view kHeader = "departure,origin,delay_minutes\n";

}  // namespace csv_format_test

using namespace csv_format_test;

TEST_CASE("a CSV row becomes a record") {
  const auto reading = read<Flight>(
      "departure,origin,delay_minutes\n2001-01-01T00:41:00Z,DTW,66\n978309660000,,-3\n");
  CHECK(reading.errors.empty());
  REQUIRE(reading.records.size() == 2);
  CHECK(reading.records[0] == Flight{{978309660000}, "DTW", 66});
  CHECK(reading.records[1] == Flight{{978309660000}, "", -3});
}

TEST_CASE("columns are bound by name in any order and those without a field are ignored") {
  const auto reading =
      read<Flight>("x,delay_minutes,\"origin\",departure,y\n\"a,\"\"b\",66,DTW,1,\n");
  CHECK(reading.errors.empty());
  REQUIRE(reading.records.size() == 1);
  CHECK(reading.records[0] == Flight{{1}, "DTW", 66});
}

TEST_CASE("without a header columns go by position") {
  const auto reading = read<Flight>("1,DTW,66\n2,LAS,7", {.header = CsvHeader::None});
  REQUIRE(reading.records.size() == 2);
  CHECK(reading.records[1] == Flight{{2}, "LAS", 7});
}

TEST_CASE("records of every kind of field come back as they were written") {
  std::vector<Everything> records{sample(), Everything{}};
  records[1].maybe_text = std::nullopt;
  for (const char delimiter : {',', ';', '\t', '|'}) {
    for (const TimeStyle times : {TimeStyle::Iso, TimeStyle::Milliseconds}) {
      for (const CsvHeader header : {CsvHeader::Present, CsvHeader::None}) {
        const CsvOptions options{.delimiter = delimiter, .header = header, .times = times};
        const auto reading = read<Everything>(write(records, options), options);
        CHECK(reading.errors.empty());
        CHECK(reading.records == records);
      }
    }
  }
}

TEST_CASE("CSV is written plainly, quoted only where needed") {
  CHECK(write<Everything>({sample()}) ==
        "flag,small,large,letter,narrow,wide,status,at,text,maybe_number,maybe_flag,maybe_text\n"
        "true,-128,18446744073709551615,120,0.1,1e+22,7,2001-01-01T00:41:00Z,"
        "\"said \"\"no\"\",\r\nthen left\",-5,false,\"\"\n");
  CHECK(
      write<Flight>({{{978309660042}, "a b", 1}}, {.delimiter = ';', .header = CsvHeader::None}) ==
      "2001-01-01T00:41:00.042Z;a b;1\n");
  CHECK(write<Flight>({{{42}, "a,b", 1}}, {.delimiter = ';', .times = TimeStyle::Milliseconds}) ==
        "departure;origin;delay_minutes\n42;a,b;1\n");
}

TEST_CASE("durations have a unit or are milliseconds, as which they are written") {
  CHECK(read<Timeout>("after,pause\n90s,250ms\n-5,\n0,2h\n").records ==
        std::vector<Timeout>{{90s, 250ms}, {-5ms, std::nullopt}, {0s, 2h}});
  CHECK(write<Timeout>({{90s, 250ms}, {}}) == "after,pause\n90000,250\n600000,\n");
  CHECK(only_error<Timeout>("after\n10 minutes\n") ==
        "flights.csv:2:1: '10 minutes' is not a duration like 10s or 5min, or milliseconds for field 'after' (duration)");
}

TEST_CASE("a record of one empty text is not a blank line") {
  CHECK(write<Single>({{""}, {"\xEF\xBB\xBFmark"}}, {.header = CsvHeader::None}) ==
        "\"\"\n\"\xEF\xBB\xBFmark\"\n");
  CHECK(read<Single>("\"\"\n", {.header = CsvHeader::None}).records.size() == 1);
  CHECK(read<Single>("\"\xEF\xBB\xBFmark\"\n", {.header = CsvHeader::None}).records.at(0).text ==
        "\xEF\xBB\xBFmark");
}

TEST_CASE("numbers without a value and the ends of their ranges come back") {
  Everything record;
  record.wide = -std::numeric_limits<double>::infinity();
  record.narrow = std::numeric_limits<float>::denorm_min();
  const auto back = read<Everything>(write<Everything>({record})).records.at(0);
  CHECK(back == record);
  record.wide = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(read<Everything>(write<Everything>({record})).records.at(0).wide));
}

TEST_CASE("an empty optional is absent, an empty text in quotes is there") {
  struct Case {
    std::string_view row;
    std::optional<std::string> text;
  };
  for (const auto& [row, text] :
       {Case{"0,0,0,0,0,0,0,0,,,,", std::nullopt}, Case{"0,0,0,0,0,0,0,0,,\"\",\"\",\"\"", ""}}) {
    const auto reading = read<Everything>(row, {.header = CsvHeader::None});
    REQUIRE(reading.records.size() == 1);
    CHECK_FALSE(reading.records[0].maybe_number.has_value());
    CHECK_FALSE(reading.records[0].maybe_flag.has_value());
    CHECK(reading.records[0].maybe_text == text);
  }
}

TEST_CASE("an optional field needs no column") {
  const auto reading =
      read<Everything>("flag,small,large,letter,narrow,wide,status,at,text\n1,0,0,0,0,0,0,0,x\n");
  REQUIRE(reading.records.size() == 1);
  CHECK_FALSE(reading.records[0].maybe_number.has_value());
}

TEST_CASE("a missing column is named, with the header of the file") {
  CHECK(
      only_error<Flight>("departure,from,delay\n") ==
      "flights.csv:1:1: no column for field 'origin' (text); the header is 'departure,from,delay'");
}

TEST_CASE("a column that comes twice is refused") {
  CHECK(only_error<Flight>("departure,origin,delay_minutes,origin\n") ==
        "flights.csv:1:1: column 'origin' appears twice in the header");
}

TEST_CASE("a value that is not of its field's kind is refused with its place") {
  const auto error = [](std::string_view row) {
    return only_error<Flight>(std::string(kHeader) + std::string(row));
  };
  CHECK(error("1,DTW,abc\n") ==
        "flights.csv:2:7: 'abc' is not a number for field 'delay_minutes' (int32)");
  CHECK(error("1,DTW,1.5\n") ==
        "flights.csv:2:7: '1.5' is not an integer for field 'delay_minutes' (int32)");
  CHECK(error("1,DTW, 15\n") ==
        "flights.csv:2:7: ' 15' is not a number for field 'delay_minutes' (int32)");
  CHECK(error("1,DTW,15x\n") ==
        "flights.csv:2:7: '15x' is not a number for field 'delay_minutes' (int32)");
  CHECK(error("1,DTW,3000000000\n") ==
        "flights.csv:2:7: '3000000000' is out of range for field 'delay_minutes' (int32)");
  CHECK(error("1,DTW,\n") ==
        "flights.csv:2:7: no value for field 'delay_minutes' (int32); declare it std::optional to "
        "allow that");
  CHECK(error("\"1\",\"D\n\"\"TW\",abc\n") ==
        "flights.csv:3:7: 'abc' is not a number for field 'delay_minutes' (int32)");
  CHECK(error("yesterday,DTW,1\n") ==
        "flights.csv:2:1: 'yesterday' is not a time like 2001-01-01T00:47:00Z or milliseconds "
        "since 1970 for field "
        "'departure' (time)");
}

TEST_CASE("kinds of optional fields and of scalars other than integers are named too") {
  const auto error = [](std::string_view row) {
    return only_error<Everything>(row, {.header = CsvHeader::None});
  };
  CHECK(error("yes,0,0,0,0,0,0,0,,,,") ==
        "flights.csv:1:1: 'yes' is not true, false, 1 or 0 for field 'flag' (bool)");
  CHECK(error("1,128,0,0,0,0,0,0,,,,") ==
        "flights.csv:1:3: '128' is out of range for field 'small' (int8)");
  CHECK(error("1,0,-1,0,0,0,0,0,,,,") ==
        "flights.csv:1:5: '-1' is not an integer for field 'large' (uint64)");
  CHECK(error("1,0,0,0,1e99,0,0,0,,,,") ==
        "flights.csv:1:9: '1e99' is out of range for field 'narrow' (float32)");
  CHECK(error("1,0,0,0,0,zero,0,0,,,,") ==
        "flights.csv:1:11: 'zero' is not a number for field 'wide' (float64)");
  CHECK(error("1,0,0,0,0,0,0,0,,x,,") ==
        "flights.csv:1:18: 'x' is not a number for field 'maybe_number' (int32)");
}

TEST_CASE("a row of another width is refused") {
  CHECK(only_error<Flight>(std::string(kHeader) + "1,DTW\n") ==
        "flights.csv:2:1: row has 2 columns, the header has 3");
  CHECK(only_error<Flight>(std::string(kHeader) + "1,DTW,2,,\n") ==
        "flights.csv:2:1: row has 5 columns, the header has 3");
  CHECK(only_error<Flight>("1\n", {.header = CsvHeader::None}) ==
        "flights.csv:1:1: row has 1 column, the record has 3 fields");
}

TEST_CASE("broken quotes are refused where they are") {
  CHECK(only_error<Flight>(std::string(kHeader) + "1,\"DTW,2\n3,LAS,4\n") ==
        "flights.csv:2:3: the quote that opens here is never closed");
  CHECK(only_error<Flight>(std::string(kHeader) + "1,\"DTW\"x,2\n") ==
        "flights.csv:2:8: text after a closing quote; a quote inside a quoted field is written "
        "twice");
  CHECK(only_error<Flight>("departure,\"origin\n") ==
        "flights.csv:1:11: the quote that opens here is never closed");
}

TEST_CASE("a row beyond the limit is refused") {
  CHECK(only_error<Flight>(std::string(kHeader) + "1,DTW," + std::string(40, '1') + "\n",
                           {.max_row_bytes = 32}) ==
        "flights.csv:2:1: row is longer than 32 bytes; raise max_row_bytes or close an open quote");
}

TEST_CASE("reading goes on behind a bad row") {
  const auto reading =
      read<Flight>(std::string(kHeader) + "1,DTW,1\n2,DTW,x\n3,\"DTW\"x,3\n4,DTW\n5,DTW,5\n");
  CHECK(reading.errors.size() == 3);
  REQUIRE(reading.records.size() == 2);
  CHECK(reading.records[1].delay_minutes == 5);
}

TEST_CASE("a delimiter that values are made of is refused") {
  CHECK_THROWS_WITH_AS(CsvFormat<Flight>({.delimiter = '"'}),
                       "'\"' cannot be a CSV delimiter; use , ; | or tab", Failure);
  CHECK_THROWS_AS(CsvFormat<Flight>({.delimiter = '\n'}), Failure);
  CHECK_THROWS_AS(CsvFormat<Flight>({.delimiter = '.'}), Failure);
  CHECK_THROWS_AS(CsvFormat<Flight>({.delimiter = '5'}), Failure);
}
