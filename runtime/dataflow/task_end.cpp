#include <weir/dataflow/task_context.hpp>

#include <algorithm>
#include <utility>

namespace weir {

void Task::on_watermark_event(EventTime time) {
  if (loop_ && time == EventTime::max()) loop_->hold_end_of_time();
  else head_watermark_ = time;
}

void Task::on_input_end(std::uint32_t input, EventTime reached) {
  enter(0);
  nodes_[0].op->on_input_end(input, reached);
  act_on_trigger();
}

void Task::on_ended() {
  if (!loop_) {
    finishing_ = 0;
    return;
  }
  loop_->start();
  held_probe_ = Probe{};
}

void Task::on_probe(const Probe& probe) {
  if (!loop_ || probe.disturbed) {
    held_probe_ = probe;
  } else if (loop_->release_end_of_time()) {
    head_watermark_ = EventTime::max();
    on_ended();
  } else {
    finishing_ = 0;
  }
}

/// False when an operator still has records that the probe must not pass.
bool Task::send_probe() {
  if (!std::all_of(nodes_.begin(), nodes_.end(), [](const TaskNode& node) { return node.op->drained(); })) return false;
  const Probe probe = loop_ ? loop_->next() : *held_probe_;
  held_probe_.reset();
  for (std::uint32_t index = 0; index < edges_.size(); ++index) {
    if (output_specs_[index].in_loop) edges_[index]->broadcast(probe);
  }
  return true;
}

bool Task::step_finish() {
  if (finish_waits_) return false;
  const auto index = static_cast<std::uint32_t>(*finishing_);
  if (index < nodes_.size()) {
    enter(index);
    if (!was_finished_ && nodes_[index].op->finish() == Progress::More) {
      finish_waits_ = !blocked();  // with room left it waits for a wake
      return false;
    }
    finishing_ = index + 1;
    return true;
  }
  for (auto& edge : edges_) edge->broadcast(End{});
  finishing_.reset();
  finished_ = true;
  act_on_trigger();
  environment_.finished();
  return true;
}

}  // namespace weir
