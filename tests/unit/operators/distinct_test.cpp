#include <weir/operators/distinct.hpp>

#include <doctest/doctest.h>

#include "support/task_group.hpp"

namespace weir::testing {
namespace {

using namespace std::chrono_literals;
using Order = std::pair<std::string, int>;

OperatorFactory deduplicate(Keep keep, StateOptions options = {}) {
  return operator_of<Order>([&](auto orders) { return orders.key_by(&Order::first).deduplicate("once", keep, options); });
}

TEST_CASE("only the first record of a key passes") {
  TaskHarness task(operator_of<Order>([](auto orders) { return orders.key_by(&Order::first).distinct("once"); }));
  task.push<Order>({{{"a", 1}, 10}, {{"b", 2}, 20}, {{"a", 3}, 5}, {{"a", 4}, 30}});
  task.push<Order>({{{"b", 5}, 1}, {{"c", 6}, 2}});
  CHECK(task.take<Order>() == rows<Order>({{{"a", 1}, 10}, {{"b", 2}, 20}, {{"c", 6}, 2}}));
}

TEST_CASE("keeping the last passes every record that is not older than those before it") {
  TaskHarness task(deduplicate(Keep::Last));
  task.push<Order>({{{"a", 1}, 10}, {{"a", 2}, 9}, {{"a", 3}, 10}, {{"b", 4}, 1}, {{"a", 5}, 11}});
  CHECK(task.take<Order>() == rows<Order>({{{"a", 1}, 10}, {{"a", 3}, 10}, {{"b", 4}, 1}, {{"a", 5}, 11}}));
}

TEST_CASE("a key is forgotten after its time to live") {
  for (const Refresh refresh : {Refresh::OnWrite, Refresh::OnReadAndWrite}) {
    TaskHarness task(deduplicate(Keep::First, {.time_to_live = 10s, .refresh = refresh}));
    task.push<Order>({{{"a", 1}, 1}});
    task.advance(6s);
    task.push<Order>({{{"a", 2}, 2}});
    task.advance(6s);
    task.push<Order>({{{"a", 3}, 3}});
    CHECK(task.take<Order>().size() == (refresh == Refresh::OnWrite ? 2 : 1));
    task.advance(10s);
    CHECK(task.snapshot().rows() == 0);
  }
}

TEST_CASE("forgotten keys leave the state while others come in") {
  TaskHarness task(deduplicate(Keep::First, {.time_to_live = 10s}));
  for (int i = 0; i < 1000; ++i) {
    task.push<Order>({{{"key" + std::to_string(i), i}, 1}});
    task.advance(100ms);
  }
  CHECK(task.take<Order>().size() == 1000);
  CHECK(task.task().state_bytes() < 1500 * sizeof(std::pair<std::string, Kept<EventTime>>) + 20000);
}

TEST_CASE("nothing passes twice through checkpoints and restores at other parallelisms") {
  for (const Keep keep : {Keep::First, Keep::Last}) {
    const auto run = [&](std::optional<std::uint32_t> seed) {
      return play<Order>(deduplicate(keep), 200, {}, seed, [](TaskGroup& group, std::size_t i) {
        group.push<Order>({"key" + std::to_string(i * 7 % 31), static_cast<int>(i)}, static_cast<std::int64_t>(i * 13 % 50), &Order::first);
      });
    };
    const auto expected = run(std::nullopt);
    CHECK(expected.size() >= 31);
    for (std::uint32_t seed = 1; seed <= 10; ++seed) {
      INFO("seed ", seed);
      CHECK(run(seed) == expected);
    }
  }
}

}  // namespace
}  // namespace weir::testing
