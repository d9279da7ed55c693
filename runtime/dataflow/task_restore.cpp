#include <weir/dataflow/task_context.hpp>

#include <algorithm>
#include <utility>

#include <weir/dataflow/in_flight.hpp>

namespace weir {

WEIR_RECORD(TaskMeta, watermark, finished);

void Task::open() {
  const KeyOwnership ownership{groups_of_task(options_.task, options_.parallelism, options_.key_groups), options_.key_groups};
  for (std::uint32_t index = 0; index < nodes_.size(); ++index) {
    TaskNode& node = nodes_[index];
    take_in_flight(index);
    StateScope scope{node.name, options_.task, options_.parallelism, ownership, options_.checkpointed};
    contexts_.push_back(std::make_unique<Context>(*this, index, std::move(scope), std::move(node.restored)));
  }
  restore_meta();
  for (std::uint32_t index = 0; index < nodes_.size(); ++index) {
    active_ = index;
    nodes_[index].op->open(*contexts_[index]);
    const auto unclaimed = contexts_[index]->state().unclaimed();
    if (!unclaimed.empty()) {
      throw Failure("operator '" + nodes_[index].name + "' no longer has the state '" + unclaimed.front() +
                    "' that the checkpoint holds for it; give it back or start without the checkpoint");
    }
  }
  for (std::uint32_t channel = 0; channel < input_specs_.size(); ++channel) {
    for (Element& element : std::exchange(input_specs_[channel].restored, {})) restore_element(channel, std::move(element));
  }
  last_consumed_ns_ = environment_.ticks_ns();
}

void Task::restore_element(std::uint32_t channel, Element element) {
  if (!is_batch(element)) return gate_.restore(channel, std::move(element));
  for (BatchPtr& batch : as_processed(std::move(std::get<BatchPtr>(element)))) {
    ++uncredited_[channel];
    gate_.restore(channel, std::move(batch));
  }
}

/// A restored batch, or when a failing record is searched, its records one by one.
std::vector<BatchPtr> Task::as_processed(BatchPtr batch) const {
  if (options_.isolating) return in_parts(std::move(batch), 1);
  std::vector<BatchPtr> whole;
  whole.push_back(std::move(batch));
  return whole;
}

/// Records that were in flight to an operator that is now fused with their sender.
void Task::take_in_flight(std::uint32_t node) {
  auto& chunks = nodes_[node].restored;
  for (const StateChunk& chunk : chunks) {
    if (chunk.kind != ChunkKind::InFlight) continue;
    WEIR_CHECK(node > 0 && nodes_[node].input_type, "in-flight records were restored to the head of a task:", chunk.table);
    Element element = in_flight_element(chunk, *nodes_[node].input_type);
    if (!is_batch(element)) continue;
    for (BatchPtr& batch : as_processed(std::move(std::get<BatchPtr>(element)))) fused_.emplace_back(node, std::move(batch));
  }
  std::erase_if(chunks, [](const StateChunk& chunk) { return chunk.kind == ChunkKind::InFlight; });
}

/// They come before all others, and before any snapshot, which could not hold them.
void Task::deliver_fused() {
  for (auto& [node, batch] : std::exchange(fused_, {})) {
    origin_ = batch->origin;
    deliver(node, std::move(batch), nodes_[node].input);
  }
}

/// The watermark and the end of the run restored from: the least that any task of it had reached.
void Task::restore_meta() {
  OperatorState& state = contexts_.front()->state();
  auto& metas = state.list<TaskMeta>(kTaskTable, ChunkKind::Union);
  meta_ = &metas;
  if (metas.empty()) return;
  EventTime watermark = EventTime::max();
  was_finished_ = true;
  for (const TaskMeta& meta : metas) {
    watermark = std::min(watermark, meta.watermark);
    was_finished_ &= meta.finished;
  }
  metas.clear();
  restore_watermark(watermark);
  if (watermark != EventTime::min() && !source_) head_watermark_ = watermark;  // what it had not fired is still to do
}

/// Operators behind one that makes watermarks know nothing of the head's: theirs come from it again.
void Task::restore_watermark(EventTime time) {
  gate_.restore_watermark(time);
  std::vector<bool> behind(nodes_.size());
  for (std::uint32_t index = 0; index < nodes_.size(); ++index) {
    if (!behind[index]) contexts_[index]->watermark_ = time;
    const bool ends = behind[index] || nodes_[index].op->makes_watermarks();
    for (const std::uint32_t child : targets(index, PortTarget::Kind::Operator)) behind[child] = behind[child] || ends;
  }
}

}  // namespace weir
