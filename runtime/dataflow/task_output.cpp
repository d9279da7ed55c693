#include <weir/dataflow/task_context.hpp>

#include <algorithm>
#include <utility>

namespace weir {

/// From here on, what fails is the operator's, and in no record that it got.
void Task::enter(std::uint32_t node) {
  active_ = node;
  origin_ = {};
}

void Task::deliver(std::uint32_t node, BatchPtr batch, std::uint32_t input) {
  active_ = node;
  if (nodes_[node].ports.empty()) metrics_.records_written += batch->size();
  nodes_[node].op->process(std::move(batch), input);
}

void Task::emit(std::uint32_t node, std::uint32_t port, BatchPtr batch) {
  const auto& ports = nodes_[node].ports;
  if (node == 0 && source_) metrics_.records_read += batch->size();
  if (port >= ports.size() || ports[port].empty()) {
    metrics_.records_dropped += batch->size();
    return;
  }
  if (batch->size() == 0) return;
  if (!batch->origin.split) batch->origin = origin_;
  else if (node == 0 && source_) origin_ = batch->origin;
  if (source_) was_finished_ = false;
  const auto& targets = ports[port];
  for (std::size_t i = 0; i < targets.size(); ++i) {
    BatchPtr part = i + 1 == targets.size() ? std::move(batch) : batch->type().copy(*batch);
    if (targets[i].kind == PortTarget::Kind::Operator) {
      deliver(targets[i].index, std::move(part), targets[i].input);
    } else {
      metrics_.records_out += part->size();
      edges_[targets[i].index]->accept(std::move(part));
    }
  }
  active_ = node;
}

/// The operators, or the edges, that some port of an operator leads to; each once.
std::vector<std::uint32_t> Task::targets(std::uint32_t node, PortTarget::Kind kind) const {
  std::vector<std::uint32_t> found;
  for (const auto& port : nodes_[node].ports) {
    for (const PortTarget& target : port) {
      if (target.kind == kind && std::find(found.begin(), found.end(), target.index) == found.end()) found.push_back(target.index);
    }
  }
  return found;
}

void Task::forward_watermark(std::uint32_t node, EventTime time) {
  for (const std::uint32_t edge : targets(node, PortTarget::Kind::Edge)) edges_[edge]->broadcast(Watermark{time});
  for (const std::uint32_t child : targets(node, PortTarget::Kind::Operator)) watermark_reached(child, time);
  active_ = node;
}

/// An operator behind another one in the chain: its calls cannot wait for room, and they emit little.
void Task::watermark_reached(std::uint32_t node, EventTime time) {
  if (time < contexts_[node]->watermark_) return;  // a maker of watermarks that was restored starts lower
  const Origin origin = origin_;  // of the batch in which the watermark was made, which goes on afterwards
  enter(node);
  contexts_[node]->watermark_ = time;
  while (nodes_[node].op->on_watermark(time) == Progress::More) {
  }
  if (!nodes_[node].op->makes_watermarks()) forward_watermark(node, time);
  origin_ = origin;
}

void Task::forward_idle(std::uint32_t node) {
  for (const std::uint32_t edge : targets(node, PortTarget::Kind::Edge)) edges_[edge]->broadcast(Idle{});
  for (const std::uint32_t child : targets(node, PortTarget::Kind::Operator)) idle_reached(child);
}

void Task::idle_reached(std::uint32_t node) {
  active_ = node;
  if (nodes_[node].op->makes_watermarks()) nodes_[node].op->on_idle();
  else forward_idle(node);
}

void Task::forward_split(std::uint32_t node, const SplitEvent& event) {
  for (const std::uint32_t child : targets(node, PortTarget::Kind::Operator)) nodes_[child].op->on_split(event);
}

bool Task::wants_split(std::uint32_t node, const std::string& split) {
  const auto behind = targets(node, PortTarget::Kind::Operator);
  return std::all_of(behind.begin(), behind.end(), [&](std::uint32_t child) { return nodes_[child].op->wants_split(split); });
}

}  // namespace weir
