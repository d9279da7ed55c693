#include <weir/dataflow/task.hpp>

#include <algorithm>
#include <utility>

#include <weir/dataflow/in_flight.hpp>

namespace weir {
namespace {

constexpr std::int64_t kLongestRunNs = 2'000'000;  // then barriers and credits that arrived meanwhile are looked at
constexpr std::size_t kSnapshotBudget = 2048;  // entries per step: some tens of microseconds
constexpr Duration kOvertakeAgain{10};          // between two tries: short beside any sensible alignment limit

}  // namespace

WEIR_RECORD(TaskMeta, watermark, finished);

/// One operator's window on the task.
class Task::Context final : public OperatorContext {
 public:
  Context(Task& task, std::uint32_t node, StateScope scope, std::vector<StateChunk> restored)
      : task_(task), node_(node), state_(std::move(scope), std::move(restored)) {}

  OperatorState& state() override { return state_; }
  const std::string& name() const override { return task_.nodes_[node_].name; }
  std::uint32_t task() const override { return task_.options_.task; }
  std::uint32_t parallelism() const override { return task_.options_.parallelism; }
  void emit(std::uint32_t port, BatchPtr batch) override { task_.emit(node_, port, std::move(batch)); }
  bool output_full() const override { return task_.blocked(); }
  std::size_t batch_records() const override { return task_.batch_records(); }
  void forward(const SplitEvent& event) override { task_.forward_split(node_, event); }
  void emit_watermark(EventTime time) override { task_.forward_watermark(node_, time); }
  void emit_idle() override { task_.forward_idle(node_); }
  EventTime watermark() const override { return watermark_; }
  ProcessingTime now() const override { return task_.environment_.now(); }
  void wake_at(ProcessingTime time) override {
    if (wake_ && *wake_ <= time) return;
    wake_ = time;
    task_.environment_.wake_at(time);
  }
  Waker waker() override { return task_.environment_.waker(); }
  bool aligning() const override { return task_.gate_.aligning(); }

  EventTime watermark_ = EventTime::min();
  std::optional<ProcessingTime> wake_;

 private:
  Task& task_;
  std::uint32_t node_;
  OperatorState state_;
};

Task::Task(TaskOptions options, std::vector<TaskNode> nodes, std::vector<TaskInput> inputs,
           std::vector<TaskOutput> outputs, TaskEnvironment& environment)
    : options_(options),
      environment_(environment),
      nodes_(std::move(nodes)),
      input_specs_(std::move(inputs)),
      output_specs_(std::move(outputs)),
      gate_(
          [this] {
            std::vector<InputChannel> channels;
            for (const TaskInput& input : input_specs_) channels.push_back(input.channel);
            return channels;
          }(),
          [this](std::uint32_t channel, const Element& element) {
            if (!options_.checkpointed || !belongs_to_state(element)) return;
            recorded_.push_back(in_flight_chunk("in:" + input_specs_[channel].label, element));
          }) {
  CreditOptions sending = options_.credit;
  if (options_.isolating) sending.batch_records = 1;  // until receivers grant more
  for (std::uint32_t index = 0; index < output_specs_.size(); ++index) {
    TaskOutput& output = output_specs_[index];
    CreditOptions credit = sending;
    if (output.kind == InputChannel::Kind::Feedback) credit.window = kUnlimitedWindow;
    edges_.push_back(std::make_unique<OutputEdge>(std::move(output.partitioner), output.channels, credit,
                                                  [this, index](std::uint32_t channel, Element element) {
                                                    environment_.send(index, channel, std::move(element));
                                                  }));
  }
  for (const TaskInput& input : input_specs_) {
    CreditOptions credit = options_.credit;
    if (input.channel.kind == InputChannel::Kind::Feedback) {
      credit.window = kUnlimitedWindow;
      loop_.emplace();
    }
    windows_.emplace_back(credit);
  }
  uncredited_.resize(input_specs_.size());
  poll_records_ = options_.credit.initial_batch();
  source_ = dynamic_cast<SourceOperator*>(nodes_.front().op.get());
  open();
}

Task::~Task() = default;

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
    for (Element& element : input_specs_[channel].restored) {
      if (is_batch(element)) ++uncredited_[channel];
      gate_.restore(channel, std::move(element));
    }
    input_specs_[channel].restored.clear();
  }
  last_consumed_ns_ = environment_.ticks_ns();
}

/// Records that were in flight to an operator that is now fused with their sender.
void Task::take_in_flight(std::uint32_t node) {
  auto& chunks = nodes_[node].restored;
  for (const StateChunk& chunk : chunks) {
    if (chunk.kind != ChunkKind::InFlight) continue;
    WEIR_CHECK(node > 0 && nodes_[node].input_type, "in-flight records were restored to the head of a task:", chunk.table);
    Element element = in_flight_element(chunk, *nodes_[node].input_type);
    if (is_batch(element)) fused_.emplace_back(node, std::move(std::get<BatchPtr>(element)));
  }
  std::erase_if(chunks, [](const StateChunk& chunk) { return chunk.kind == ChunkKind::InFlight; });
}

/// They come before all others, and before any snapshot, which could not hold them.
void Task::deliver_fused() {
  for (auto& [node, batch] : std::exchange(fused_, {})) deliver(node, std::move(batch), nodes_[node].input);
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
    for_targets(index, PortTarget::Kind::Operator, [&](std::uint32_t child) { behind[child] = behind[child] || ends; });
  }
}

void Task::on_element(std::uint32_t channel, Element element) {
  if (finished_ && !gate_.recording()) return;  // a barrier that goes round a loop which has ended
  const auto* barrier = std::get_if<Barrier>(&element);
  const auto arrived = barrier ? std::optional<Barrier>(*barrier) : std::nullopt;
  const bool ends = std::holds_alternative<End>(element);
  if (is_batch(element) && gate_.queued_batches(channel) == 0) last_consumed_ns_ = environment_.ticks_ns();
  gate_.enqueue(channel, std::move(element));
  if (snapshot_) store_recorded(snapshot_->barrier.checkpoint);
  if (arrived) {
    if (!barrier_since_ && gate_.waiting()) {
      barrier_since_ = environment_.now();
      if (arrived->mode != Barrier::Mode::Savepoint) environment_.wake_at(*barrier_since_ + options_.alignment_limit);
    }
    if (arrived->mode == Barrier::Mode::Overtaking) {
      if (const auto reported = gate_.overtake()) snapshot(*reported);
    }
  }
  if (arrived || ends) check_snapshot_done();
}

void Task::on_grant(std::uint32_t edge, std::uint32_t channel, const Grant& grant) {
  edges_[edge]->grant(channel, grant);
  check_snapshot_done();
}

void Task::on_trigger(const Barrier& barrier) {
  trigger_ = barrier;
  act_on_trigger();
}

void Task::act_on_trigger() {
  const bool only_loop_left = loop_ && gate_.all_ended();
  if (!trigger_ || (!source_ && !finished_ && !only_loop_left)) return;
  const Barrier barrier = *trigger_;
  trigger_.reset();
  if (barrier.checkpoint <= last_frozen_) return;
  if (only_loop_left && !finished_) gate_.start(barrier);
  snapshot(barrier);
}

void Task::on_complete(CheckpointId checkpoint) {
  // The job got past what failed before. The checkpoint restored from does not count: it was not frozen here.
  if (checkpoint == last_frozen_) options_.isolating = false;
  for (std::uint32_t index = 0; index < nodes_.size(); ++index) {
    active_ = index;
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

void Task::on_time() {
  const ProcessingTime now = environment_.now();
  overtake_if_due();
  overtake_downstream_if_due();
  for (const auto& context : contexts_) {
    if (!context->wake_) continue;
    if (*context->wake_ > now) environment_.wake_at(*context->wake_);
    else time_due_ = true;
  }
  source_waits_ = false;
  finish_waits_ = false;
}

/// Calls the next operator whose time has come; those whose finish() is done emit nothing more.
bool Task::step_time() {
  if (!time_due_) return false;
  const ProcessingTime now = environment_.now();
  for (auto index = static_cast<std::uint32_t>(finishing_.value_or(0)); index < nodes_.size(); ++index) {
    Context& context = *contexts_[index];
    if (!context.wake_ || *context.wake_ > now) continue;
    context.wake_.reset();
    active_ = index;
    if (nodes_[index].op->on_processing_time(now) == Progress::More) context.wake_ = now;
    return true;
  }
  time_due_ = false;
  return false;
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

void Task::on_wake() {
  source_waits_ = false;
  finish_waits_ = false;
  woken_ = true;
}

void Task::stop() { stopped_ = true; }

bool Task::run(std::size_t steps) {
  deliver_fused();
  const std::int64_t start = environment_.ticks_ns();
  for (std::size_t taken = 0; taken < steps; ++taken) {
    if (!step()) return flush();
    if (environment_.ticks_ns() - start > kLongestRunNs) break;
  }
  return true;
}

/// Sends what was collected. True when that made room to go on.
bool Task::flush() {
  for (auto& edge : edges_) edge->flush();
  return false;
}

bool Task::step() {
  const bool snapshotting = step_snapshot();
  if (finished_ || blocked()) return snapshotting;
  if (std::exchange(woken_, false)) {
    for (auto index = static_cast<std::uint32_t>(finishing_.value_or(0)); index < nodes_.size(); ++index) {
      active_ = index;
      nodes_[index].op->on_wake();
    }
    return true;
  }
  if (step_time()) return true;
  if (head_watermark_) {
    active_ = 0;
    const EventTime time = *head_watermark_;
    contexts_[0]->watermark_ = time;
    if (nodes_[0].op->on_watermark(time) == Progress::Done) {
      head_watermark_.reset();
      if (!nodes_[0].op->makes_watermarks()) forward_watermark(0, time);
    }
    return true;
  }
  if (held_probe_ && send_probe()) return true;
  if (finishing_) return step_finish() || snapshotting;
  return (source_ ? step_source() : step_gate()) || snapshotting;
}

bool Task::step_snapshot() {
  if (!snapshot_ || snapshot_->written) return false;
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

bool Task::step_source() {
  if (source_waits_ && !stopped_) return false;
  active_ = 0;
  if (stopped_) {
    finishing_ = 0;
    return true;
  }
  const std::int64_t start = environment_.ticks_ns();
  origin_ = {};  // what fails in the source itself is not in the batch before
  const SourceOperator::Poll poll = source_->poll(std::min(batch_records(), poll_records_));
  adapt_poll(environment_.ticks_ns() - start);
  switch (poll.state) {
    case SourceOperator::Poll::State::More: return true;
    case SourceOperator::Poll::State::Wait:
      source_waits_ = true;
      if (poll.wake_at) contexts_[0]->wake_at(*poll.wake_at);
      return false;
    case SourceOperator::Poll::State::End: break;
  }
  head_watermark_ = EventTime::max();
  finishing_ = 0;
  return true;
}

/// Everything fused with a source runs within its poll, so a slow chain must poll less at a time: barriers wait for the poll.
void Task::adapt_poll(std::int64_t spent_ns) {
  constexpr std::int64_t kLongest = 10'000'000;
  if (spent_ns > kLongest) poll_records_ = std::max<std::size_t>(1, poll_records_ / 2);
  else if (spent_ns < kLongest / 4) poll_records_ = std::min<std::size_t>(options_.credit.batch_records, poll_records_ * 2);
}

bool Task::step_gate() {
  GateEvent event = gate_.next([this](std::uint32_t input) { return nodes_[0].op->accepts(input); });
  if (event.kind == GateEvent::Kind::None) return false;
  switch (event.kind) {
    case GateEvent::Kind::Batch: consume(std::move(event)); break;
    case GateEvent::Kind::Watermark: on_watermark_event(event.time); break;
    case GateEvent::Kind::Idle: idle_reached(0); break;
    case GateEvent::Kind::Barrier: snapshot(event.barrier); break;
    case GateEvent::Kind::InputEnded: on_input_end(event.input); break;
    case GateEvent::Kind::Probe: on_probe(event.probe); break;
    case GateEvent::Kind::Ended: on_ended(); break;
    case GateEvent::Kind::None: break;
  }
  return true;
}

void Task::on_watermark_event(EventTime time) {
  if (loop_ && time == EventTime::max()) loop_->hold_end_of_time();
  else head_watermark_ = time;
}

void Task::on_input_end(std::uint32_t input) {
  active_ = 0;
  nodes_[0].op->on_input_end(input);
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

void Task::consume(GateEvent event) {
  const std::size_t records = event.batch->size();
  metrics_.records_in += records;
  was_finished_ = false;
  ++metrics_.batches_in;
  origin_ = event.batch->origin;
  if (input_specs_[event.channel].channel.kind == InputChannel::Kind::Feedback) loop_->on_batch();
  deliver(0, std::move(event.batch), event.input);
  const std::int64_t now = environment_.ticks_ns();
  const std::int64_t spent = now - last_consumed_ns_;
  last_consumed_ns_ = now;
  if (uncredited_[event.channel] > 0) {
    --uncredited_[event.channel];
    return;
  }
  Grant grant = windows_[event.channel].consumed(records, spent);
  if (options_.isolating) grant.batch_records = 1;
  environment_.grant(event.channel, grant);
}

bool Task::step_finish() {
  if (finish_waits_) return false;
  const auto index = static_cast<std::uint32_t>(*finishing_);
  if (index < nodes_.size()) {
    active_ = index;
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

void Task::deliver(std::uint32_t node, BatchPtr batch, std::uint32_t input) {
  active_ = node;
  nodes_[node].op->process(std::move(batch), input);
}

void Task::emit(std::uint32_t node, std::uint32_t port, BatchPtr batch) {
  const auto& ports = nodes_[node].ports;
  if (batch->size() == 0 || port >= ports.size() || ports[port].empty()) return;
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

template <class Visit>
void Task::for_targets(std::uint32_t node, PortTarget::Kind kind, Visit&& visit) {
  std::vector<std::uint32_t> seen;
  for (const auto& port : nodes_[node].ports) {
    for (const PortTarget& target : port) {
      if (target.kind != kind || std::find(seen.begin(), seen.end(), target.index) != seen.end()) continue;
      seen.push_back(target.index);
      visit(target.index);
    }
  }
}

void Task::forward_watermark(std::uint32_t node, EventTime time) {
  for_targets(node, PortTarget::Kind::Edge, [&](std::uint32_t edge) { edges_[edge]->broadcast(Watermark{time}); });
  for_targets(node, PortTarget::Kind::Operator, [&](std::uint32_t child) { watermark_reached(child, time); });
  active_ = node;
}

/// An operator behind another one in the chain: its calls cannot wait for room, and they emit little.
void Task::watermark_reached(std::uint32_t node, EventTime time) {
  if (time < contexts_[node]->watermark_) return;  // a maker of watermarks that was restored starts lower
  active_ = node;
  contexts_[node]->watermark_ = time;
  while (nodes_[node].op->on_watermark(time) == Progress::More) {
  }
  if (!nodes_[node].op->makes_watermarks()) forward_watermark(node, time);
}

void Task::forward_idle(std::uint32_t node) {
  for_targets(node, PortTarget::Kind::Edge, [&](std::uint32_t edge) { edges_[edge]->broadcast(Idle{}); });
  for_targets(node, PortTarget::Kind::Operator, [&](std::uint32_t child) { idle_reached(child); });
}

void Task::idle_reached(std::uint32_t node) {
  active_ = node;
  if (nodes_[node].op->makes_watermarks()) nodes_[node].op->on_idle();
  else forward_idle(node);
}

void Task::forward_split(std::uint32_t node, const SplitEvent& event) {
  for_targets(node, PortTarget::Kind::Operator, [&](std::uint32_t child) { nodes_[child].op->on_split(event); });
}

void Task::snapshot(const Barrier& barrier) {
  const std::int64_t start = environment_.ticks_ns();
  deliver_fused();
  barrier_since_.reset();
  trigger_.reset();
  if (snapshot_) on_abandoned(snapshot_->barrier.checkpoint);
  const bool delta = barrier.mode != Barrier::Mode::Savepoint && barrier.parent != 0 && barrier.parent == last_frozen_;
  for (std::uint32_t index = 0; index < nodes_.size(); ++index) {
    active_ = index;
    nodes_[index].op->before_snapshot(barrier.checkpoint);
  }
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

void Task::store_recorded(CheckpointId checkpoint) {
  for (StateChunk& chunk : recorded_) environment_.store(checkpoint, 0, std::move(chunk));
  recorded_.clear();
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

bool Task::blocked() const {
  return std::any_of(edges_.begin(), edges_.end(), [](const auto& edge) { return edge->blocked(); });
}

std::size_t Task::batch_records() const {
  if (options_.isolating) return 1;
  std::size_t records = options_.credit.batch_records;
  for (const auto& edge : edges_) records = std::min(records, edge->batch_records());
  return records;
}

std::size_t Task::state_bytes() const {
  std::size_t bytes = 0;
  for (const auto& context : contexts_) bytes += context->state().memory_bytes();
  return bytes;
}

TaskPosition Task::position() const { return {nodes_[active_].name, origin_}; }

}  // namespace weir
