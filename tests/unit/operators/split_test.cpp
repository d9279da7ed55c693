#include <weir/operators/split.hpp>

#include <doctest/doctest.h>

#include "support/task_harness.hpp"

namespace weir::testing {
namespace {

TEST_CASE("a record goes to the first predicate it satisfies, and otherwise to the last output") {
  TaskHarness task(operator_of<int>([](auto numbers) {
    return numbers.split([](int n) { return n < 10; }, [](int n) { return n < 100; });
  }), {.ports = 3});
  task.push<int>({{5, 1}, {50, 2}, {500, 3}, {7, 4}});
  CHECK(task.take<int>(0) == rows<int>({{5, 1}, {7, 4}}));
  CHECK(task.take<int>(1) == rows<int>({{50, 2}}));
  CHECK(task.take<int>(2) == rows<int>({{500, 3}}));
  task.watermark(9);
  for (const std::uint32_t port : {0, 1, 2}) CHECK(task.watermark_of(port) == EventTime{9});
}

TEST_CASE("the outputs of a split are the ports of one operator, in order") {
  JobGraph graph;
  const NodeId source = add_node(graph, GraphNode::Kind::Source, "source", {}, nullptr);
  const auto [small, large] = Stream<int>(graph, source, 0).split([](int n) { return n < 10; });
  CHECK(small.node() == large.node());
  CHECK(small.port() == 0);
  CHECK(large.port() == 1);
}

}  // namespace
}  // namespace weir::testing
