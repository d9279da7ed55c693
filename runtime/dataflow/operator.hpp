// The contract between the engine and everything that computes. An operator gets batches, watermarks, timer
// calls and the end of its input, and emits batches on numbered ports. It runs in one thread at a time, reads
// no clock, and writes no snapshot code: it declares its state in open().
//
// A call that may emit without bound (firing windows, flushing) works in steps: it returns Progress::More while
// there is more to do, and is called again once downstream has room. Until it is Done no other input arrives.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <weir/dataflow/element.hpp>
#include <weir/state/operator_state.hpp>

namespace weir {

enum class Progress : std::uint8_t { Done, More };

/// Wakes a task from any thread, also after the task is gone.
using Waker = std::function<void()>;

/// What becomes of a source's part, told to the operators fused with the source, so that they can track
/// watermarks by split.
struct SplitEvent {
  enum class Kind : std::uint8_t { Opened, Closed };
  Kind kind = Kind::Opened;
  std::shared_ptr<const std::string> split;
};

/// Which attempt at running which job; later ones of a job are greater. Job 0 is one that has its process to itself.
struct AttemptId {
  std::uint64_t job = 0;
  std::uint64_t attempt = 0;

  friend auto operator<=>(const AttemptId&, const AttemptId&) = default;
};

/// An operator's window on its task. Valid from open() until the operator is destroyed.
class OperatorContext {
 public:
  virtual ~OperatorContext() = default;

  virtual OperatorState& state() = 0;
  virtual const std::string& name() const = 0;
  virtual std::uint32_t task() const = 0;
  virtual std::uint32_t parallelism() const = 0;
  /// A process that was taken for dead may go on for a moment beside the attempt that took its place: what is not part of the
  /// state, such as a hidden file, must bear the attempt in its name.
  virtual AttemptId attempt() const { return {}; }

  /// Whether checkpoints are stored. Without, nothing goes on from what this task leaves behind when it fails.
  virtual bool checkpointed() const { return true; }

  /// Sends a batch downstream. An empty batch is dropped; so is one on a port that nothing reads.
  virtual void emit(std::uint32_t port, BatchPtr batch) = 0;
  /// Whether downstream has no room: stop emitting at the next good place.
  virtual bool output_full() const = 0;
  /// How many records a batch should have at the most; follows what downstream can take.
  virtual std::size_t batch_records() const = 0;

  /// Passes on what the operator swallowed in on_split.
  virtual void forward(const SplitEvent& event) = 0;
  /// Whether all operators behind this one want more of a split now; see Operator::wants_split.
  virtual bool wants_split(const std::string&) { return true; }
  /// Emits a watermark of the operator's own making; it takes the place of those from upstream.
  virtual void emit_watermark(EventTime time) = 0;
  virtual void emit_idle() = 0;

  /// Whether a barrier waits at the task's inputs until other channels have brought it too: what an operator does not
  /// accept now holds the checkpoint up.
  virtual bool aligning() const { return false; }

  /// Within before_snapshot: whether the job ends with this checkpoint, so that what is kept open for more will get none. The job
  /// goes on all the same when the checkpoint fails.
  virtual bool last_snapshot() const { return false; }

  /// The last watermark that reached the operator; EventTime::min() before the first.
  virtual EventTime watermark() const = 0;
  virtual ProcessingTime now() const = 0;
  /// Asks for on_processing_time at `time` or soon after; the earliest request counts.
  virtual void wake_at(ProcessingTime time) = 0;
  /// For other threads: makes the task call on_wake (operators) or poll (sources) soon.
  virtual Waker waker() = 0;
};

class Operator {
 public:
  virtual ~Operator() = default;

  /// Declares state. Called once, before anything else; stored state is there when the call that declares
  /// it returns.
  virtual void open(OperatorContext& context) = 0;

  virtual void process(BatchPtr batch, std::uint32_t input) = 0;

  /// The watermark of all inputs together has reached `time`. Called again with the same time while More. Afterwards the
  /// engine passes the watermark on, unless the operator makes its own.
  virtual Progress on_watermark(EventTime) { return Progress::Done; }
  virtual Progress on_processing_time(ProcessingTime) { return Progress::Done; }
  virtual void on_wake() {}
  /// Every channel of one input has ended; called before finish() for each. The last of them had got as far as `reached`: to
  /// the end of time, unless the job was stopped.
  virtual void on_input_end(std::uint32_t, EventTime /*reached*/) {}
  /// No input is active for now. Only for operators that make watermarks; others' idleness is passed on for them.
  virtual void on_idle() {}
  virtual void on_split(const SplitEvent&) = 0;
  /// Whether the source that this operator is fused with should read on in one of the splits it was told of. Asked before
  /// each read; that way a split that is far ahead of the others waits for them.
  virtual bool wants_split(const std::string&) { return true; }

  /// Every input has ended. More is called again when there is room, or after a wake.
  virtual Progress finish() { return Progress::Done; }

  /// Whether the operator takes batches of this input now. Asked before each batch.
  virtual bool accepts(std::uint32_t) const { return true; }
  /// Whether watermarks from upstream end here.
  virtual bool makes_watermarks() const { return false; }
  /// Of an operator that makes them of its own: what holds them back, for messages. Empty: nothing, or what holds its input's.
  virtual std::string watermark_holder() const { return {}; }
  /// Whether no record that came in will still come out without any further input; a wait for a certain time aside. What
  /// a loop asks before it ends.
  virtual bool drained() const { return true; }

  /// The state is about to be frozen for a checkpoint: put into it what is not there yet.
  virtual void before_snapshot(CheckpointId) {}
  /// The checkpoint is complete: what it covers may be published. Also called after a restore for the checkpoint
  /// restored from.
  virtual void on_complete(CheckpointId) {}
};

/// The operator at the head of a source's task.
class SourceOperator : public Operator {
 public:
  struct Poll {
    enum class State : std::uint8_t { More, Wait, End };
    State state = State::More;
    std::optional<ProcessingTime> wake_at;  // of Wait: when to poll again at the latest
  };

  /// Emits up to `max_records` records without blocking, and says when to ask again.
  virtual Poll poll(std::size_t max_records) = 0;

  void process(BatchPtr, std::uint32_t) final { WEIR_CHECK(false, "a source has no input"); }
  void on_split(const SplitEvent&) final {}
};

using OperatorFactory = std::function<std::unique_ptr<Operator>()>;

}  // namespace weir
