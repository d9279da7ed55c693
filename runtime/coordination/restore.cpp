#include <weir/coordination/restore.hpp>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <set>

#include <weir/dataflow/in_flight.hpp>

namespace weir {
namespace {

StateChunk copy(const StateChunk& chunk) { return {chunk.table, chunk.kind, chunk.schema, chunk.block.copy()}; }

/// "in:<edge>:<sender>:<receiver>" taken apart.
struct ChannelLabel {
  bool at_receiver = false;
  std::string edge;
  std::uint32_t sender = 0;
  std::uint32_t receiver = 0;
};

std::optional<ChannelLabel> parse_label(std::string_view text) {
  const auto take_number = [&]() -> std::optional<std::uint32_t> {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::uint32_t number = 0;
    const auto digits = text.substr(colon + 1);
    if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec != std::errc{}) return std::nullopt;
    text = text.substr(0, colon);
    return number;
  };
  ChannelLabel label;
  const auto receiver = take_number();
  const auto sender = take_number();
  if (!receiver || !sender) return std::nullopt;
  label.receiver = *receiver;
  label.sender = *sender;
  label.at_receiver = text.starts_with("in:");
  if (!label.at_receiver && !text.starts_with("out:")) return std::nullopt;
  label.edge = text.substr(text.find(':') + 1);
  return label;
}

class Restorer {
 public:
  Restorer(const Plan& plan, const StoredJob& stored)
      : plan_(plan), stored_(stored), unchanged_(same_parallelism()), tasks_(plan.tasks.size()) {}

  std::vector<RestoredTask> run() {
    check();
    for (std::uint32_t number = 0; number < plan_.tasks.size(); ++number) {
      const TaskWiring& wiring = plan_.tasks[number];
      tasks_[number].inputs.resize(wiring.senders.size());
      for (const NodeId node : plan_.vertices[wiring.vertex].nodes) tasks_[number].nodes.push_back(state_of(node, wiring));
    }
    // What receivers recorded is older than what senders did.
    restore_in_flight(true);
    restore_in_flight(false);
    return std::move(tasks_);
  }

 private:
  void check() const {
    if (!stored_.operators.empty() && stored_.key_groups != plan_.options.key_groups) {
      throw Failure("the checkpoint has " + std::to_string(stored_.key_groups) + " key groups and the job " +
                    std::to_string(plan_.options.key_groups) + "; a job keeps its number of key groups for life");
    }
    std::set<std::string> names;
    for (const GraphNode& node : plan_.graph.nodes) names.insert(node.name);
    for (const auto& [name, op] : stored_.operators) {
      const bool has_state = std::any_of(op.tasks.begin(), op.tasks.end(), [](const StoredTask& task) {
        return std::any_of(task.chunks.begin(), task.chunks.end(), [](const StateChunk& chunk) {
          return chunk.kind != ChunkKind::InFlight && chunk.table != kTaskTable && chunk.block.rows > 0;
        });
      });
      if (has_state && !names.contains(name)) {
        throw Failure("the checkpoint has state of an operator '" + name +
                      "' that the job lacks; give an operator that name or start without the checkpoint");
      }
    }
  }

  /// Whether every operator runs as the checkpoint's did: only then is what a single task knew of time still true.
  bool same_parallelism() const {
    if (stored_.operators.size() != plan_.graph.nodes.size()) return false;
    return std::all_of(plan_.vertices.begin(), plan_.vertices.end(), [&](const Vertex& vertex) {
      return std::all_of(vertex.nodes.begin(), vertex.nodes.end(),
                         [&](NodeId node) { return old_parallelism(node) == vertex.parallelism; });
    });
  }

  std::vector<StateChunk> state_of(NodeId node, const TaskWiring& wiring) const {
    std::vector<StateChunk> chunks;
    const auto found = stored_.operators.find(plan_.graph.nodes[node].name);
    if (found == stored_.operators.end()) return chunks;
    const StoredOperator& op = found->second;
    const bool head = plan_.vertices[wiring.vertex].nodes.front() == node;
    const std::uint32_t parallelism = plan_.vertices[wiring.vertex].parallelism;
    const KeyGroupRange mine = groups_of_task(wiring.index, parallelism, plan_.options.key_groups);
    for (const StoredTask& task : op.tasks) {
      const KeyGroupRange theirs = groups_of_task(task.task, op.parallelism, stored_.key_groups);
      const bool overlaps = theirs.first < mine.end && mine.first < theirs.end;
      for (const StateChunk& chunk : task.chunks) {
        if (chunk.kind == ChunkKind::InFlight) continue;
        if (chunk.table == kTaskTable && (!head || (unchanged_ && task.task != wiring.index))) continue;
        const bool keyed = chunk.kind == ChunkKind::Entries || chunk.kind == ChunkKind::Tombstones;
        const bool kept = chunk.kind == ChunkKind::Split && op.parallelism == parallelism;
        if ((keyed && !overlaps) || (kept && task.task != wiring.index)) continue;
        chunks.push_back(copy(chunk));
        if (kept) chunks.back().kind = ChunkKind::Own;
      }
    }
    return chunks;
  }

  void restore_in_flight(bool at_receiver) {
    for (const auto& [name, op] : stored_.operators) {
      for (const StoredTask& task : op.tasks) {
        for (const StateChunk& chunk : task.chunks) {
          if (chunk.kind != ChunkKind::InFlight) continue;
          const auto label = parse_label(chunk.table);
          if (!label) throw Failure("the checkpoint is corrupt: '" + chunk.table + "' names no channel");
          if (label->at_receiver == at_receiver) restore_element(*label, chunk);
        }
      }
    }
  }

  void restore_element(const ChannelLabel& label, const StateChunk& chunk) {
    const auto found = std::find_if(plan_.edges.begin(), plan_.edges.end(),
                                    [&](const PlanEdge& edge) { return plan_.label(edge) == label.edge; });
    if (found == plan_.edges.end()) return restore_fused(label, chunk);
    const PlanEdge& edge = *found;
    const GraphEdge& graph_edge = plan_.graph_edge(edge);
    Element element = in_flight_element(chunk, *graph_edge.type);
    if (!is_batch(element) && !unchanged_) return;
    const std::uint32_t senders = plan_.vertices[edge.from].parallelism;
    const std::uint32_t receivers = plan_.vertices[edge.to].parallelism;
    if (senders == old_parallelism(graph_edge.from) && receivers == old_parallelism(graph_edge.to)) {
      channel(edge, label.sender, label.receiver).push_back(std::move(element));
    } else {
      reroute(edge, label.sender % senders, std::move(std::get<BatchPtr>(element)));
    }
  }

  /// The edge is inside a task now: its records go to the operator behind it.
  void restore_fused(const ChannelLabel& label, const StateChunk& chunk) {
    for (std::uint32_t i = 0; i < plan_.graph.edges.size(); ++i) {
      const GraphEdge& edge = plan_.graph.edges[i];
      if (plan_.label({i, 0, 0, true}) != label.edge) continue;
      for (std::uint32_t number = 0; number < plan_.tasks.size(); ++number) {
        const TaskWiring& wiring = plan_.tasks[number];
        const Vertex& vertex = plan_.vertices[wiring.vertex];
        const auto node = std::find(vertex.nodes.begin(), vertex.nodes.end(), edge.to);
        if (node == vertex.nodes.end() || wiring.index != label.sender % vertex.parallelism) continue;
        tasks_[number].nodes[static_cast<std::size_t>(node - vertex.nodes.begin())].push_back(copy(chunk));
        return;
      }
    }
    throw Failure("the checkpoint has records in flight on '" + label.edge +
                  "', which the job lacks; resume with the same job, or from a savepoint");
  }

  void reroute(const PlanEdge& edge, std::uint32_t sender, BatchPtr batch) {
    const std::uint32_t receivers = plan_.vertices[edge.to].parallelism;
    if (edge.one_to_one) return channel(edge, sender, sender).push_back(std::move(batch));
    auto& partitioner = partitioners_[{&edge, sender}];
    if (!partitioner) partitioner = plan_.graph_edge(edge).routing.partitioner(plan_.shape(edge))(sender);
    if (partitioner->broadcasts()) {
      for (std::uint32_t receiver = 0; receiver < receivers; ++receiver) {
        channel(edge, sender, receiver).push_back(batch->type().copy(*batch));
      }
      return;
    }
    if (const auto whole = partitioner->whole(receivers)) {
      return channel(edge, sender, *whole).push_back(std::move(batch));
    }
    std::vector<std::uint32_t> targets;
    partitioner->route(*batch, receivers, targets);
    std::vector<BatchPtr> parts(receivers);
    batch->type().scatter(*batch, targets, parts);
    for (std::uint32_t receiver = 0; receiver < receivers; ++receiver) {
      if (parts[receiver]->size() > 0) channel(edge, sender, receiver).push_back(std::move(parts[receiver]));
    }
  }

  std::uint32_t old_parallelism(NodeId node) const {
    const auto found = stored_.operators.find(plan_.graph.nodes[node].name);
    return found == stored_.operators.end() ? 0 : found->second.parallelism;
  }

  std::vector<Element>& channel(const PlanEdge& edge, std::uint32_t sender, std::uint32_t receiver) {
    const auto number = static_cast<std::uint32_t>(&edge - plan_.edges.data());
    for (std::uint32_t task = 0; task < plan_.tasks.size(); ++task) {
      const TaskWiring& wiring = plan_.tasks[task];
      if (wiring.vertex != edge.to || wiring.index != receiver) continue;
      for (std::size_t input = 0; input < wiring.senders.size(); ++input) {
        const bool same = wiring.input_edges[input] == number && plan_.tasks[wiring.senders[input].task].index == sender;
        if (same) return tasks_[task].inputs[input];
      }
    }
    throw Failure("the checkpoint is corrupt: channel " + std::to_string(sender) + " to " + std::to_string(receiver) +
                  " of '" + plan_.label(edge) + "' does not exist");
  }

  const Plan& plan_;
  const StoredJob& stored_;
  const bool unchanged_;
  std::vector<RestoredTask> tasks_;
  std::map<std::pair<const PlanEdge*, std::uint32_t>, std::unique_ptr<Partitioner>> partitioners_;  // by edge and sender
};

}  // namespace

std::vector<RestoredTask> restore_tasks(const Plan& plan, const StoredJob& stored) { return Restorer(plan, stored).run(); }

}  // namespace weir
