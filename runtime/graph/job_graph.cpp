#include <weir/graph/job_graph.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace weir {

std::string_view name_of(Routing::Kind kind) {
  constexpr std::array<std::string_view, 8> kNames = {"forward", "key",       "rebalance", "rescale",
                                                      "shuffle", "broadcast", "global",    "custom"};
  return kNames[static_cast<std::size_t>(kind)];
}

Routing forward_routing() {
  return {Routing::Kind::Forward, [](const EdgeShape&) { return global_partitioner(); }};
}
Routing rebalance_routing() {
  return {Routing::Kind::Rebalance, [](const EdgeShape&) { return rebalance_partitioner(); }};
}
Routing rescale_routing() {
  return {Routing::Kind::Rescale, [](const EdgeShape& shape) { return rescale_partitioner(shape.senders); }};
}
Routing shuffle_routing(std::uint64_t seed) {
  return {Routing::Kind::Shuffle, [seed](const EdgeShape&) { return shuffle_partitioner(seed); }};
}
Routing broadcast_routing() {
  return {Routing::Kind::Broadcast, [](const EdgeShape&) { return broadcast_partitioner(); }};
}
Routing global_routing() {
  return {Routing::Kind::Global, [](const EdgeShape&) { return global_partitioner(); }};
}

void JobGraph::validate() const {
  if (std::none_of(nodes.begin(), nodes.end(), [](const GraphNode& n) { return n.kind == GraphNode::Kind::Source; })) {
    throw Failure("job '" + name + "' has no source; begin with pipeline.source(name, source)");
  }
  std::set<std::string> names;
  for (const GraphNode& node : nodes) {
    if (node.name.empty()) throw Failure("job '" + name + "' has an operator without a name; name it");
    const bool reads_nothing = std::find(node.reads.begin(), node.reads.end(), "") != node.reads.end();
    if (reads_nothing) throw Failure("source '" + node.name + "' has no path; name a file, a pattern or a directory");
    const bool writes_nothing = node.writes && node.writes->path.empty();
    if (writes_nothing) throw Failure("sink '" + node.name + "' has no path; name the file to write");
    if (!names.insert(node.name).second) {
      throw Failure("job '" + name + "' has two operators named '" + node.name + "'; rename one");
    }
  }
  for (NodeId id = 0; id < nodes.size(); ++id) {
    const bool read = std::any_of(edges.begin(), edges.end(), [&](const GraphEdge& e) { return e.from == id; });
    if (!read && nodes[id].kind != GraphNode::Kind::Sink) {
      throw Failure("the stream of '" + nodes[id].name + "' leads nowhere; end it with .sink(name, sink), or drop it");
    }
  }
}

std::optional<std::string> JobGraph::source_without_event_time(NodeId node) const {
  std::optional<std::string> source;
  std::set<NodeId> seen{node};
  for (std::vector<NodeId> open{node}; !open.empty();) {
    const NodeId at = open.back();
    open.pop_back();
    const bool is_source = nodes[at].kind == GraphNode::Kind::Source;
    if (nodes[at].times == GraphNode::Times::Given || (is_source && nodes[at].times != GraphNode::Times::None)) return std::nullopt;
    if (is_source) source = nodes[at].name;
    for (const GraphEdge& edge : edges) {
      if (edge.to == at && seen.insert(edge.from).second) open.push_back(edge.from);
    }
  }
  return source;
}

}  // namespace weir
