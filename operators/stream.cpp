#include <weir/operators/stream.hpp>

#include <algorithm>

namespace weir {

NodeId add_node(JobGraph& graph, GraphNode::Kind kind, const std::string& verb, const StepOptions& options,
                OperatorFactory make) {
  const auto taken = [&](const std::string& name) {
    return std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](const GraphNode& node) { return node.name == name; });
  };
  std::string name = options.name;
  if (name.empty()) {
    name = verb;
    for (int number = 2; taken(name); ++number) name = verb + "-" + std::to_string(number);
  }
  graph.nodes.push_back({std::move(name), kind, options.parallelism, options.fuse == Fuse::Yes, std::move(make)});
  return static_cast<NodeId>(graph.nodes.size() - 1);
}

}  // namespace weir
