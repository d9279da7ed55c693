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
  CHECK(task.take_log<Summed>() == std::vector<std::string>{"{a, 0, 10, 1}@9", "watermark 9"});
  task.end_of_input();
  CHECK(task.take<Summed>().empty());
}

TEST_CASE("an offset moves the grid of tumbling windows") {
  TaskHarness task(sums(Duration(10), Duration(0), Duration(-3)));
  task.push<Pair>({{{"a", 1}, 6}, {{"a", 2}, 7}});
  task.end_of_input();
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", -3, 7, 1), row("a", 7, 17, 2)});
}

TEST_CASE("a record whose tumbling window has fired goes to the side output") {
  TaskHarness task(sums(Duration(10)), {.ports = 2});
  task.push<Pair>({{{"a", 1}, 5}});
  task.watermark(9);
  task.push<Pair>({{{"a", 2}, 9}, {{"a", 3}, 10}});
  CHECK(task.take<Pair>(1) == rows<Pair>({{{"a", 2}, 9}}));
  task.watermark(19);
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 10, 1), row("a", 10, 20, 3)});
}

TEST_CASE("a late record fires its tumbling window again until the lateness is over") {
  TaskHarness task(sums(Duration(10), Duration(5)), {.ports = 2});
  task.push<Pair>({{{"a", 1}, 5}});
  task.watermark(9);
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 10, 1)});
  task.push<Pair>({{{"a", 2}, 9}, {{"b", 7}, 0}});
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 10, 3), row("b", 0, 10, 7)});
  task.watermark(13);
  task.push<Pair>({{{"a", 4}, 9}});
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 10, 7)});
  task.watermark(14);
  CHECK(task.snapshot().summary().find("slices") == std::string::npos);
  task.push<Pair>({{{"a", 8}, 9}});
  CHECK(task.take<Summed>().empty());
  CHECK(task.take<Pair>(1) == rows<Pair>({{{"a", 8}, 9}}));
}

TEST_CASE("years without records are skipped") {
  TaskHarness task(sums(Duration(1)));
  constexpr std::int64_t kYear = 365LL * 24 * 3600 * 1000;
  task.push<Pair>({{{"a", 1}, 0}, {{"a", 2}, 1000 * kYear}});
  task.end_of_input();
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 1, 1), row("a", 1000 * kYear, 1000 * kYear + 1, 2)});
}

TEST_CASE("a record without event time is refused in words") {
  TaskHarness task(sums(Duration(10)));
  CHECK_THROWS_WITH_AS(task.push<Pair>({{{"a", 1}, EventTime::min().ms}}),
                       "a record in an event-time window has no event time: call event_time() before window(), or use a "
                       "processing-time window",
                       Failure);
}

TEST_CASE("millions of results leave in steps, as there is room") {
  TaskHarness task(sums(Duration(10)), {.credit = 2, .batch_records = 16});
  Rows<Pair> records;
  for (int i = 0; i < 10'000; ++i) records.push_back({{"key " + std::to_string(i), 1}, 0});
  task.push(records);
  task.watermark(9);
  std::size_t taken = task.take<Summed>().size();
  CHECK(taken <= 4 * 64);
  for (int grants = 0; grants < 10'000 && task.watermark_of() < EventTime{9}; ++grants) {
    task.grant(1);
    const std::size_t more = task.take<Summed>().size();
    CHECK(more <= 64);
    taken += more;
  }
  CHECK(taken == 10'000);
}

TEST_CASE("a checkpoint writes the slices that changed") {
  TaskHarness task(sums(Duration(10)));
  task.push<Pair>({{{"a", 1}, 0}, {{"b", 2}, 0}, {{"a", 4}, 10}});
  CHECK(task.snapshot().summary() == "fired: 1 shared items, grid: 1 shared items, slices: 3 entries");
  task.push<Pair>({{{"b", 1}, 3}});
  CHECK(task.snapshot(SnapshotMode::Delta).summary() == "fired: 1 shared items, grid: 1 shared items, slices: 1 entries");
  task.watermark(9);
  CHECK(task.snapshot(SnapshotMode::Delta).summary() == "fired: 1 shared items, grid: 1 shared items, slices: 2 tombstones");
}

TEST_CASE("state of another window is refused") {
  TaskHarness before(sums(Duration(10)));
  before.push<Pair>({{{"a", 1}, 0}});
  const Snapshot stored = before.snapshot();
  CHECK_THROWS_WITH_AS(TaskHarness(sums(Duration(20)), {}, {&stored}),
                       "operator 'operator': the checkpoint holds windows of size 10ms, slide 10ms, offset 0ms, and now they are to be "
                       "of size 20ms, slide 20ms, offset 0ms; give the operator another name or start without the checkpoint",
                       Failure);
}

TEST_CASE("a function makes records of a window's key, bounds and result") {
  using Out = std::tuple<std::string, Window, std::int64_t>;
  TaskHarness task(operator_of<Pair>([](auto pairs) {
    return pairs.key_by(&Pair::first).window(tumbling(Duration(10)))
        .aggregate("n", weir::count(), [](const std::string& key, const Window& window, std::int64_t n) { return Out(key, window, n); });
  }));
  task.push<Pair>({{{"a", 1}, 0}, {{"a", 1}, 1}});
  task.end_of_input();
  CHECK(task.take<Out>() == rows<Out>({{{"a", {{0}, {10}}, 2}, 9}}));
}

TEST_CASE("a window over a whole stream runs in one task") {
  JobGraph graph;
  const NodeId source = add_node(graph, GraphNode::Kind::Source, "source", {}, nullptr);
  Stream<Pair>(graph, source, 0).window_all(tumbling(Duration(10))).sum("sum", &Pair::second, {.parallelism = 3});
  CHECK(graph.nodes.back().parallelism == 1);
  CHECK(graph.edges.back().routing.kind == Routing::Kind::Global);

  using Sum = WindowResult<Nothing, std::int64_t>;
  TaskHarness task(graph.nodes.back().make);
  task.push<Pair>({{{"a", 1}, 0}, {{"b", 2}, 1}});
  task.end_of_input();
  CHECK(task.take<Sum>() == rows<Sum>({{{{}, {0}, {10}, 3}, 9}}));
}
