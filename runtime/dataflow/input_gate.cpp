#include <weir/dataflow/input_gate.hpp>

#include <algorithm>
#include <utility>

namespace weir {

InputGate::InputGate(std::vector<InputChannel> channels, Recorder recorder)
    : channels_(channels.size()), recorder_(std::move(recorder)) {
  for (std::size_t index = 0; index < channels.size(); ++index) {
    channels_[index].spec = channels[index];
    const bool feedback = channels[index].kind == InputChannel::Kind::Feedback;
    if (!feedback) ++open_;
    has_feedback_ |= feedback;
  }
}

void InputGate::enqueue(std::uint32_t index, Element element) {
  Channel& channel = channels_[index];
  if (channel.recording != 0) {
    const auto* barrier = std::get_if<Barrier>(&element);
    if (barrier != nullptr && barrier->checkpoint >= channel.recording) {
      const bool ours = barrier->checkpoint == channel.recording;
      stop_recording(channel);
      if (ours) {
        channel.reached = barrier->checkpoint;
        return;
      }
    } else if (std::holds_alternative<End>(element)) {
      stop_recording(channel);
    } else {
      recorder_(index, element);
    }
  }
  if (is_batch(element)) {
    ++channel.queued_batches;
    if (channel.spec.kind == InputChannel::Kind::Feedback) ++feedback_batches_;
  }
  if (channel.queue.size() > channel.restored && replaces(element, channel.queue.back())) channel.queue.pop_back();
  channel.queue.push_back(std::move(element));
}

void InputGate::restore(std::uint32_t index, Element element) {
  ++channels_[index].restored;
  ++restored_left_;
  enqueue(index, std::move(element));
}

GateEvent InputGate::next(const Accepts& accepts) {
  if (auto event = report_due()) return std::move(*event);
  while (const auto index = choose(accepts)) {
    if (auto event = take(*index)) return std::move(*event);
  }
  if (open_ == 0 && !ended_reported_) {
    const bool drained = std::all_of(channels_.begin(), channels_.end(), [](const Channel& c) {
      return c.spec.kind == InputChannel::Kind::Feedback || c.queue.empty();
    });
    if (drained) {
      ended_reported_ = true;
      GateEvent event;
      event.kind = GateEvent::Kind::Ended;
      return event;
    }
  }
  return {};
}

bool InputGate::ready(const Channel& channel, const Accepts& accepts) const {
  if (channel.queue.empty() || blocked(channel)) return false;
  return !is_batch(channel.queue.front()) || (!held_by_loop(channel) && accepts(channel.spec.input));
}

/// Records from outside wait while records that came round do: a loop's channels have no bound, so they are emptied first.
/// But a barrier may be behind them, and a loop that never rests must not hold up a savepoint for ever.
bool InputGate::held_by_loop(const Channel& channel) const {
  return feedback_batches_ > 0 && channel.spec.kind != InputChannel::Kind::Feedback && !waiting();
}

/// The next channel in turn from which an element may be taken; one with restored elements, if there is any; or else one
/// that is behind it in event time, though not for ever.
std::optional<std::uint32_t> InputGate::choose(const Accepts& accepts) {
  constexpr std::uint32_t kMostYields = 15;  // elements: evens out sources of which one is as many times as dense
  const auto count = static_cast<std::uint32_t>(channels_.size());
  std::optional<std::uint32_t> next;
  std::optional<std::uint32_t> behind;
  for (std::uint32_t tried = 0; tried < count; ++tried) {
    const std::uint32_t index = (turn_ + tried) % count;
    const Channel& channel = channels_[index];
    if (!ready(channel, accepts)) continue;
    if (channel.restored > 0) return turn_ = index;
    if (!next) next = index;
    else if (is_behind(channel, channels_[behind.value_or(*next)])) behind = index;
    if (restored_left_ == 0 && yields_ == kMostYields) break;
  }
  if (!next) return {};
  turn_ = *next;
  const bool yields = behind && yields_ < kMostYields;
  yields_ = yields ? yields_ + 1 : 0;
  return yields ? behind : next;
}

/// Whether a channel holds event time back compared with another one. One without watermarks holds back nothing that its
/// turn would hasten.
bool InputGate::is_behind(const Channel& channel, const Channel& other) {
  return channel.watermark < other.watermark && channel.watermark > EventTime::min();
}

std::optional<GateEvent> InputGate::take(std::uint32_t index) {
  Channel& channel = channels_[index];
  Element element = std::move(channel.queue.front());
  channel.queue.pop_front();
  if (channel.restored > 0) {
    --channel.restored;
    --restored_left_;
  }
  if (is_batch(element)) {
    --channel.queued_batches;
    if (channel.spec.kind == InputChannel::Kind::Feedback) --feedback_batches_;
    channel.idle = false;
    idle_reported_ = false;
    if (yields_ == 0) turn_ = (index + 1) % static_cast<std::uint32_t>(channels_.size());
    GateEvent event;
    event.kind = GateEvent::Kind::Batch;
    event.channel = index;
    event.input = channel.spec.input;
    event.batch = take_batch(element);
    return event;
  }
  if (const auto* watermark = std::get_if<Watermark>(&element)) {
    channel.idle = false;
    idle_reported_ = false;
    channel.watermark = std::max(channel.watermark, watermark->time);
    return update_watermark();
  }
  if (std::holds_alternative<Idle>(element)) {
    channel.idle = true;
    return update_watermark();
  }
  if (const auto* barrier = std::get_if<Barrier>(&element)) return reach(index, *barrier);
  if (const auto* probe = std::get_if<Probe>(&element)) {
    channel.probes.push_back(*probe);
    return report_probe();
  }
  return end(index);
}

std::optional<GateEvent> InputGate::end(std::uint32_t index) {
  Channel& channel = channels_[index];
  channel.ended = true;
  if (channel.spec.kind == InputChannel::Kind::Feedback) return std::nullopt;
  --open_;
  channel_ended_ = true;
  GateEvent event;
  event.kind = GateEvent::Kind::InputEnded;
  event.input = channel.spec.input;
  event.time = EventTime::max();
  for (const Channel& other : channels_) {
    if (other.spec.input != channel.spec.input || other.spec.kind == InputChannel::Kind::Feedback) continue;
    if (!other.ended) return report_due();
    event.time = std::min(event.time, other.watermark);
  }
  return event;
}

/// A channel that has ended no longer holds back barriers, watermarks and probes.
std::optional<GateEvent> InputGate::report_due() {
  if (auto event = report_if_aligned()) return event;
  if (!channel_ended_) return std::nullopt;
  if (auto event = update_watermark()) return event;
  if (auto event = report_probe()) return event;
  channel_ended_ = false;
  return std::nullopt;
}

/// At a loop's head probes come on the channels that close it; inside, on all channels that have not ended.
std::optional<GateEvent> InputGate::report_probe() {
  GateEvent event;
  event.kind = GateEvent::Kind::Probe;
  event.probe.disturbed = false;
  bool any = false;
  for (const Channel& channel : channels_) {
    if (has_feedback_ && channel.spec.kind != InputChannel::Kind::Feedback) continue;
    if (channel.probes.empty() && !channel.ended) return std::nullopt;
    if (channel.probes.empty()) continue;
    any = true;
    event.probe.disturbed |= channel.probes.front().disturbed;
  }
  if (!any) return std::nullopt;
  for (Channel& channel : channels_) {
    if (!channel.probes.empty()) channel.probes.pop_front();
  }
  return event;
}

std::optional<GateEvent> InputGate::reach(std::uint32_t index, const Barrier& barrier) {
  Channel& channel = channels_[index];
  channel.reached = std::max(channel.reached, barrier.checkpoint);
  if (barrier.checkpoint <= reported_) return std::nullopt;  // of a checkpoint that was given up or overtaken
  if (!alignment_ || alignment_->checkpoint < barrier.checkpoint) alignment_ = barrier;
  return report_if_aligned();
}

std::optional<GateEvent> InputGate::report_if_aligned() {
  if (!alignment_) return std::nullopt;
  for (const Channel& channel : channels_) {
    if (channel.spec.kind == InputChannel::Kind::Feedback || channel.ended) continue;
    if (channel.reached < alignment_->checkpoint) return std::nullopt;
  }
  GateEvent event;
  event.kind = GateEvent::Kind::Barrier;
  event.barrier = *alignment_;
  complete(event.barrier);
  return event;
}

std::optional<Barrier> InputGate::waiting() const {
  if (alignment_) return alignment_;
  const Barrier* found = nullptr;
  for (const Channel& channel : channels_) {
    for (const Element& element : channel.queue) {
      const auto* barrier = std::get_if<Barrier>(&element);
      if (barrier != nullptr && barrier->checkpoint > reported_ && (!found || found->checkpoint < barrier->checkpoint)) {
        found = barrier;
      }
    }
  }
  return found ? std::optional<Barrier>(*found) : std::nullopt;
}

std::optional<Barrier> InputGate::overtake() {
  auto barrier = waiting();
  if (!barrier || barrier->mode == Barrier::Mode::Savepoint) return std::nullopt;
  for (const Channel& channel : channels_) {
    if (channel.spec.kind == InputChannel::Kind::Copies && !channel.ended && channel.reached < barrier->checkpoint) {
      return std::nullopt;
    }
  }
  barrier->mode = Barrier::Mode::Overtaking;
  for (std::uint32_t index = 0; index < channels_.size(); ++index) {
    Channel& channel = channels_[index];
    if (channel.spec.kind == InputChannel::Kind::Ordinary && !channel.ended && channel.reached < barrier->checkpoint) {
      start_recording(channel, index, barrier->checkpoint);
    }
  }
  complete(*barrier);
  return barrier;
}

/// Records what is queued before the barrier, and what will arrive before it.
void InputGate::start_recording(Channel& channel, std::uint32_t index, CheckpointId checkpoint) {
  for (auto element = channel.queue.begin(); element != channel.queue.end(); ++element) {
    const auto* barrier = std::get_if<Barrier>(&*element);
    if (barrier != nullptr && barrier->checkpoint == checkpoint) {
      channel.queue.erase(element);
      channel.reached = checkpoint;
      return;
    }
    if (std::holds_alternative<End>(*element)) return;
    if (barrier == nullptr) recorder_(index, *element);
  }
  if (channel.recording == 0) ++recording_left_;  // otherwise a checkpoint that was given up is being recorded
  channel.recording = checkpoint;
}

/// The barrier is reported: unblock, and let feedback channels be recorded from here on.
void InputGate::complete(const Barrier& barrier) {
  alignment_.reset();
  reported_ = barrier.checkpoint;
  for (std::uint32_t index = 0; index < channels_.size(); ++index) {
    Channel& channel = channels_[index];
    if (channel.spec.kind == InputChannel::Kind::Feedback && !channel.ended && channel.reached < barrier.checkpoint) {
      start_recording(channel, index, barrier.checkpoint);
    }
  }
}

void InputGate::stop_recording(Channel& channel) {
  channel.recording = 0;
  --recording_left_;
}

void InputGate::abandon(CheckpointId checkpoint) {
  if (alignment_ && alignment_->checkpoint <= checkpoint) alignment_.reset();
  reported_ = std::max(reported_, checkpoint);
  for (Channel& channel : channels_) {
    if (channel.recording != 0 && channel.recording <= checkpoint) stop_recording(channel);
  }
}

std::optional<std::pair<std::uint32_t, EventTime>> InputGate::holding() const {
  std::optional<std::pair<std::uint32_t, EventTime>> lowest;
  for (std::uint32_t index = 0; index < channels_.size(); ++index) {
    const Channel& channel = channels_[index];
    if (channel.spec.kind == InputChannel::Kind::Feedback) continue;
    // An idle channel on which something has come is back, also before that is taken.
    if (channel.idle && !channel.ended && std::none_of(channel.queue.begin(), channel.queue.end(), ends_idleness)) continue;
    if (channel.ended && channel.watermark == EventTime::max()) continue;
    if (!lowest || channel.watermark < lowest->second) lowest = {index, channel.watermark};
  }
  return lowest;
}

std::optional<GateEvent> InputGate::update_watermark() {
  const auto lowest = holding();
  GateEvent event;
  if (!lowest) {
    // Ended channels have said their last; if all of them reached the end of time, so has the task.
    EventTime last = EventTime::min();
    bool idle = false;
    for (const Channel& channel : channels_) {
      if (channel.spec.kind == InputChannel::Kind::Feedback) continue;
      if (channel.ended) last = std::max(last, channel.watermark);
      idle |= !channel.ended;
    }
    if (idle) {
      if (std::exchange(idle_reported_, true)) return std::nullopt;
      event.kind = GateEvent::Kind::Idle;
      return event;
    }
    if (last <= joint_) return std::nullopt;
    joint_ = last;
  } else {
    if (lowest->second <= joint_) return std::nullopt;
    joint_ = lowest->second;
  }
  event.kind = GateEvent::Kind::Watermark;
  event.time = joint_;
  return event;
}

}  // namespace weir
