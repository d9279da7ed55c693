#include <weir/dataflow/task_context.hpp>

#include <algorithm>
#include <utility>

#include <weir/dataflow/in_flight.hpp>

namespace weir {
namespace {

constexpr std::size_t kSnapshotBudget = 2048;  // entries per step: some tens of microseconds
constexpr Duration kOvertakeAgain{10};          // between two tries: short beside any sensible alignment limit

}  // namespace

void Task::on_trigger(const Barrier& barrier) {
  trigger_ = barrier;
  act_on_trigger();
}

/// While a channel is open that may bring the barrier, it must come from there. A source has none.
void Task::act_on_trigger() {
  if (!trigger_ || !gate_.all_ended()) return;
  const Barrier barrier = *trigger_;
  trigger_.reset();
  if (barrier.checkpoint <= last_frozen_) return;
  if (!finished_) gate_.start(barrier);
  snapshot(barrier);
}

void Task::on_complete(CheckpointId checkpoint) {
  // The job got past what failed before. The checkpoint restored from does not count: it was not frozen here.
  if (checkpoint == last_frozen_) options_.isolating = false;
  for (std::uint32_t index = 0; index < nodes_.size(); ++index) {
    enter(index);
    nodes_[index].op->on_complete(checkpoint);
  }
}

void Task::on_abandoned(CheckpointId checkpoint) {
  gate_.abandon(checkpoint);
  if (!gate_.waiting()) barrier_since_.reset();
  if (trigger_ && trigger_->checkpoint <= checkpoint) trigger_.reset();
  if (snapshot_ && snapshot_->barrier.checkpoint <= checkpoint) {
    for (auto& context : contexts_) context->state().discard();
    snapshot_.reset();
    last_frozen_ = std::max(last_frozen_, checkpoint);
  }
}

void Task::snapshot(const Barrier& barrier) {
  const std::int64_t start = environment_.ticks_ns();
  deliver_fused();
  barrier_since_.reset();
  trigger_.reset();
  if (snapshot_) on_abandoned(snapshot_->barrier.checkpoint);
  const bool delta = barrier.mode != Barrier::Mode::Savepoint && barrier.parent != 0 && barrier.parent == last_frozen_;
  last_snapshot_ = barrier.afterwards == Barrier::Afterwards::End;
  for (std::uint32_t index = 0; index < nodes_.size(); ++index) {
    enter(index);
    nodes_[index].op->before_snapshot(barrier.checkpoint);
  }
  last_snapshot_ = false;
  snapshot_ = Snapshot{barrier, delta ? SnapshotMode::Delta : SnapshotMode::Full, environment_.now(), !options_.checkpointed};
  last_frozen_ = barrier.checkpoint;
  store_recorded(barrier.checkpoint);
  if (options_.checkpointed) {
    *meta_ = {meta()};
    for (auto& context : contexts_) context->state().freeze(snapshot_->mode);
  }
  for (std::uint32_t index = 0; index < edges_.size() && !finished_; ++index) {
    if (barrier.mode == Barrier::Mode::Overtaking && !edges_[index]->broadcasts()) {
      overtake(index, barrier);
    } else {
      edges_[index]->broadcast(barrier);
    }
  }
  if (barrier_waits_downstream()) environment_.wake_at(environment_.now() + options_.alignment_limit);
  const auto spent = static_cast<std::uint64_t>(environment_.ticks_ns() - start);
  metrics_.snapshot_ns += spent;
  metrics_.longest_pause_ns = std::max(metrics_.longest_pause_ns, spent);
  check_snapshot_done();
}

/// The watermark of an operator further down the chain is the head's, or of its own making and in its state.
TaskMeta Task::meta() const {
  const bool held = loop_ && loop_->holds_end_of_time();
  return {held ? contexts_.front()->watermark() : gate_.watermark(), finished_};
}

bool Task::step_snapshot() {
  if (!snapshot_ || snapshot_->written || !environment_.may_store()) return false;
  const std::int64_t start = environment_.ticks_ns();
  bool written = true;
  for (std::uint32_t index = 0; index < nodes_.size() && written; ++index) {
    written = contexts_[index]->state().write_some(kSnapshotBudget, [&](StateChunk chunk) {
      environment_.store(snapshot_->barrier.checkpoint, index, std::move(chunk));
    });
  }
  const auto spent = static_cast<std::uint64_t>(environment_.ticks_ns() - start);
  metrics_.snapshot_ns += spent;
  metrics_.longest_pause_ns = std::max(metrics_.longest_pause_ns, spent);
  snapshot_->written = written;
  check_snapshot_done();
  return true;
}

void Task::store_recorded(CheckpointId checkpoint) {
  for (StateChunk& chunk : recorded_) environment_.store(checkpoint, 0, std::move(chunk));
  recorded_.clear();
}

void Task::overtake_if_due() {
  if (!barrier_since_ || finished_) return;
  const ProcessingTime now = environment_.now();
  if (now >= *barrier_since_ + options_.alignment_limit) {
    if (const auto barrier = gate_.overtake()) return snapshot(*barrier);
  }
  // Not due, or refused because a broadcast channel still lacks the barrier: ask again later.
  const auto waiting = gate_.waiting();
  if (!waiting) barrier_since_.reset();
  else if (waiting->mode != Barrier::Mode::Savepoint) {
    const ProcessingTime due = *barrier_since_ + options_.alignment_limit;
    environment_.wake_at(due > now ? due : now + kOvertakeAgain);
  }
}

void Task::overtake_downstream_if_due() {
  if (!snapshot_ || snapshot_->barrier.mode == Barrier::Mode::Savepoint || !barrier_waits_downstream()) return;
  if (environment_.now() < snapshot_->since + options_.alignment_limit) {
    return environment_.wake_at(snapshot_->since + options_.alignment_limit);
  }
  Barrier barrier = snapshot_->barrier;
  barrier.mode = Barrier::Mode::Overtaking;
  for (std::uint32_t index = 0; index < edges_.size(); ++index) {
    if (!edges_[index]->broadcasts()) overtake(index, barrier);
  }
  check_snapshot_done();
}

void Task::overtake(std::uint32_t edge, const Barrier& barrier) {
  edges_[edge]->overtake(barrier, [&](std::uint32_t channel, const Element& element) {
    if (!options_.checkpointed || !belongs_to_state(element)) return;
    environment_.store(barrier.checkpoint, 0, in_flight_chunk("out:" + output_specs_[edge].labels[channel], element));
  });
}

bool Task::barrier_waits_downstream() const {
  return snapshot_ && std::any_of(edges_.begin(), edges_.end(), [&](const auto& edge) {
           return edge->holds(snapshot_->barrier.checkpoint);
         });
}

void Task::check_snapshot_done() {
  if (!snapshot_ || !snapshot_->written || gate_.recording() || barrier_waits_downstream()) return;
  const Snapshot done = *snapshot_;
  snapshot_.reset();
  environment_.snapshot_done(done.barrier.checkpoint, done.mode);
}

}  // namespace weir
