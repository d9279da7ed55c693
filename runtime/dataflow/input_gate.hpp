// The receiving end of a task's channels: one queue per channel, so that a channel blocked by a barrier
// holds back no other (I4), the joint watermark, and the alignment of barriers. Pure: elements in, events out.
//
// Alignment. A barrier that reaches the front of its queue blocks the channel; when every channel that is open
// has delivered it, the gate reports it once and unblocks all. Overtaking: overtake() reports the barrier at
// once; what it passed (queued before it, or arriving before it) is handed to the recorder, as the state of the
// channel (Chandy and Lamport, 1985), and is processed as usual afterwards. A feedback channel is always
// overtaken: its barrier mostly follows the task's own. One that comes first, from another head of the loop, blocks the
// channel like any other, but no barrier is waited for on it.
//
// Loops. Batches that come round go first: those from outside wait while any are queued, unless a barrier waits behind
// them. So a loop takes in no more than it can hold. A probe is reported when every channel of the loop has brought it.
//
// Watermarks. The joint watermark is the minimum over channels that are not idle; it never goes back (I6). A channel that
// ended has reached the end of time before, and so holds nothing back, unless its sender was stopped: then the records
// that it still had will come when the job is resumed. Channels take turns, but one that is behind in event time goes first:
// what the others bring would only wait for it, as state. So sources that are not equally dense go through event time
// together, held back by their credit. Watermarks cost no credit, so of two that are queued with nothing
// between them only the later is kept: what a slow task has queued is bounded by its batches and barriers.
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
    InputEnded, // every channel of `input` has ended, none of them before `time`, and is drained
    Probe,      // `probe` has arrived on all channels
    Ended,      // every channel but those that close a loop has ended and is drained
  };
  Kind kind = Kind::None;
  std::uint32_t channel = 0;
  std::uint32_t input = 0;
  BatchPtr batch;
  EventTime time;
  Barrier barrier;
  Probe probe;
};

class InputGate {
 public:
  using Recorder = std::function<void(std::uint32_t channel, const Element&)>;
  using Accepts = std::function<bool(std::uint32_t input)>;

  InputGate(std::vector<InputChannel> channels, Recorder recorder);

  void enqueue(std::uint32_t channel, Element element);
  /// An element that was in flight when the checkpoint restored from was taken. Such elements are taken before all others
  /// where possible: after a change of parallelism what follows them may come on another channel.
  void restore(std::uint32_t channel, Element element);

  /// Takes the next event. Batches of inputs that `accepts` refuses stay queued.
  GateEvent next(const Accepts& accepts);

  /// The barrier that some channel holds and others lack, if any: what alignment waits for.
  std::optional<Barrier> waiting() const;
  /// Whether some channel is blocked by a barrier that others lack.
  bool aligning() const { return alignment_.has_value(); }
  /// Reports the waiting barrier now if no Copies channel still lacks it, and starts to record.
  std::optional<Barrier> overtake();
  /// Whether a reported barrier's channel state is still being recorded.
  bool recording() const { return recording_left_ > 0; }
  /// A barrier that no channel brings, since all but those that close a loop have ended: starts to record these.
  void start(const Barrier& barrier) { complete(barrier); }
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
    std::size_t restored = 0;     // elements at the front that restore() put there
    EventTime watermark = EventTime::min();
    bool idle = false;
    bool ended = false;
    std::deque<Probe> probes;     // taken from the queue, not reported
    CheckpointId reached = 0;     // the latest barrier taken from the queue, or overtaken
    CheckpointId recording = 0;   // elements that arrive before this barrier are recorded
  };

  bool blocked(const Channel& channel) const { return alignment_ && channel.reached == alignment_->checkpoint; }
  bool ready(const Channel& channel, const Accepts& accepts) const;
  std::optional<std::uint32_t> choose(const Accepts& accepts);
  static bool is_behind(const Channel& channel, const Channel& other);
  std::optional<GateEvent> take(std::uint32_t index);
  std::optional<GateEvent> reach(std::uint32_t index, const Barrier& barrier);
  std::optional<GateEvent> end(std::uint32_t index);
  std::optional<GateEvent> report_due();
  std::optional<GateEvent> report_if_aligned();
  std::optional<GateEvent> report_probe();
  bool held_by_loop(const Channel& channel) const;
  std::optional<GateEvent> update_watermark();
  void start_recording(Channel& channel, std::uint32_t index, CheckpointId checkpoint);
  void complete(const Barrier& barrier);
  void stop_recording(Channel& channel);

  std::vector<Channel> channels_;
  Recorder recorder_;
  std::uint32_t turn_ = 0;
  std::uint32_t yields_ = 0;  // how often the channel whose turn it is has let one go first
  std::size_t open_ = 0;  // ordinary channels that have not ended
  std::size_t feedback_batches_ = 0;  // queued
  bool has_feedback_ = false;
  bool ended_reported_ = false;
  bool channel_ended_ = false;  // and what follows from it is not all reported
  EventTime joint_ = EventTime::min();
  bool idle_reported_ = false;
  std::optional<Barrier> alignment_;
  CheckpointId reported_ = 0;
  std::size_t recording_left_ = 0;
  std::size_t restored_left_ = 0;
};

}  // namespace weir
