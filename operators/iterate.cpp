#include <weir/operators/iterate.hpp>

#include <algorithm>
#include <vector>

namespace weir {
namespace {

constexpr std::uint32_t kFeedbackInput = 1;

enum class Direction : std::uint8_t { Down, Up };

/// The nodes that can be reached from one, itself included.
std::vector<bool> reachable(const JobGraph& graph, NodeId start, Direction direction) {
  std::vector<bool> reached(graph.nodes.size());
  std::vector<NodeId> todo{start};
  while (!todo.empty()) {
    const NodeId node = todo.back();
    todo.pop_back();
    if (reached[node]) continue;
    reached[node] = true;
    for (const GraphEdge& edge : graph.edges) {
      const auto [from, to] = direction == Direction::Down ? std::pair(edge.from, edge.to) : std::pair(edge.to, edge.from);
      if (from == node) todo.push_back(to);
    }
  }
  return reached;
}

}  // namespace

void close_loop(const StreamBase& head, const StreamBase& again, const RecordType& type) {
  JobGraph& graph = head.graph();
  const std::string& name = graph.nodes[head.node()].name;
  const auto below = reachable(graph, head.node(), Direction::Down);
  const auto above = reachable(graph, again.node(), Direction::Up);
  const auto inside = [&](NodeId node) { return below[node] && above[node]; };
  if (!inside(head.node())) {
    throw Failure("loop '" + name + "': what goes again does not come from the loop's stream; make it from the body's argument");
  }
  for (GraphEdge& edge : graph.edges) {
    if (!edge.in_loop) edge.in_loop = inside(edge.from) && inside(edge.to);
    else if (inside(edge.from) || inside(edge.to)) {
      throw Failure("loop '" + name + "' shares the operator '" + graph.nodes[inside(edge.from) ? edge.from : edge.to].name +
                    "' with another loop; loops cannot overlap or contain each other");
    }
  }
  graph.edges.push_back({again.node(), again.port(), head.node(), kFeedbackInput, again.routing(), &type,
                         InputChannel::Kind::Feedback, true});
}

}  // namespace weir
