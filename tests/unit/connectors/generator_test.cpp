#include <doctest/doctest.h>

#include <limits>

#include "support/task_harness.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

OperatorFactory factory(Generate<std::int64_t> source) {
  return [source] { return std::make_unique<ReadSource<std::int64_t>>(source.make()); };
}

std::vector<std::int64_t> numbers(TaskHarness& task) {
  std::vector<std::int64_t> all;
  for (const auto& row : task.take<std::int64_t>()) all.push_back(row.record);
  std::sort(all.begin(), all.end());
  return all;
}

const auto kNumber = [](std::int64_t n) { return n; };

}  // namespace

TEST_CASE("the splits of a generator together make every number once") {
  for (const std::int64_t count : {0, 1, 2, 3, 10}) {
    TaskHarness task(factory({.record = kNumber, .count = count, .splits = 3}));
    task.run();
    const auto made = numbers(task);
    CHECK(static_cast<std::int64_t>(made.size()) == count);
    for (std::size_t i = 0; i < made.size(); ++i) CHECK(made[i] == static_cast<std::int64_t>(i));
    CHECK(task.finished());
  }
}

TEST_CASE("a generator goes on where the checkpoint was taken") {
  const Generate<std::int64_t> source{.record = kNumber, .count = 50, .splits = 2};
  TaskHarness task(factory(source), {.batch_records = 7});
  task.step(3);
  auto all = numbers(task);
  const Snapshot stored = task.snapshot();
  TaskHarness restored(factory(source), {.batch_records = 7}, {&stored});
  restored.run();
  for (const std::int64_t number : numbers(restored)) all.push_back(number);
  std::sort(all.begin(), all.end());
  REQUIRE(all.size() == 50);
  CHECK(all.front() == 0);
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

TEST_CASE("records come at the rate asked for and carry the moment they were due") {
  TaskHarness task(factory({.record = kNumber, .count = 10, .records_per_second = 4}),
                   {.now_ms = 1000});
  task.run();
  CHECK(task.take<std::int64_t>() == rows<std::int64_t>({{0, 1000}}));
  task.advance(Duration(249));
  CHECK(task.take<std::int64_t>().empty());
  task.advance(Duration(1));
  CHECK(task.take<std::int64_t>() == rows<std::int64_t>({{1, 1250}}));
  task.advance(Duration(1000));
  CHECK(task.take<std::int64_t>() ==
        rows<std::int64_t>({{2, 1500}, {3, 1750}, {4, 2000}, {5, 2250}}));
}

TEST_CASE("a world that does not wait: what was due while the job was down comes at once, with the times it always had") {
  const Generate<std::int64_t> source{.record = kNumber, .count = 8, .records_per_second = 4, .first_due = ProcessingTime{1000}, .splits = 2};
  TaskHarness task(factory(source), {.now_ms = 1600});
  task.run();
  CHECK(task.take<std::int64_t>() == rows<std::int64_t>({{0, 1000}, {2, 1500}, {1, 1000}, {3, 1500}}));
  const Snapshot stored = task.snapshot();
  TaskHarness restored(factory(source), {.now_ms = 9000}, {&stored});
  restored.run();
  CHECK(restored.take<std::int64_t>() == rows<std::int64_t>({{4, 2000}, {6, 2500}, {5, 2000}, {7, 2500}}));
  CHECK(restored.finished());
}

TEST_CASE("after a stall what is overdue comes at once, with the times of the schedule") {
  EmissionSchedule schedule(1000, {5000});
  CHECK(schedule.due_by({4999}) == 0);
  CHECK(schedule.due_by({5000}) == 1);
  CHECK(schedule.due_by({6000}) == 1001);
  CHECK(schedule.due(250) == std::chrono::milliseconds(5250));
  CHECK(EmissionSchedule(1'000'000, {0}).due(1) == std::chrono::nanoseconds(1000));
  CHECK(schedule.wait_for(3, {5001}) == Duration(2));
  CHECK(schedule.wait_for(3, {5009}) == Duration(1));
}

TEST_CASE("a rate may be as high and as low as numbers go") {
  const EmissionSchedule fast(1e300, {5000});
  CHECK(fast.due_by({5001}) > 1'000'000'000);
  CHECK(fast.due(1'000'000) == std::chrono::milliseconds(5000));
  const EmissionSchedule slow(1e-300, {5000});
  CHECK(slow.due_by({1'000'000'000}) == 1);
  CHECK(slow.wait_for(1, {5000}) > Duration(1'000'000'000));
}

TEST_CASE("a scheduled record gets its moment to the nanosecond") {
  Generate<std::int64_t> source;
  source.scheduled_record = [](std::int64_t, std::chrono::nanoseconds due) { return due.count(); };
  source.count = 3;
  source.records_per_second = 3000;
  TaskHarness task(factory(source), {.now_ms = 7});
  task.run();
  task.advance(Duration(1));
  CHECK(numbers(task) == std::vector<std::int64_t>{7'000'000, 7'333'333, 7'666'666});
}

TEST_CASE("a generator without a function or with nonsense is refused") {
  CHECK_THROWS_WITH_AS(Generate<std::int64_t>{}.make(),
                       doctest::Contains("needs either a record function"), Failure);
  CHECK_THROWS_WITH_AS((Generate<std::int64_t>{.record = kNumber, .splits = 0}.make()),
                       doctest::Contains("at least 1 split"), Failure);
  CHECK_THROWS_WITH_AS((Generate<std::int64_t>{.record = kNumber, .records_per_second = -1}.make()),
                       doctest::Contains("cannot be negative"), Failure);
  for (const double rate : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_WITH_AS((Generate<std::int64_t>{.record = kNumber, .records_per_second = rate}.make()),
                         doctest::Contains("must be a finite number"), Failure);
  }
}
