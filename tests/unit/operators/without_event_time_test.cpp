// Windows of event time over records that have none are refused while the pipeline is built; nothing else is.
#include <doctest/doctest.h>

#include <weir/weir.hpp>

using namespace weir;

namespace without_event_time_test {

struct Reading {
  std::string host;
  double cpu = 0;
  EventTime at;
};
WEIR_RECORD(Reading, host, cpu, at);

Stream<Reading> readings(Pipeline& pipeline, const std::string& name = "readings") {
  return pipeline.source(name, collection(std::vector<Reading>{}));
}

/// Brings its own times, perhaps: it does not say that it has none.
struct Queue : Collection<Reading> {
  static constexpr bool has_event_time = true;
};

template <class Build>
std::string refusal(Build build) {
  Pipeline pipeline("test");
  try {
    build(pipeline);
  } catch (const Failure& failure) {
    return failure.what();
  }
  return {};
}

const auto pass = [](const Reading& reading) { return reading; };
const auto by_host = [](const Stream<Reading>& stream) { return stream.key_by(&Reading::host); };

}  // namespace without_event_time_test

using namespace without_event_time_test;

TEST_CASE("a window over records without event time is refused, with the operation, the source and what to write") {
  CHECK(refusal([](Pipeline& p) { by_host(readings(p).map(pass)).window(tumbling(1min)).aggregate("cpu", mean(&Reading::cpu)); }) ==
        "aggregate 'cpu' in windows goes by event time, which the records of 'readings' have not; behind that source, say what "
        "their time is: .event_time(&T::time, {.out_of_orderness = 5s})");
  CHECK_FALSE(refusal([](Pipeline& p) { by_host(readings(p)).window(session(1min)).count("count"); }).empty());
  CHECK_FALSE(refusal([](Pipeline& p) { readings(p).merge(readings(p, "more")).window_all(sliding(1h, 1min)).count("count"); }).empty());
}

TEST_CASE("joins by event time are refused when either side has none, and told which") {
  const auto join = [](const Reading& left, const Reading&) { return left; };
  const auto timed = [](Pipeline& p) { return readings(p, "timed").event_time(&Reading::at, {}); };
  const auto windows = [&](Pipeline& p) { by_host(timed(p)).window_join("join", by_host(readings(p)), tumbling(1min), JoinKind::Inner, join); };
  CHECK(refusal(windows).starts_with("window_join 'join' goes by event time, which the records of 'readings' have not;"));
  const auto interval = [&](Pipeline& p) {
    by_host(readings(p)).interval_join("join", by_host(timed(p)), Interval{0s, 1s}, JoinKind::Inner, join);
  };
  CHECK(refusal(interval).starts_with("interval_join 'join' goes by event time, which the records of 'readings' have not;"));
}

TEST_CASE("windows are taken wherever records may have an event time") {
  const auto windowed = [](const Stream<Reading>& stream) { by_host(stream).window(tumbling(1min)).count("windowed"); };
  CHECK(refusal([&](Pipeline& p) { windowed(readings(p).event_time(&Reading::at, {}).map(pass)); }).empty());
  CHECK(refusal([&](Pipeline& p) { windowed(p.source("queue", Queue{collection(std::vector<Reading>{})})); }).empty());
  CHECK(refusal([&](Pipeline& p) {
    windowed(p.source("generated", Generate<Reading>{.record = [](std::int64_t) { return Reading(); }, .records_per_second = 10}));
  }).empty());
  CHECK(refusal([&](Pipeline& p) { windowed(readings(p).merge(readings(p, "timed").event_time(&Reading::at, {}))); }).empty());
  CHECK(refusal([&](Pipeline& p) {
    windowed(readings(p).connect(readings(p, "timed").event_time(&Reading::at, {})).map(pass, pass));
  }).empty());
  CHECK(refusal([&](Pipeline& p) {
    const auto looped = readings(p).event_time(&Reading::at, {}).iterate("loop", [](Stream<Reading> loop) {
      const auto [again, done] = loop.split([](const Reading& reading) { return reading.cpu > 1; });
      return Loop{again, done};
    });
    windowed(looped);
  }).empty());
}

TEST_CASE("windows that do not go by event time need none, and results of the clock's windows have one") {
  CHECK(refusal([](Pipeline& p) { by_host(readings(p)).window(count_window(10)).count("tens"); }).empty());
  CHECK(refusal([](Pipeline& p) { by_host(readings(p)).window(global_window()).trigger(after_count(2)).count("pairs"); }).empty());
  CHECK(refusal([](Pipeline& p) {
    by_host(readings(p)).window(tumbling_processing(1s)).count("now").window_all(tumbling(1min)).count("then");
  }).empty());
}
