#include <weir/graph/plan.hpp>

#include <algorithm>
#include <sstream>

namespace weir {
namespace {

constexpr std::uint32_t kNoVertex = 0xffffffff;

class Planner {
 public:
  explicit Planner(Plan& plan) : plan_(plan), vertex_of_(plan.graph.nodes.size(), kNoVertex) {}

  void run() {
    check_parallelism();
    for (const NodeId node : topological_order()) place(node);
    connect_vertices();
    number_tasks();
    wire_tasks();
  }

 private:
  std::uint32_t parallelism(NodeId node) const {
    return plan_.graph.nodes[node].parallelism.value_or(plan_.options.parallelism);
  }

  void check_parallelism() const {
    const std::uint32_t groups = plan_.options.key_groups;
    if (groups == 0 || groups > kMaxKeyGroups) {
      throw Failure("the number of key groups must be between 1 and 32768, not " + std::to_string(groups));
    }
    for (NodeId node = 0; node < plan_.graph.nodes.size(); ++node) {
      const std::uint32_t wanted = parallelism(node);
      if (wanted >= 1 && wanted <= groups) continue;
      const std::string has = "operator '" + plan_.graph.nodes[node].name + "' has parallelism " + std::to_string(wanted);
      if (wanted == 0) throw Failure(has + "; 1 is the least");
      throw Failure(has + ", more than there are key groups (" + std::to_string(groups) +
                    "); lower it, or give more by --key-groups");
    }
  }

  /// Nodes so that every one comes behind those that feed it, feedback aside.
  std::vector<NodeId> topological_order() const {
    std::vector<std::size_t> left(plan_.graph.nodes.size());
    for (const GraphEdge& edge : plan_.graph.edges) {
      if (edge.channel != InputChannel::Kind::Feedback) ++left[edge.to];
    }
    std::vector<NodeId> order;
    for (NodeId node = 0; node < left.size(); ++node) {
      if (left[node] == 0) order.push_back(node);
    }
    for (std::size_t i = 0; i < order.size(); ++i) {
      for (const GraphEdge& edge : plan_.graph.edges) {
        if (edge.from != order[i] || edge.channel == InputChannel::Kind::Feedback) continue;
        if (--left[edge.to] == 0) order.push_back(edge.to);
      }
    }
    if (order.size() != left.size()) throw Failure("job '" + plan_.graph.name + "' has a loop; close loops with iterate()");
    return order;
  }

  /// The node that `node` may be fused with, through its only edge.
  const GraphEdge* fusing_edge(NodeId node) const {
    if (plan_.graph.nodes[node].starts_task) return nullptr;
    const GraphEdge* only = nullptr;
    for (const GraphEdge& edge : plan_.graph.edges) {
      if (edge.to != node) continue;
      if (only != nullptr) return nullptr;
      only = &edge;
    }
    if (only == nullptr || only->routing.kind != Routing::Kind::Forward) return nullptr;
    if (only->channel != InputChannel::Kind::Ordinary || parallelism(only->from) != parallelism(node)) return nullptr;
    return plan_.graph.nodes[node].fusable && plan_.graph.nodes[only->from].fusable ? only : nullptr;
  }

  void place(NodeId node) {
    if (const GraphEdge* edge = fusing_edge(node)) {
      vertex_of_[node] = vertex_of_[edge->from];
      plan_.vertices[vertex_of_[node]].nodes.push_back(node);
    } else {
      vertex_of_[node] = static_cast<std::uint32_t>(plan_.vertices.size());
      plan_.vertices.push_back({{node}, parallelism(node)});
    }
  }

  void connect_vertices() {
    for (std::uint32_t i = 0; i < plan_.graph.edges.size(); ++i) {
      GraphEdge& edge = plan_.graph.edges[i];
      const std::uint32_t from = vertex_of_[edge.from];
      const std::uint32_t to = vertex_of_[edge.to];
      if (from == to && edge.channel != InputChannel::Kind::Feedback) continue;
      const bool same = plan_.vertices[from].parallelism == plan_.vertices[to].parallelism;
      if (edge.routing.kind == Routing::Kind::Forward && !same) edge.routing = rebalance_routing();
      plan_.edges.push_back({i, from, to, edge.routing.kind == Routing::Kind::Forward});
    }
  }

  void number_tasks() {
    for (std::uint32_t vertex = 0; vertex < plan_.vertices.size(); ++vertex) {
      first_task_.push_back(static_cast<std::uint32_t>(plan_.tasks.size()));
      for (std::uint32_t index = 0; index < plan_.vertices[vertex].parallelism; ++index) {
        plan_.tasks.push_back({vertex, index, {}, {}, {}, {}});
      }
    }
  }

  void wire_tasks() {
    for (std::uint32_t number = 0; number < plan_.edges.size(); ++number) {
      const PlanEdge& edge = plan_.edges[number];
      const std::uint32_t senders = plan_.vertices[edge.from].parallelism;
      const std::uint32_t receivers = plan_.vertices[edge.to].parallelism;
      for (std::uint32_t i = 0; i < senders; ++i) {
        TaskWiring& sender = plan_.tasks[first_task_[edge.from] + i];
        const auto out = static_cast<std::uint32_t>(sender.output_edges.size());
        sender.output_edges.push_back(number);
        sender.receivers.emplace_back();
        for (std::uint32_t j = edge.one_to_one ? i : 0; j < (edge.one_to_one ? i + 1 : receivers); ++j) {
          connect(first_task_[edge.from] + i, out, first_task_[edge.to] + j, number);
        }
      }
    }
  }

  void connect(std::uint32_t from, std::uint32_t out, std::uint32_t to, std::uint32_t edge) {
    auto& channels = plan_.tasks[from].receivers[out];
    TaskWiring& receiver = plan_.tasks[to];
    const auto sending = static_cast<std::uint32_t>(channels.size());
    const auto receiving = static_cast<std::uint32_t>(receiver.senders.size());
    channels.push_back({to, 0, receiving});
    receiver.senders.push_back({from, out, sending});
    receiver.input_edges.push_back(edge);
  }

  Plan& plan_;
  std::vector<std::uint32_t> vertex_of_;
  std::vector<std::uint32_t> first_task_;
};

std::string channel_label(const Plan& plan, const PlanEdge& edge, std::uint32_t sender, std::uint32_t receiver) {
  return plan.label(edge) + ":" + std::to_string(sender) + ":" + std::to_string(receiver);
}

}  // namespace

Plan Plan::make(JobGraph graph, const PlanOptions& options) {
  graph.validate();
  Plan plan;
  plan.graph = std::move(graph);
  plan.options = options;
  Planner(plan).run();
  return plan;
}

std::string Plan::label(const PlanEdge& edge) const {
  const auto text = [&](const GraphEdge& e) {
    return graph.nodes[e.from].name + "." + std::to_string(e.port) + ">" + graph.nodes[e.to].name + "." + std::to_string(e.input);
  };
  const std::string label = text(graph_edge(edge));
  // A stream that is fed twice into the same input makes two edges of one name.
  int twins = 0;
  for (std::uint32_t i = 0; i < edge.graph_edge; ++i) twins += text(graph.edges[i]) == label;
  return twins == 0 ? label : label + "#" + std::to_string(twins + 1);
}

std::string Plan::name(std::uint32_t vertex) const {
  std::string name;
  for (const NodeId node : vertices[vertex].nodes) name += (name.empty() ? "" : " -> ") + graph.nodes[node].name;
  return name;
}

std::string Plan::task_name(std::uint32_t task) const {
  const TaskWiring& wiring = tasks[task];
  return name(wiring.vertex) + " (" + std::to_string(wiring.index + 1) + "/" +
         std::to_string(vertices[wiring.vertex].parallelism) + ")";
}

EdgeShape Plan::shape(const PlanEdge& edge) const {
  if (edge.one_to_one) return {1, 1, options.key_groups};
  return {vertices[edge.from].parallelism, vertices[edge.to].parallelism, options.key_groups};
}

std::vector<TaskNode> Plan::make_nodes(std::uint32_t task) const {
  const TaskWiring& wiring = tasks[task];
  const auto& ids = vertices[wiring.vertex].nodes;
  std::vector<TaskNode> made;
  for (const NodeId id : ids) made.push_back({graph.nodes[id].name, graph.nodes[id].make(), {}, {}});
  const auto add = [&](const GraphEdge& edge, const PortTarget& target) {
    const auto from = static_cast<std::size_t>(std::find(ids.begin(), ids.end(), edge.from) - ids.begin());
    auto& ports = made[from].ports;
    if (ports.size() <= edge.port) ports.resize(edge.port + 1);
    ports[edge.port].push_back(target);
  };
  for (const GraphEdge& edge : graph.edges) {
    const auto to = std::find(ids.begin() + 1, ids.end(), edge.to);
    if (to == ids.end()) continue;  // the head's inputs come through the gate
    TaskNode& inner = made[static_cast<std::size_t>(to - ids.begin())];
    inner.input_type = edge.type;
    inner.input = edge.input;
    add(edge, {PortTarget::Kind::Operator, static_cast<std::uint32_t>(to - ids.begin()), edge.input});
  }
  for (std::uint32_t out = 0; out < wiring.output_edges.size(); ++out) {
    add(graph_edge(edges[wiring.output_edges[out]]), {PortTarget::Kind::Edge, out, 0});
  }
  return made;
}

std::vector<TaskInput> Plan::make_inputs(std::uint32_t task) const {
  const TaskWiring& wiring = tasks[task];
  std::vector<TaskInput> inputs;
  for (std::size_t channel = 0; channel < wiring.senders.size(); ++channel) {
    const PlanEdge& edge = edges[wiring.input_edges[channel]];
    const GraphEdge& e = graph_edge(edge);
    inputs.push_back({{e.input, e.channel}, channel_label(*this, edge, tasks[wiring.senders[channel].task].index, wiring.index), {},
                      task_name(wiring.senders[channel].task)});
  }
  return inputs;
}

std::vector<TaskOutput> Plan::make_outputs(std::uint32_t task) const {
  const TaskWiring& wiring = tasks[task];
  std::vector<TaskOutput> outputs;
  for (std::size_t out = 0; out < wiring.output_edges.size(); ++out) {
    const PlanEdge& edge = edges[wiring.output_edges[out]];
    const GraphEdge& e = graph_edge(edge);
    const auto factory = e.routing.partitioner(shape(edge));
    TaskOutput output{factory(wiring.index), static_cast<std::uint32_t>(wiring.receivers[out].size()), {}, e.channel, e.in_loop};
    for (const ChannelEnd& end : wiring.receivers[out]) {
      output.labels.push_back(channel_label(*this, edge, wiring.index, tasks[end.task].index));
    }
    outputs.push_back(std::move(output));
  }
  return outputs;
}

std::string Plan::to_text() const {
  std::ostringstream text;
  for (std::uint32_t vertex = 0; vertex < vertices.size(); ++vertex) {
    const std::uint32_t tasks = vertices[vertex].parallelism;
    text << vertex + 1 << ". " << name(vertex) << "  (" << tasks << (tasks == 1 ? " task)\n" : " tasks)\n");
    for (const PlanEdge& edge : edges) {
      if (edge.from != vertex) continue;
      text << "   => " << edge.to + 1 << ". " << name(edge.to) << "  (" << name_of(graph_edge(edge).routing.kind) << ")\n";
    }
  }
  return text.str();
}

}  // namespace weir
