#include <weir/node/job_view.hpp>

#include <algorithm>
#include <map>

namespace weir {
namespace {

std::string text_of(GraphNode::Kind kind) {
  switch (kind) {
    case GraphNode::Kind::Source: return "source";
    case GraphNode::Kind::Operator: return "operator";
    case GraphNode::Kind::Sink: return "sink";
  }
  return "operator";
}

std::string text_of(JobOutcome::State state, JobWish wish) {
  switch (state) {
    case JobOutcome::State::Finished: return "finished";
    case JobOutcome::State::Stopped: return wish == JobWish::Cancel ? "cancelled" : "stopped";
    case JobOutcome::State::Failed: return "failed";
  }
  return "failed";
}

api::CheckpointInfo checkpoint_info(const Manifest& manifest) {
  api::CheckpointInfo info;
  info.id = manifest.checkpoint;
  info.kind = manifest.kind == ManifestKind::Savepoint ? "savepoint" : "checkpoint";
  info.attempt = manifest.attempt;
  info.completed_ms = manifest.completed_ms;
  for (const OperatorParts& one : manifest.operators) {
    info.parts += one.parts.size();
    for (const PartReference& part : one.parts) info.bytes += part.bytes;
  }
  return info;
}

/// It is known of the newest alone, and only while the job runs.
std::optional<std::int64_t> duration_of_newest(const LiveJob* live) {
  if (live == nullptr || live->checkpoint_took_ms == 0) return {};
  return live->checkpoint_took_ms;
}

std::optional<std::int64_t> watermark(std::int64_t ms) {
  if (ms == EventTime::min().ms || ms == EventTime::max().ms) return {};
  return ms;
}

std::string name_of_node(ClusterNodeId id, const ClusterControl& control) {
  if (id == control.self().node.id) return control.self().node.name;
  const auto known = control.state().nodes().find(id);
  return known == control.state().nodes().end() ? text_of_node(id) : known->second.name;
}

api::NodeInfo remembered(const ClusterNode& node) {
  api::NodeInfo info;
  info.id = text_of_node(node.id);
  info.name = node.name;
  info.address = node.address;
  info.http = node.http;
  info.status = "away";
  info.eligible = node.role == ClusterNode::Role::Eligible;
  return info;
}

api::NodeInfo present(const NodeAnnouncement& node, std::string status) {
  api::NodeInfo info = remembered(node.node);
  info.status = std::move(status);
  info.slots = node.slots;
  info.version = node.version;
  return info;
}

std::string status_of(const ClusterMember& member) {
  if (member.status == ClusterMember::Status::Suspect) return "suspect";
  return member.intent == ClusterMember::Intent::Leave ? "draining" : "up";
}

}  // namespace

std::string text_of_node(ClusterNodeId id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, id >>= 4) *digit = kDigits[id & 15];
  return text;
}

std::string status_of(const JobRecord& record, const LiveJob* live) {
  if (record.outcome) return text_of(record.outcome->state, record.wish);
  if (live == nullptr || live->phase.empty()) return "waiting";  // the leader has just taken over
  if (live->phase == "waiting for slots") return "waiting";
  if (live->phase == "taking over") return "restarting";
  if (live->phase == "ending" || live->phase == "writing the savepoint") return "stopping";
  return live->phase;
}

api::JobInfo job_info(const JobRecord& record, const LiveJob* live) {
  api::JobInfo info;
  info.id = record.id;
  info.name = record.spec.name;
  info.status = status_of(record, live);
  info.bundle = record.spec.bundle;
  info.options = record.spec.options;
  info.parallelism = record.spec.parallelism;
  info.key_groups = record.spec.key_groups;
  info.attempt = record.attempt;
  info.restarts = record.restarts();
  info.submitted_ms = record.submitted_ms;
  if (record.outcome) {
    info.message = record.outcome->message;
    info.ended_ms = record.ended_ms;
  }
  if (!record.manifests.empty()) {
    info.newest_checkpoint = checkpoint_info(record.manifests.front());
    info.newest_checkpoint->duration_ms = duration_of_newest(live);
  }
  if (!record.spec.from_savepoint.empty()) info.from_savepoint = record.spec.from_savepoint;
  if (!record.savepoint.empty()) info.savepoint = record.savepoint;
  const JobTotals totals = record.ended() || live == nullptr ? record.totals : live->totals();
  info.records_read = totals.records_read;
  info.records_written = totals.records_written;
  if (live == nullptr) return info;
  if (!record.outcome) info.message = live->why;
  info.last_lines = live->last_lines;
  return info;
}

api::CheckpointList checkpoint_list(const JobRecord& record, const LiveJob* live) {
  api::CheckpointList list;
  for (const Manifest& manifest : record.manifests) list.checkpoints.push_back(checkpoint_info(manifest));
  if (!list.checkpoints.empty()) list.checkpoints.front().duration_ms = duration_of_newest(live);
  return list;
}

api::PlanInfo plan_info(const LiveJob* live) {
  api::PlanInfo plan;
  if (live == nullptr || !live->shape) return plan;
  const JobShape& shape = *live->shape;
  for (std::uint32_t id = 0; id < shape.vertices.size(); ++id) {
    api::VertexInfo vertex{id, shape.vertex_name(id), shape.vertices[id].parallelism, {}};
    for (const ShapeOperator& one : shape.vertices[id].operators) vertex.operators.push_back({one.name, text_of(one.kind)});
    plan.vertices.push_back(std::move(vertex));
  }
  for (const ShapeEdge& edge : shape.edges) plan.edges.push_back({edge.from, edge.to, std::string(name_of(edge.routing))});
  return plan;
}

api::TaskList task_list(const LiveJob* live, const ClusterControl& control) {
  constexpr double kNanosPerMs = 1e6;
  api::TaskList list;
  if (live == nullptr || !live->shape) return list;
  for (std::uint32_t id = 0; id < live->shape->tasks.size(); ++id) {
    api::TaskInfo task;
    task.id = id;
    task.name = live->shape->task_name(id);
    task.vertex = live->shape->tasks[id].vertex;
    task.index = live->shape->tasks[id].index;
    if (id < live->node_of_task.size()) task.node = name_of_node(live->node_of_task[id], control);
    if (const auto found = live->figures.find(id); found != live->figures.end()) {
      const wire::TaskFigures& figures = found->second;
      task.records_in = figures.records_in;
      task.records_out = figures.records_out;
      task.records_read = figures.records_read;
      task.records_written = figures.records_written;
      task.records_dropped = figures.records_dropped;
      task.busy_ms = static_cast<double>(figures.busy_ns) / kNanosPerMs;
      task.longest_pause_ms = static_cast<double>(figures.longest_pause_ns) / kNanosPerMs;
      task.state_bytes = figures.state_bytes;
      task.watermark_ms = watermark(figures.watermark_ms);
      task.blocked = figures.blocked;
    }
    list.tasks.push_back(std::move(task));
  }
  return list;
}

api::NodeList node_list(const ClusterControl& control) {
  std::map<ClusterNodeId, api::NodeInfo> nodes;
  for (const auto& [id, node] : control.state().nodes()) {
    nodes[id] = remembered(node);
    if (control.has_left(id)) nodes[id].status = "left";
  }
  for (const ClusterMember& member : control.members()) nodes[member.node.node.id] = present(member.node, status_of(member));
  const NodeAnnouncement& self = control.self();
  nodes[self.node.id] = present(self, "up");
  nodes[self.node.id].leader = true;  // whoever answers leads
  for (const auto& [id, record] : control.state().jobs()) {
    const LiveJob* live = record.ended() ? nullptr : control.live(id);
    if (live == nullptr) continue;
    for (const ClusterNodeId node : live->slots) {
      if (const auto found = nodes.find(node); found != nodes.end() && found->second.slots != 0) ++found->second.slots_used;
    }
  }
  api::NodeList list;
  for (auto& [id, node] : nodes) list.nodes.push_back(std::move(node));
  std::stable_sort(list.nodes.begin(), list.nodes.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return list;
}

}  // namespace weir
