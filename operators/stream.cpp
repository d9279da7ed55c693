#include <weir/operators/stream.hpp>

#include <algorithm>

#include <weir/base/result.hpp>

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

void require_event_time(const StreamBase& stream, const std::string& verb) {
  if (const auto source = stream.graph().source_without_event_time(stream.node())) {
    throw Failure(verb + " goes by event time, which the records of '" + *source +
                  "' have not; behind that source, say what their time is: .event_time(&T::time, {.out_of_orderness = 5s})");
  }
}

}  // namespace weir
