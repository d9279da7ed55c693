// The receiving end of a task's channels: one queue per channel, so that a channel blocked by a barrier
// holds back no other (I4), the joint watermark, and the alignment of barriers. Pure: elements in, events out.
//
// Alignment. A barrier that reaches the front of its queue blocks the channel; when every channel that is open
// has delivered it, the gate reports it once and unblocks all. Overtaking: overtake() reports the barrier at
// once; what it passed (queued before it, or arriving before it) is handed to the recorder, as the state of the
// channel (Chandy and Lamport, 1985), and is processed as usual afterwards. A feedback channel is always
// overtaken, since its barrier can only follow the task's own.
//
// Watermarks. The joint watermark is the minimum over channels that are neither idle nor ended; it never goes
// back (I6).
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include <weir/dataflow/element.hpp>

namespace weir {

struct InputChannel {
  std::uint32_t input = 0;  // of the operator at the head of the task
  enum class Kind : std::uint8_t {
    Ordinary,
    Copies,    // broadcast: every receiver has its own progress, so its barriers are never overtaken
    Feedback,  // closes a loop
  };
  Kind kind = Kind::Ordinary;
};

/// What the task must do next.
struct GateEvent {
  enum class Kind : std::uint8_t {
    None,       // nothing that may be taken now
    Batch,      // process `batch`, then grant credit to `channel`
    Watermark,  // the joint watermark is now `time`
    Idle,       // no channel is active
    Barrier,    // snapshot, then forward `barrier`
    Ended,      // every ordinary channel has ended and is drained
  };
  Kind kind = Kind::None;
  std::uint32_t channel = 0;
  std::uint32_t input = 0;
  BatchPtr batch;
  EventTime time;
  Barrier barrier;
};

class InputGate {
 public:
  using Recorder = std::function<void(std::uint32_t channel, const Element&)>;
  using Accepts = std::function<bool(std::uint32_t input)>;

  InputGate(std::vector<InputChannel> channels, Recorder recorder);

  void enqueue(std::uint32_t channel, Element element);

  /// Takes the next event. Batches of inputs that `accepts` refuses stay queued.
  GateEvent next(const Accepts& accepts);

  /// The barrier that some channel holds and others lack, if any: what alignment waits for.
  std::optional<Barrier> waiting() const;
  /// Reports the waiting barrier now if no Copies channel still lacks it, and starts to record.
  std::optional<Barrier> overtake();
  /// Whether a reported barrier's channel state is still being recorded.
  bool recording() const { return recording_left_ > 0; }
  /// Forgets a checkpoint that was given up: unblocks its channels, stops recording.
  void abandon(CheckpointId checkpoint);

  EventTime watermark() const { return joint_; }
  /// Continues from a restored watermark.
  void restore_watermark(EventTime time) { joint_ = time; }
  /// The channel that holds the joint watermark back, and how far it is; empty when none is active.
  std::optional<std::pair<std::uint32_t, EventTime>> holding() const;

  std::size_t channels() const { return channels_.size(); }
  std::size_t queued_batches(std::uint32_t channel) const { return channels_[channel].queued_batches; }
  bool all_ended() const { return open_ == 0; }

 private:
  struct Channel {
    InputChannel spec;
    std::deque<Element> queue;
    std::size_t queued_batches = 0;
    EventTime watermark = EventTime::min();
    bool idle = false;
    bool ended = false;
    CheckpointId reached = 0;     // the latest barrier taken from the queue, or overtaken
    CheckpointId recording = 0;   // elements that arrive before this barrier are recorded
  };

  bool blocked(const Channel& channel) const { return alignment_ && channel.reached == alignment_->checkpoint; }
  std::optional<GateEvent> take(std::uint32_t index, const Accepts& accepts);
  std::optional<GateEvent> reach(std::uint32_t index, const Barrier& barrier);
  std::optional<GateEvent> report_if_aligned();
  std::optional<GateEvent> update_watermark();
  void start_recording(Channel& channel, std::uint32_t index, CheckpointId checkpoint);
  void complete(const Barrier& barrier);
  void stop_recording(Channel& channel);

  std::vector<Channel> channels_;
  Recorder recorder_;
  std::uint32_t turn_ = 0;
  std::size_t open_ = 0;  // ordinary channels that have not ended
  bool ended_reported_ = false;
  EventTime joint_ = EventTime::min();
  bool idle_reported_ = false;
  std::optional<Barrier> alignment_;
  CheckpointId reported_ = 0;
  std::size_t recording_left_ = 0;
};

}  // namespace weir
