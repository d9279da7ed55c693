// Pipelines that a test runs by itself: pipeline.run() and collect().
#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include <weir/weir.hpp>

using namespace weir;

namespace {

std::vector<std::int64_t> numbers(std::int64_t count) {
  std::vector<std::int64_t> made(static_cast<std::size_t>(count));
  std::iota(made.begin(), made.end(), 0);
  return made;
}

template <class Run>
std::string failure_of(Run run) {
  try {
    run();
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "it did not fail";
}

}  // namespace

TEST_CASE("a pipeline that was run has given all of its records to what collects them") {
  for (const std::uint32_t parallelism : {1U, 3U}) {
    Pipeline pipeline("collect");
    const auto source = pipeline.source("numbers", collection(numbers(10'000), 3));
    const auto [even, odd] = source.split([](const std::int64_t& n) { return n % 2 == 0; });
    const auto evens = collect(even);
    const auto halves = collect(even.map([](std::int64_t n) { return n / 2; }), "halves");
    const auto odds = collect(odd);
    pipeline.run({.parallelism = parallelism, .threads = 2});
    CHECK(evens.records().size() == 5'000);
    CHECK(odds.records().size() == 5'000);
    auto sorted = halves.records();
    std::sort(sorted.begin(), sorted.end());
    CHECK(sorted == numbers(5'000));
  }
}

TEST_CASE("a pipeline that fails throws what its job says") {
  Pipeline pipeline("failing");
  collect(pipeline.source("numbers", collection(numbers(10))).map([](std::int64_t n) {
    if (n == 7) throw Failure("seven is not for us");
    return n;
  }, {.name = "pick"}));
  const std::string message = failure_of([&] { pipeline.run(); });
  CHECK(message.find("operator 'pick' failed") != std::string::npos);
  CHECK(message.find("seven is not for us") != std::string::npos);
}

TEST_CASE("a run that would not end fails when its time is up") {
  Pipeline pipeline("endless");
  collect(pipeline.source("numbers", Generate<std::int64_t>{.record = [](std::int64_t n) { return n; }, .records_per_second = 1}));
  CHECK(failure_of([&] { pipeline.run({.limit = 1ms}); }) ==
        "job 'endless' has not ended within 1ms; give it sources that end, or a longer limit: pipeline.run({.limit = 10min})");
}

TEST_CASE("a pipeline runs once") {
  Pipeline pipeline("once");
  const auto rows = collect(pipeline.source("numbers", collection(numbers(1))));
  pipeline.run();
  CHECK(failure_of([&] { pipeline.run(); }).find("has no source") != std::string::npos);
  CHECK(rows.records() == numbers(1));
}
