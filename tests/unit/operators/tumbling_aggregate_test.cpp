// Tumbling event-time windows with an aggregate.
#include <doctest/doctest.h>

#include "support/task_harness.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

using Pair = std::pair<std::string, std::int64_t>;
using Summed = WindowResult<std::string, std::int64_t>;

OperatorFactory sums(Duration size, Duration lateness = Duration(0), Duration offset = Duration(0)) {
  return operator_of<Pair>([=](auto pairs) {
    return pairs.key_by(&Pair::first).window(tumbling(size, {offset}), {.allowed_lateness = lateness}).sum("sum", &Pair::second);
  });
}

Timed<Summed> row(std::string key, std::int64_t start, std::int64_t end, std::int64_t sum) {
  return {{std::move(key), {start}, {end}, sum}, end - 1};
}

}  // namespace

TEST_CASE("a tumbling window contains its start and not its end") {
  TaskHarness task(sums(Duration(10)));
  task.push<Pair>({{{"a", 1}, 0}, {{"a", 2}, 9}, {{"a", 4}, 10}, {{"a", 8}, -1}});
  task.watermark(19);
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", -10, 0, 8), row("a", 0, 10, 3), row("a", 10, 20, 4)});
}

TEST_CASE("a tumbling window fires when the watermark reaches its last instant") {
  TaskHarness task(sums(Duration(10)));
  task.push<Pair>({{{"a", 1}, 0}});
  task.watermark(8);
  CHECK(task.take<Summed>().empty());
  task.watermark(9);
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 10, 1)});
  task.end_of_input();
  CHECK(task.take<Summed>().empty());
}
