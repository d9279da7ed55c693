#include <weir/dataflow/task_context.hpp>

#include <algorithm>
#include <utility>

#include <weir/dataflow/in_flight.hpp>

namespace weir {
namespace {

constexpr std::int64_t kLongestRunNs = 2'000'000;  // then barriers and credits that arrived meanwhile are looked at
constexpr std::int64_t kLongestUnflushedNs = 50'000'000;  // well below the time in flight, and few small batches a second

}  // namespace

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
  const auto remote = static_cast<std::uint32_t>(std::ranges::count(input_specs_, true, &TaskInput::remote));
  for (const TaskInput& input : input_specs_) {
    CreditOptions credit = options_.credit;
    if (input.channel.kind == InputChannel::Kind::Feedback) {
      credit.window = kUnlimitedWindow;
      loop_.emplace();
    }
    windows_.emplace_back(credit, input.remote ? std::max(credit.window, credit.remote_window / remote) : credit.window);
  }
  uncredited_.resize(input_specs_.size());
  poll_records_ = options_.credit.initial_batch();
  source_ = dynamic_cast<SourceOperator*>(nodes_.front().op.get());
  open();
}

Task::~Task() = default;

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
    enter(index);
    if (nodes_[index].op->on_processing_time(now) == Progress::More) context.wake_ = now;
    return true;
  }
  time_due_ = false;
  return false;
}

void Task::on_wake() {
  source_waits_ = false;
  finish_waits_ = false;
  woken_ = true;
}

bool Task::run(std::size_t steps) {
  deliver_fused();
  const std::int64_t start = lap_ns_ = environment_.ticks_ns();
  for (std::size_t taken = 0; taken < steps; ++taken) {
    const std::int64_t before = lap_ns_;
    if (!step()) {
      flush();
      return false;
    }
    if (lap_ns_ == before) lap();
    if (lap_ns_ - start > kLongestRunNs) break;
  }
  if (lap_ns_ - flushed_ns_ > kLongestUnflushedNs) flush();
  return true;
}

/// Nanoseconds since the last lap of this run. Reading a clock costs as much as many records, so a step does it once.
std::int64_t Task::lap() {
  const std::int64_t now = environment_.ticks_ns();
  return now - std::exchange(lap_ns_, now);
}

/// Sends what was collected, as far as there is credit.
void Task::flush() {
  for (auto& edge : edges_) edge->flush();
  flushed_ns_ = lap_ns_;
}

bool Task::step() {
  const bool snapshotting = step_snapshot();
  if (finished_ || blocked()) return snapshotting;
  if (std::exchange(woken_, false)) {
    for (auto index = static_cast<std::uint32_t>(finishing_.value_or(0)); index < nodes_.size(); ++index) {
      enter(index);
      nodes_[index].op->on_wake();
    }
    return true;
  }
  if (step_time()) return true;
  if (head_watermark_) {
    enter(0);
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

bool Task::step_source() {
  if (source_waits_) return false;
  enter(0);
  const SourceOperator::Poll poll = source_->poll(std::min(batch_records(), poll_records_));
  adapt_poll(lap());
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
  else if (spent_ns < kLongest / 4) poll_records_ = std::min(std::size_t{options_.credit.batch_records}, poll_records_ * 2);
}

bool Task::step_gate() {
  GateEvent event = gate_.next([this](std::uint32_t input) { return nodes_[0].op->accepts(input); });
  if (event.kind == GateEvent::Kind::None) return false;
  switch (event.kind) {
    case GateEvent::Kind::Batch: consume(std::move(event)); break;
    case GateEvent::Kind::Watermark: on_watermark_event(event.time); break;
    case GateEvent::Kind::Idle: idle_reached(0); break;
    case GateEvent::Kind::Barrier: snapshot(event.barrier); break;
    case GateEvent::Kind::InputEnded: on_input_end(event.input, event.time); break;
    case GateEvent::Kind::Probe: on_probe(event.probe); break;
    case GateEvent::Kind::Ended: on_ended(); break;
    case GateEvent::Kind::None: break;
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
  lap();
  const std::int64_t spent = lap_ns_ - std::exchange(last_consumed_ns_, lap_ns_);
  if (uncredited_[event.channel] > 0) {
    --uncredited_[event.channel];
    return;
  }
  Grant grant = windows_[event.channel].consumed(records, spent);
  if (grant.credits == 0) return;
  if (options_.isolating) grant.batch_records = 1;
  environment_.grant(event.channel, grant);
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

EventTime Task::watermark() const {
  const bool made = std::any_of(nodes_.begin(), nodes_.end(), [](const TaskNode& node) { return node.op->makes_watermarks(); });
  return made ? made_watermark_.value_or(EventTime::min()) : gate_.watermark();
}

std::string Task::watermark_holder() const {
  for (const TaskNode& node : nodes_) {
    if (std::string holder = node.op->watermark_holder(); !holder.empty()) return holder;
  }
  const auto holding = gate_.holding();
  return holding ? input_specs_[holding->first].sender : std::string();
}

TaskPosition Task::position() const { return {nodes_[active_].name, origin_}; }

}  // namespace weir
