// A task is one running instance of a chain of fused operators: its gate, the operators, its outgoing edges and
// its part in checkpoints. It is the whole behaviour of the task actor and knows neither actors nor clocks:
// calls come in, effects go out through TaskEnvironment. The simulator drives the same class.
//
//   run() takes one step after another: write a piece of the snapshot in progress; if downstream has room, continue
//   what an operator left unfinished, or take the next input (a source: poll). With nothing to do it flushes
//   partial batches, so that a quiet stream is fast and a busy one sends full batches; one that is always busy flushes
//   now and then, so that a record for a rare receiver does not wait until others fill its batch.
//
// A checkpoint at a task: reported by the gate (aligned or overtaking) or, where no channel can bring it, by the
// trigger; state is frozen; the barrier is forwarded; the frozen state is written between batches; when it is
// written, the barrier has left on every channel and no channel is recorded any more, snapshot_done is called (I5).
//
// At the head of a loop (a task with feedback channels) the end is found by probes: see loop_end.hpp.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/dataflow/credit.hpp>
#include <weir/dataflow/input_gate.hpp>
#include <weir/dataflow/loop_end.hpp>
#include <weir/dataflow/operator.hpp>
#include <weir/dataflow/output_edge.hpp>

namespace weir {

/// What a task asks of the world. Implemented by the task actor and by the simulator.
class TaskEnvironment {
 public:
  virtual ~TaskEnvironment() = default;
  virtual void send(std::uint32_t edge, std::uint32_t channel, Element element) = 0;
  virtual void grant(std::uint32_t channel, const Grant& grant) = 0;
  virtual void store(CheckpointId checkpoint, std::uint32_t node, StateChunk chunk) = 0;
  /// Whether more may be stored now; if not, the task is run again when that has changed. Frozen state waits meanwhile; what
  /// was recorded of channels is stored all the same.
  virtual bool may_store() const { return true; }
  virtual void snapshot_done(CheckpointId checkpoint, SnapshotMode mode) = 0;
  virtual void finished() = 0;
  virtual ProcessingTime now() const = 0;
  /// A steady reading in nanoseconds, for measuring only.
  virtual std::int64_t ticks_ns() const = 0;
  virtual void wake_at(ProcessingTime time) = 0;
  virtual Waker waker() = 0;
};

/// Where a port of an operator leads: to an operator of the same task, or to an edge.
struct PortTarget {
  enum class Kind : std::uint8_t { Operator, Edge };
  Kind kind = Kind::Edge;
  std::uint32_t index = 0;
  std::uint32_t input = 0;  // of an operator
};

struct TaskNode {
  std::string name;
  std::unique_ptr<Operator> op;
  std::vector<std::vector<PortTarget>> ports;
  std::vector<StateChunk> restored;
  // Of a node behind the head: its one input, for records that were in flight to it when it was not fused.
  const RecordType* input_type = nullptr;
  std::uint32_t input = 0;
};

struct TaskInput {
  InputChannel channel;
  std::string label;                 // names the channel in in-flight state
  std::vector<Element> restored;     // in-flight elements to process before all others
  std::string sender = {};           // the task at the far end, for messages
  bool remote = false;               // that task runs in another process
};

struct TaskOutput {
  std::unique_ptr<Partitioner> partitioner;
  std::uint32_t channels = 1;
  std::vector<std::string> labels;   // of the channels
  InputChannel::Kind kind = InputChannel::Kind::Ordinary;
  bool in_loop = false;              // both ends belong to the same loop: probes take it
};

struct TaskOptions {
  std::uint32_t task = 0;
  std::uint32_t parallelism = 1;
  AttemptId attempt;
  std::uint32_t key_groups = kDefaultKeyGroups;
  bool checkpointed = false;
  bool isolating = false;            // batches of one record, so that a failing record can be named
  Duration alignment_limit{1000};    // after which a barrier overtakes
  CreditOptions credit;
};

/// The table, among the state of a task's head, that holds the task's own. No operator's name for a table begins so.
constexpr const char* kTaskTable = "~task";

/// What a task remembers beside its operators' state.
struct TaskMeta {
  EventTime watermark = EventTime::min();
  bool finished = false;
};

/// What a task was doing, for messages.
struct TaskPosition {
  std::string operator_name;
  Origin origin;
};

struct TaskMetrics {
  std::uint64_t records_in = 0;         // through channels
  std::uint64_t records_out = 0;
  std::uint64_t records_read = 0;       // by the task's source
  std::uint64_t records_written = 0;    // given to the task's sinks
  std::uint64_t records_dropped = 0;    // emitted on outputs that nobody reads: late records that were not asked for
  std::uint64_t batches_in = 0;
  std::uint64_t snapshot_ns = 0;        // time spent on snapshots
  std::uint64_t longest_pause_ns = 0;   // the longest single step of a snapshot
};

class Task {
 public:
  /// `nodes` in topological order; the first one is the head, which gets the inputs. Opens all operators; throws what
  /// they throw.
  Task(TaskOptions options, std::vector<TaskNode> nodes, std::vector<TaskInput> inputs, std::vector<TaskOutput> outputs,
       TaskEnvironment& environment);
  ~Task();

  void on_element(std::uint32_t channel, Element element);
  void on_grant(std::uint32_t edge, std::uint32_t channel, const Grant& grant);
  /// The coordinator starts a checkpoint. A source injects the barrier; others act on it only once no barrier can reach
  /// them any more: all channels have ended, though the task may still drain or the loop that it heads go on.
  void on_trigger(const Barrier& barrier);
  void on_complete(CheckpointId checkpoint);
  void on_abandoned(CheckpointId checkpoint);
  void on_time();
  void on_wake();

  /// Takes up to `steps` steps. True when there is more to do right away.
  bool run(std::size_t steps);

  bool finished() const { return finished_; }
  TaskPosition position() const;
  /// Which is running. May be asked in a signal handler, on the thread that runs the task.
  std::string_view running_operator() const noexcept { return nodes_[active_].name; }
  const TaskMetrics& metrics() const { return metrics_; }
  const InputGate& gate() const { return gate_; }
  /// The last watermark made here or, where none is made, that of the inputs.
  EventTime watermark() const;
  /// What holds it back, for people: a split, or the task at the far end of a channel. Empty when nothing does.
  std::string watermark_holder() const;
  bool blocked() const;
  std::size_t state_bytes() const;

 private:
  class Context;
  struct Snapshot {
    Barrier barrier;
    SnapshotMode mode = SnapshotMode::Full;
    ProcessingTime since;
    bool written = false;
  };

  void open();
  void restore_element(std::uint32_t channel, Element element);
  std::vector<BatchPtr> as_processed(BatchPtr batch) const;
  void take_in_flight(std::uint32_t node);
  void deliver_fused();
  void restore_meta();
  void restore_watermark(EventTime time);
  bool step();
  bool step_snapshot();
  bool step_time();
  bool step_finish();
  bool step_source();
  bool step_gate();
  void adapt_poll(std::int64_t spent_ns);
  std::int64_t lap();
  void on_watermark_event(EventTime time);
  void on_input_end(std::uint32_t input, EventTime reached);
  void on_ended();
  void on_probe(const Probe& probe);
  bool send_probe();
  void consume(GateEvent event);
  void enter(std::uint32_t node);
  void deliver(std::uint32_t node, BatchPtr batch, std::uint32_t input);
  void emit(std::uint32_t node, std::uint32_t port, BatchPtr batch);
  void forward_watermark(std::uint32_t node, EventTime time);
  void forward_idle(std::uint32_t node);
  void idle_reached(std::uint32_t node);
  void forward_split(std::uint32_t node, const SplitEvent& event);
  bool wants_split(std::uint32_t node, const std::string& split);
  void watermark_reached(std::uint32_t node, EventTime time);
  std::vector<std::uint32_t> targets(std::uint32_t node, PortTarget::Kind kind) const;
  void snapshot(const Barrier& barrier);
  void check_snapshot_done();
  void act_on_trigger();
  void overtake_if_due();
  void overtake_downstream_if_due();
  bool barrier_waits_downstream() const;
  void store_recorded(CheckpointId checkpoint);
  void overtake(std::uint32_t edge, const Barrier& barrier);
  TaskMeta meta() const;
  std::size_t batch_records() const;
  void flush();

  TaskOptions options_;
  TaskEnvironment& environment_;
  std::vector<TaskNode> nodes_;
  std::vector<TaskInput> input_specs_;
  std::vector<TaskOutput> output_specs_;
  std::vector<std::unique_ptr<Context>> contexts_;
  InputGate gate_;
  std::vector<CreditWindow> windows_;
  std::vector<std::uint32_t> uncredited_;  // restored batches still queued per channel
  std::vector<std::unique_ptr<OutputEdge>> edges_;
  SourceOperator* source_ = nullptr;
  std::size_t poll_records_ = 1;

  std::vector<TaskMeta>* meta_ = nullptr;    // a list in the head's state
  std::optional<EventTime> head_watermark_;  // the head has not finished with it
  std::optional<EventTime> made_watermark_;  // the last one that an operator of the chain made
  std::optional<std::size_t> finishing_;     // the node whose finish() is next
  bool source_waits_ = false;
  bool woken_ = false;
  bool time_due_ = false;                    // some operator asked to be called at a time that has come
  bool finished_ = false;
  bool finish_waits_ = false;
  bool was_finished_ = false;                // in the run restored from, and nothing has come since
  std::optional<LoopEnd> loop_;              // at the head of a loop
  std::optional<Probe> held_probe_;          // to be sent when all operators are drained
  std::vector<StateChunk> recorded_;         // by the gate, for the checkpoint that it reports or has reported
  std::vector<std::pair<std::uint32_t, BatchPtr>> fused_;  // restored, for nodes behind the head
  std::optional<Barrier> trigger_;
  std::optional<Snapshot> snapshot_;
  bool last_snapshot_ = false;               // while operators prepare for the one that the job ends with
  CheckpointId last_frozen_ = 0;
  std::optional<ProcessingTime> barrier_since_;
  std::int64_t lap_ns_ = 0;                  // the latest reading of the ticks within a run
  std::int64_t flushed_ns_ = 0;              // the reading at the last flush
  std::int64_t last_consumed_ns_ = 0;
  std::uint32_t active_ = 0;
  Origin origin_;
  TaskMetrics metrics_;
};

}  // namespace weir
