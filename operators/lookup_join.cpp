#include <weir/operators/lookup_join.hpp>

#include <set>

namespace weir {
namespace {

/// The node and all that feed it.
std::set<NodeId> upstream_of(const JobGraph& graph, NodeId node) {
  std::set<NodeId> found{node};
  for (std::size_t before = 0; before != found.size();) {
    before = found.size();
    for (const GraphEdge& edge : graph.edges) {
      if (found.contains(edge.to)) found.insert(edge.from);
    }
  }
  return found;
}

}  // namespace

void refuse_common_source(const std::string& name, const StreamBase& stream, const StreamBase& table) {
  const JobGraph& graph = stream.graph();
  const auto of_table = upstream_of(graph, table.node());
  for (const NodeId node : upstream_of(graph, stream.node())) {
    if (graph.nodes[node].kind != GraphNode::Kind::Source || !of_table.contains(node)) continue;
    throw Failure("lookup '" + name + "': the stream and its table both come from '" + graph.nodes[node].name +
                  "', which would wait for itself; give the table a source of its own");
  }
}

}  // namespace weir
