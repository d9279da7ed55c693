#include <doctest/doctest.h>

#include <weir/base/text.hpp>
#include <weir/connectors/format.hpp>

using namespace weir;

namespace {
std::string written(EventTime time, TimeStyle style) {
  std::string out;
  append_time(out, time, style);
  return out;
}
}  // namespace

TEST_CASE("a time is written as ISO 8601 in UTC, or as milliseconds") {
  CHECK(written({978309660000}, TimeStyle::Iso) == "2001-01-01T00:41:00Z");
  CHECK(written({978309660042}, TimeStyle::Iso) == "2001-01-01T00:41:00.042Z");
  CHECK(written({-1}, TimeStyle::Iso) == "1969-12-31T23:59:59.999Z");
  CHECK(written({978309660000}, TimeStyle::Milliseconds) == "978309660000");
}

TEST_CASE("every time reads back, those beyond the years of ISO 8601 included") {
  for (const std::int64_t ms :
       {std::int64_t{0}, std::int64_t{-62'167'219'200'000}, std::int64_t{-62'167'219'200'001},
        std::int64_t{253'402'300'799'999}, std::int64_t{253'402'300'800'000}, EventTime::min().ms,
        EventTime::max().ms}) {
    CAPTURE(ms);
    CHECK(parse_event_time(written({ms}, TimeStyle::Iso)) == EventTime{ms});
    CHECK(parse_event_time(written({ms}, TimeStyle::Milliseconds)) == EventTime{ms});
  }
}

TEST_CASE("an error names file, line and column, counting the lines within the row") {
  const Row row{.text = "a,\"b\nc\",d", .begin = {.offset = 100, .line = 7}};
  CHECK(format_error("f.csv", row, 0, "wrong").message == "f.csv:7:1: wrong");
  CHECK(format_error("f.csv", row, 4, "wrong").message == "f.csv:7:5: wrong");
  const FormatError error = format_error("f.csv", row, 8, "wrong");
  CHECK(error.message == "f.csv:8:4: wrong");
  CHECK(error.line == 8);
  CHECK(error.column == 4);
}

TEST_CASE("an excerpt is one short printable line") {
  CHECK(quoted_excerpt("abc") == "'abc'");
  CHECK(quoted_excerpt(std::string_view("a\n\0b", 4)) == "'a\\x0a\\x00b'");
  CHECK(quoted_excerpt(std::string(50, 'x')) == "'" + std::string(40, 'x') + "...'");
}
