#include <weir/dataflow/input_gate.hpp>

#include <algorithm>

namespace weir {

InputGate::InputGate(std::vector<InputChannel> channels, Recorder recorder)
    : channels_(channels.size()), recorder_(std::move(recorder)) {
  for (std::size_t index = 0; index < channels.size(); ++index) {
    channels_[index].spec = channels[index];
    if (channels[index].kind != InputChannel::Kind::Feedback) ++open_;
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
  if (is_batch(element)) ++channel.queued_batches;
  channel.queue.push_back(std::move(element));
}

GateEvent InputGate::next(const Accepts& accepts) {
  if (auto event = report_if_aligned()) return std::move(*event);
  for (std::size_t tried = 0; tried < channels_.size();) {
    const std::uint32_t index = turn_;
    Channel& channel = channels_[index];
    const bool ready = !channel.queue.empty() && !blocked(channel);
    if (ready) {
      const bool refused = is_batch(channel.queue.front()) && !accepts(channel.spec.input);
      if (!refused) {
        if (auto event = take(index, accepts)) return std::move(*event);
        tried = 0;
        continue;
      }
    }
    turn_ = (turn_ + 1) % static_cast<std::uint32_t>(channels_.size());
    ++tried;
  }
  if (open_ == 0 && !ended_reported_) {
    const bool drained = std::all_of(channels_.begin(), channels_.end(), [](const Channel& c) { return c.queue.empty(); });
    if (drained) {
      ended_reported_ = true;
      GateEvent event;
      event.kind = GateEvent::Kind::Ended;
      return event;
    }
  }
  return {};
}

std::optional<GateEvent> InputGate::take(std::uint32_t index, const Accepts&) {
  Channel& channel = channels_[index];
  Element element = std::move(channel.queue.front());
  channel.queue.pop_front();
  if (auto* batch = std::get_if<BatchPtr>(&element)) {
    --channel.queued_batches;
    channel.idle = false;
    idle_reported_ = false;
    turn_ = (index + 1) % static_cast<std::uint32_t>(channels_.size());
    GateEvent event;
    event.kind = GateEvent::Kind::Batch;
    event.channel = index;
    event.input = channel.spec.input;
    event.batch = std::move(*batch);
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
  channel.ended = true;
  if (channel.spec.kind != InputChannel::Kind::Feedback) --open_;
  if (auto event = report_if_aligned()) return event;
  return update_watermark();
}

std::optional<GateEvent> InputGate::reach(std::uint32_t index, const Barrier& barrier) {
  Channel& channel = channels_[index];
  channel.reached = std::max(channel.reached, barrier.checkpoint);
  if (barrier.checkpoint <= reported_) return std::nullopt;  // of a checkpoint that was given up or overtaken
  if (channel.spec.kind == InputChannel::Kind::Feedback) return std::nullopt;
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
    if (channel.spec.kind == InputChannel::Kind::Feedback) continue;
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
  channel.recording = checkpoint;
  ++recording_left_;
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
    if (channel.idle || channel.ended || channel.spec.kind == InputChannel::Kind::Feedback) continue;
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
