#include <weir/dataflow/task.hpp>

#include <algorithm>
#include <limits>

namespace weir {
namespace {

constexpr std::size_t kSnapshotBudget = 2048;  // entries per step: some tens of microseconds
constexpr const char* kMetaTable = "~task";

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
            if (snapshot_) {
              environment_.store(snapshot_->barrier.checkpoint, 0, in_flight_chunk("in:" + input_specs_[channel].label, element));
            }
          }) {
  if (options_.isolating) options_.credit.batch_records = 1;
  for (std::uint32_t index = 0; index < output_specs_.size(); ++index) {
    TaskOutput& output = output_specs_[index];
    edges_.push_back(std::make_unique<OutputEdge>(std::move(output.partitioner), output.channels, options_.credit,
                                                  [this, index](std::uint32_t channel, Element element) {
                                                    environment_.send(index, channel, std::move(element));
                                                  }));
  }
  for (const TaskInput& input : input_specs_) {
    CreditOptions credit = options_.credit;
    if (input.channel.kind == InputChannel::Kind::Feedback) credit.window = std::numeric_limits<std::uint32_t>::max() / 2;
    windows_.emplace_back(credit);
  }
  uncredited_.resize(input_specs_.size());
  source_ = dynamic_cast<SourceOperator*>(nodes_.front().op.get());
  open();
}

Task::~Task() = default;

void Task::open() {
  const KeyOwnership ownership{groups_of_task(options_.task, options_.parallelism, options_.key_groups), options_.key_groups};
  for (std::uint32_t index = 0; index < nodes_.size(); ++index) {
    TaskNode& node = nodes_[index];
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
      gate_.enqueue(channel, std::move(element));
    }
    input_specs_[channel].restored.clear();
  }
  last_consumed_ns_ = environment_.ticks_ns();
}

/// The watermark and the end of the run restored from: the least that any task of it had reached.
void Task::restore_meta() {
  OperatorState& state = contexts_.front()->state();
  auto& metas = state.list<TaskMeta>(kMetaTable, ChunkKind::Union);
  meta_ = &metas;
  if (metas.empty()) return;
  EventTime watermark = EventTime::max();
  was_finished_ = true;
  for (const TaskMeta& meta : metas) {
    watermark = std::min(watermark, meta.watermark);
    was_finished_ &= meta.finished;
  }
  metas.clear();
  gate_.restore_watermark(watermark);
  for (auto& context : contexts_) context->watermark_ = watermark;
  if (watermark != EventTime::min() && !source_) head_watermark_ = watermark;  // what it had not fired is still to do
}

void Task::on_element(std::uint32_t channel, Element element) {
  const auto* barrier = std::get_if<Barrier>(&element);
  const auto arrived = barrier ? std::optional<Barrier>(*barrier) : std::nullopt;
  if (is_batch(element) && gate_.queued_batches(channel) == 0) last_consumed_ns_ = environment_.ticks_ns();
  gate_.enqueue(channel, std::move(element));
  if (arrived) {
    if (!barrier_since_) {
      barrier_since_ = environment_.now();
      if (arrived->mode == Barrier::Mode::Aligned) environment_.wake_at(*barrier_since_ + options_.alignment_limit);
    }
    if (arrived->mode == Barrier::Mode::Overtaking) {
      if (const auto reported = gate_.overtake()) snapshot(*reported);
    }
    check_snapshot_done();
  }
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
  if (!trigger_ || (!source_ && !finished_)) return;
  const Barrier barrier = *trigger_;
  trigger_.reset();
  if (barrier.checkpoint > last_frozen_) snapshot(barrier);
}

void Task::on_complete(CheckpointId checkpoint) {
  for (std::uint32_t index = 0; index < nodes_.size(); ++index) {
    active_ = index;
    nodes_[index].op->on_complete(checkpoint);
  }
}

void Task::on_abandoned(CheckpointId checkpoint) {
  gate_.abandon(checkpoint);
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
  for (std::uint32_t index = 0; index < nodes_.size(); ++index) {
    Context& context = *contexts_[index];
    if (!context.wake_ || *context.wake_ > now) {
      if (context.wake_) environment_.wake_at(*context.wake_);
      continue;
    }
    context.wake_.reset();
    active_ = index;
    // An operator that has more to do than there is room for asks to be woken again.
    while (nodes_[index].op->on_processing_time(now) == Progress::More) {
      if (blocked()) {
        context.wake_at(now);
        break;
      }
    }
  }
  source_waits_ = false;
}

void Task::overtake_if_due() {
  if (barrier_since_ && environment_.now() >= *barrier_since_ + options_.alignment_limit) {
    if (const auto barrier = gate_.overtake()) snapshot(*barrier);
    if (!gate_.waiting()) barrier_since_.reset();
  }
  if (!snapshot_ || snapshot_->barrier.mode == Barrier::Mode::Savepoint || !barrier_waits_downstream()) return;
  Barrier barrier = snapshot_->barrier;
  barrier.mode = Barrier::Mode::Overtaking;
  for (std::uint32_t index = 0; index < edges_.size(); ++index) {
    if (edges_[index]->broadcasts()) continue;
    edges_[index]->overtake(barrier, [&](std::uint32_t channel, const Element& element) {
      environment_.store(barrier.checkpoint, 0, in_flight_chunk("out:" + output_specs_[index].labels[channel], element));
    });
  }
  check_snapshot_done();
}

void Task::on_wake() {
  source_waits_ = false;
  finish_waits_ = false;
  for (std::uint32_t index = 0; index < nodes_.size(); ++index) {
    active_ = index;
    nodes_[index].op->on_wake();
  }
}

void Task::stop() { stopped_ = true; }

bool Task::run(std::size_t steps) {
  for (std::size_t taken = 0; taken < steps; ++taken) {
    if (step()) continue;
    return flush();
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
  const SourceOperator::Poll poll = source_->poll(batch_records());
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

bool Task::step_gate() {
  GateEvent event = gate_.next([this](std::uint32_t input) { return nodes_[0].op->accepts(input); });
  if (event.kind == GateEvent::Kind::None) return false;
  switch (event.kind) {
    case GateEvent::Kind::Batch: consume(std::move(event)); break;
    case GateEvent::Kind::Watermark: head_watermark_ = event.time; break;
    case GateEvent::Kind::Idle:
      if (!nodes_[0].op->makes_watermarks()) forward_idle(0);
      break;
    case GateEvent::Kind::Barrier: snapshot(event.barrier); break;
    case GateEvent::Kind::Ended: finishing_ = 0; break;
    case GateEvent::Kind::None: break;
  }
  return true;
}

void Task::consume(GateEvent event) {
  const std::size_t records = event.batch->size();
  metrics_.records_in += records;
  ++metrics_.batches_in;
  origin_ = event.batch->origin;
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
  active_ = node;
  contexts_[node]->watermark_ = time;
  while (nodes_[node].op->on_watermark(time) == Progress::More) {
  }
  if (!nodes_[node].op->makes_watermarks()) forward_watermark(node, time);
}

void Task::forward_idle(std::uint32_t node) {
  for_targets(node, PortTarget::Kind::Edge, [&](std::uint32_t edge) { edges_[edge]->broadcast(Idle{}); });
  for_targets(node, PortTarget::Kind::Operator, [&](std::uint32_t child) {
    if (!nodes_[child].op->makes_watermarks()) forward_idle(child);
  });
}

void Task::forward_split(std::uint32_t node, const SplitEvent& event) {
  for_targets(node, PortTarget::Kind::Operator, [&](std::uint32_t child) { nodes_[child].op->on_split(event); });
}

void Task::snapshot(const Barrier& barrier) {
  const std::int64_t start = environment_.ticks_ns();
  barrier_since_.reset();
  trigger_.reset();
  if (snapshot_) on_abandoned(snapshot_->barrier.checkpoint);
  const bool delta = barrier.mode != Barrier::Mode::Savepoint && barrier.parent != 0 && barrier.parent == last_frozen_;
  for (std::uint32_t index = 0; index < nodes_.size(); ++index) {
    active_ = index;
    nodes_[index].op->before_snapshot(barrier.checkpoint);
  }
  snapshot_ = Snapshot{barrier, delta ? SnapshotMode::Delta : SnapshotMode::Full, !options_.checkpointed};
  last_frozen_ = barrier.checkpoint;
  if (options_.checkpointed) {
    // The watermark of an operator further down the chain is the head's, or of its own making and in its state.
    *meta_ = {TaskMeta{gate_.watermark(), finished_}};
    for (auto& context : contexts_) context->state().freeze(snapshot_->mode);
  }
  for (std::uint32_t index = 0; index < edges_.size() && !finished_; ++index) {
    if (barrier.mode == Barrier::Mode::Overtaking && !edges_[index]->broadcasts()) {
      edges_[index]->overtake(barrier, [&](std::uint32_t channel, const Element& element) {
        environment_.store(barrier.checkpoint, 0, in_flight_chunk("out:" + output_specs_[index].labels[channel], element));
      });
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

/// A batch as rows of (time, record), a watermark as one row of a time.
StateChunk Task::in_flight_chunk(const std::string& label, const Element& element) const {
  StateChunk chunk{label, ChunkKind::InFlight, {}, Columns()};
  if (const auto* batch = std::get_if<BatchPtr>(&element)) {
    const RecordType& type = (*batch)->type();
    chunk.schema = to_text(type.schema());
    chunk.block = Columns(type.columns);
    type.encode(**batch, chunk.block);
  } else if (const auto* watermark = std::get_if<Watermark>(&element)) {
    chunk.schema = to_text(Codec<EventTime>::schema());
    chunk.block = Columns(1);
    Codec<EventTime>::write(chunk.block, 0, watermark->time);
    chunk.block.rows = 1;
  }
  return chunk;
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
