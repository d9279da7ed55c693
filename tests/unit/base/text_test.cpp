// Durations, sizes and times as people write them.
#include <doctest/doctest.h>

#include <random>

#include <weir/base/text.hpp>

using namespace weir;

TEST_CASE("durations are read strictly") {
  CHECK(parse_duration("250ms").or_throw() == Duration(250));
  CHECK(parse_duration("10s").or_throw() == Duration(10'000));
  CHECK(parse_duration("5min").or_throw() == Duration(300'000));
  CHECK(parse_duration("5m").or_throw() == Duration(300'000));
  CHECK(parse_duration("2h").or_throw() == Duration(7'200'000));
  CHECK(parse_duration("7d").or_throw() == Duration(604'800'000));
  CHECK(parse_duration("0").or_throw() == Duration(0));
  for (const char* bad : {"", "10", "s", "-1s", "1.5s", "10 s", "10x", "1s2s", "99999999999999999999s", "9223372036854775807d"}) {
    CAPTURE(bad);
    CHECK(!parse_duration(bad));
  }
  CHECK(parse_duration("10x").error().message == "'10x' is not a duration; write 250ms, 10s, 5min, 2h or 7d");
}

TEST_CASE("a duration's text reads back as the duration") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    const Duration duration(static_cast<std::int64_t>(random() % 4'000'000'000) * (i % 3 == 0 ? 1000 : 1));
    CHECK(parse_duration(to_text(duration)).or_throw() == duration);
  }
  CHECK(to_text(Duration(90'000)) == "90s");
  CHECK(to_text(Duration(3'600'000)) == "1h");
  CHECK(to_text(Duration(0)) == "0s");
}

TEST_CASE("sizes are read strictly") {
  CHECK(parse_bytes("512").or_throw() == 512);
  CHECK(parse_bytes("64KiB").or_throw() == 65536);
  CHECK(parse_bytes("3MB").or_throw() == 3'000'000);
  CHECK(parse_bytes("1GiB").or_throw() == 1073741824);
  for (const char* bad : {"", "KiB", "-1", "1.5MiB", "1 KiB", "1kib", "99999999999GiB"}) {
    CAPTURE(bad);
    CHECK(!parse_bytes(bad));
  }
}

TEST_CASE("sizes are written in a unit that suits them") {
  CHECK(bytes_text(0) == "0 bytes");
  CHECK(bytes_text(512) == "512 bytes");
  CHECK(bytes_text(200'000) == "195.3 KiB");
  CHECK(bytes_text(64 << 20) == "64 MiB");
  CHECK(bytes_text(3'000'000'000) == "2.8 GiB");
  CHECK(bytes_text(1ULL << 60) == "1048576 TiB");
}

TEST_CASE("event times are read as ISO 8601 in UTC or as milliseconds") {
  CHECK(parse_event_time("2001-01-01") == EventTime{978307200000});
  CHECK(parse_event_time("2001-01-01T00:47") == EventTime{978310020000});
  CHECK(parse_event_time("2001-01-01 00:47:01Z") == EventTime{978310021000});
  CHECK(parse_event_time("2001-01-01T00:47:01.25") == EventTime{978310021250});
  CHECK(parse_event_time("1969-12-31T23:59:59.999Z") == EventTime{-1});
  CHECK(parse_event_time("2001-01-01T02:47:00+02:00") == EventTime{978310020000});
  CHECK(parse_event_time("2000-12-31 17:17:00.5-0730") == EventTime{978310020500});
  CHECK(parse_event_time("2001-01-01T01:47+01") == EventTime{978310020000});
  CHECK(parse_event_time("-5") == EventTime{-5});
  CHECK(parse_event_time("20240101") == EventTime{20'240'101});
  for (const char* bad : {"", "2001-02-29", "2001-13-01", "2001-01-01T24:00", "2001-01-01T00:60", "2001-01-01T", "2001-01-01T00:00:00.",
                          "2001-01-01x", "2001-01-01+01", "2001-01-01T00:00+1", "2001-01-01T00:00+24:00", "2001-01-01T00:00+01:", "1e3", "2001-1-1"}) {
    CAPTURE(bad);
    CHECK(!parse_event_time(bad));
  }
}

TEST_CASE("an event time's text reads back as the time") {
  std::mt19937_64 random(2);
  for (int i = 0; i < 5000; ++i) {
    const EventTime time{static_cast<std::int64_t>(random() % 8'000'000'000'000) - 2'000'000'000'000};
    CHECK(parse_event_time(to_text(time)) == time);
  }
  CHECK(to_text(EventTime{978310020000}) == "2001-01-01T00:47:00Z");
  CHECK(to_text(EventTime{978310020007}) == "2001-01-01T00:47:00.007Z");
  CHECK(to_text(EventTime{-62'167'219'200'000}) == "0000-01-01T00:00:00Z");
  CHECK(to_text(EventTime{-1}) == "1969-12-31T23:59:59.999Z");
  CHECK(to_text(EventTime{253'402'300'800'000}) == "253402300800000");
  CHECK(to_text(EventTime::max()) == "end of time");
}

TEST_CASE("the ends of time stay the ends of time") {
  CHECK(EventTime::max() + Duration(1) == EventTime::max());
  CHECK(EventTime::min() - Duration(1) == EventTime::min());
  CHECK(EventTime{5} - Duration(6) == EventTime{-1});
}
