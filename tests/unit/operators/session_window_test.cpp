// Session windows.
#include <doctest/doctest.h>

#include "support/task_harness.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

using Pair = std::pair<std::string, std::int64_t>;
using Summed = WindowResult<std::string, std::int64_t>;

OperatorFactory sums(Duration gap, Duration lateness = Duration(0)) {
  return operator_of<Pair>([=](auto pairs) {
    return pairs.key_by(&Pair::first).window(session(gap), {.allowed_lateness = lateness}).sum("sum", &Pair::second);
  });
}

Timed<Summed> row(std::string key, std::int64_t start, std::int64_t end, std::int64_t sum) {
  return {{std::move(key), {start}, {end}, sum}, end - 1};
}

}  // namespace

TEST_CASE("a session ends a gap behind its last record") {
  TaskHarness task(sums(Duration(10)));
  task.push<Pair>({{{"a", 1}, 0}, {{"a", 2}, 9}, {{"b", 4}, 3}});
  task.watermark(12);
  CHECK(task.take<Summed>() == Rows<Summed>{row("b", 3, 13, 4)});
  task.watermark(18);
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 19, 3)});
}

TEST_CASE("sessions that end at one watermark fire in order of their ends, also those that have grown") {
  TaskHarness task(sums(Duration(10)));
  task.push<Pair>({{{"a", 1}, 0}, {{"b", 4}, 3}, {{"a", 2}, 9}});
  task.watermark(100);
  CHECK(task.take<Summed>() == Rows<Summed>{row("b", 3, 13, 4), row("a", 0, 19, 3)});
}

TEST_CASE("sessions that touch are one") {
  TaskHarness task(sums(Duration(10)));
  task.push<Pair>({{{"a", 1}, 0}, {{"a", 2}, 10}, {{"a", 4}, 21}});
  task.end_of_input();
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 20, 3), row("a", 21, 31, 4)});
}

TEST_CASE("a record between two sessions joins them") {
  TaskHarness task(sums(Duration(10)));
  task.push<Pair>({{{"a", 1}, 0}, {{"a", 2}, 18}, {{"a", 4}, 9}});
  task.end_of_input();
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 28, 7)});
}

TEST_CASE("a late record is taken when it touches a session that is not over") {
  TaskHarness task(sums(Duration(10)), {.ports = 2});
  task.push<Pair>({{{"a", 1}, 8}});
  task.watermark(12);
  task.push<Pair>({{{"a", 2}, 0}, {{"b", 4}, 0}});
  CHECK(task.take<Pair>(1) == rows<Pair>({{{"b", 4}, 0}}));
  task.end_of_input();
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 18, 3)});
}

TEST_CASE("within the lateness a session that has fired grows and fires again") {
  TaskHarness task(sums(Duration(10), Duration(20)));
  task.push<Pair>({{{"a", 1}, 0}});
  task.watermark(15);
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 10, 1)});
  task.push<Pair>({{{"a", 2}, 4}});
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 14, 3)});
  task.push<Pair>({{{"a", 4}, 14}});  // its end is not over yet
  CHECK(task.take<Summed>().empty());
  task.watermark(23);
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 24, 7)});
}

TEST_CASE("the gap may depend on the record") {
  TaskHarness task(operator_of<Pair>([](auto pairs) {
    return pairs.key_by(&Pair::first).window(session([](const Pair& pair) { return Duration(pair.second); })).count("n");
  }));
  task.push<Pair>({{{"a", 5}, 0}, {{"a", 1}, 5}, {{"a", 1}, 7}});
  task.watermark(8);
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 6, 2), row("a", 7, 8, 1)});
  CHECK_THROWS_WITH_AS(task.push<Pair>({{{"a", 0}, 9}}), "session: the gap must be positive: 0ms", Failure);
}

TEST_CASE("sessions survive a restore") {
  TaskHarness before(sums(Duration(10)));
  before.push<Pair>({{{"a", 1}, 0}, {{"a", 2}, 30}});
  before.watermark(5);
  const Snapshot stored = before.snapshot();
  TaskHarness after(sums(Duration(10)), {}, {&stored});
  after.push<Pair>({{{"a", 4}, 10}, {{"a", 8}, 41}});
  after.end_of_input();
  CHECK(after.take<Summed>() == Rows<Summed>{row("a", 0, 20, 5), row("a", 30, 40, 2), row("a", 41, 51, 8)});
}
