// Supervises one job: has its tasks deployed, runs its checkpoints, restarts it when something fails, and ends it. A pure
// state machine: what happened comes in as a call, what to do about it goes out as effects. It knows neither actors nor
// processes, so the embedded engine and the cluster's coordinator run the very same one.
//
//   Beginning -> Deploying -> Running -> Stopping (until every task of the attempt is gone) -> Ended
//       ^                                   | a task failed, and may try again
//       +------------- Waiting (backoff) <--+
//
// A job ends with a checkpoint of its own: when all tasks have finished, or when it is told to stop, it triggers a last one as
// soon as no other is under way, tries again when that fails, and is over when every task has published what it covers.
// A job that keeps nothing does the same: sinks publish what they got before its barrier, and windows that are
// still open, or queued before a slow operator for longer than the alignment limit, come to nothing.
//
// A task that fails while the job is to stop stops it: where the newest complete checkpoint is. When it is not known that all of what
// that covers is published, or one more is being committed, another attempt publishes it, and does nothing else. What is lost to the surroundings while a savepoint is
// wanted is made up for: another attempt takes it.
//
// Calls that name a task are of the current attempt: whoever calls has refused what older ones still say (I10). Times are
// readings of a clock that does not step.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <weir/coordination/checkpoint_coordinator.hpp>
#include <weir/coordination/job_outcome.hpp>
#include <weir/coordination/restart_policy.hpp>
#include <weir/graph/job_shape.hpp>

namespace weir {

struct SupervisorOptions {
  CheckpointOptions checkpoint;
  RestartOptions restart;
  ManifestKind last_checkpoint = ManifestKind::Checkpoint;  // with which the job ends; a savepoint is full and exact
  enum class Keeps : std::uint8_t { Checkpoints, Nothing } keeps = Keeps::Checkpoints;
};

namespace effect {

/// Find what to continue from, and deploy all tasks with it: answered by restored() and a ready() for each.
struct Begin {
  std::uint64_t attempt = 0;
  bool isolating = false;  // run record by record, to tell which one fails
};
/// All tasks are ready: they publish what `restored_from` covers, unless it is 0, and run.
struct Go {
  CheckpointId restored_from = 0;
};
struct Trigger {
  Barrier barrier;
};
/// Make the manifest durable, which completes its checkpoint: answered always, also when the attempt is over, by committed() or
/// commit_failed().
struct Commit {
  Manifest manifest;
  Barrier::Afterwards afterwards = Barrier::Afterwards::GoOn;
};
struct Complete {
  CheckpointId checkpoint = 0;
  Duration took{0};
};
/// Drop what was stored for it, and go on.
struct GiveUp {
  CheckpointId checkpoint = 0;
};
/// End every task of the attempt: answered by gone().
struct Kill {};
struct Warn {
  std::string text;
};
struct Inform {
  std::string text;
};
struct Restarting {
  Duration delay{0};
};
struct Ended {
  JobOutcome outcome;
};

}  // namespace effect

using JobEffect = std::variant<effect::Begin, effect::Go, effect::Trigger, effect::Commit, effect::Complete, effect::GiveUp, effect::Kill,
                               effect::Warn, effect::Inform, effect::Restarting, effect::Ended>;
using JobEffects = std::vector<JobEffect>;

/// An attempt that runs already, as whoever takes it over finds it.
struct RunningAttempt {
  std::uint64_t attempt = 0;
  CheckpointId newest = 0;       // complete; 0: none
  CheckpointId newest_used = 0;  // the highest number that any of its tasks has seen; no number is given twice
  Barrier::Afterwards afterwards = Barrier::Afterwards::GoOn;  // what the job does when all have published `newest`
  bool stopping = false;         // it was told to end before its sources do, which may go on reading until it has
};

class JobSupervisor {
 public:
  enum class Phase : std::uint8_t { Beginning, Deploying, Running, Stopping, Waiting, Ended };

  JobSupervisor(JobShape shape, SupervisorOptions options, std::string weir_version);
  /// Of a job whose plan becomes known in its first attempt: by take_shape(), before restored().
  JobSupervisor(SupervisorOptions options, std::string weir_version) : JobSupervisor({}, options, std::move(weir_version)) {}
  JobSupervisor(const JobSupervisor&) = delete;
  JobSupervisor& operator=(const JobSupervisor&) = delete;
  void take_shape(JobShape shape) { shape_ = std::move(shape); }

  /// Begins the attempt after `attempts_before`.
  void start(std::uint64_t attempts_before, ProcessingTime now);
  /// The newest complete checkpoint is this one, and what of it is published is not known: before start(), of a job that ran before.
  void complete_is(CheckpointId newest);
  /// Takes over a job that runs, of which no checkpoint is under way any more: what is left of one is given up. The tasks hear
  /// again that the newest is complete, since whoever ran the job before may not have come to say so. Tasks that have
  /// finished are told by finished(), and all of them say again what they have published.
  void adopt(const RunningAttempt& running, ProcessingTime now);
  /// Numbers up to this one are given to no checkpoint any more.
  void skip_to(CheckpointId used) { coordinator_.skip_to(used); }

  /// The next checkpoint builds on none.
  void require_full() { coordinator_.require_full(); }

  /// The attempt continues from this checkpoint, 0 for none, and its tasks are being deployed.
  void restored(CheckpointId checkpoint);
  /// While the tasks are being deployed, before each ready(): what that task read turns out to be a savepoint, whose number
  /// this is. As restored(), and the numbers of checkpoints go on behind it. Tasks that read different ones fail the job.
  void continues_from(CheckpointId savepoint);
  void ready(std::uint32_t task, ProcessingTime now);
  /// A task failed by what it or its input did.
  void failed(const TaskFailure& failure, ProcessingTime now);
  /// Something outside the job ended a part of the attempt: its process was killed, its machine is gone. Not a crash of the job's
  /// code, which is a failure of a task. An empty name of the operator: the message says it all.
  void lost(const TaskFailure& failure, ProcessingTime now);
  /// Nothing is wrong, but the job is to run elsewhere: the next attempt begins as soon as this one is gone.
  void moves(const std::string& why, ProcessingTime now);
  void finished(std::uint32_t task, ProcessingTime now);
  void stored(std::uint32_t task, CheckpointId checkpoint, StoredParts parts, ProcessingTime now);
  void committed(CheckpointId checkpoint, ProcessingTime now);
  void commit_failed(CheckpointId checkpoint, const std::string& why, ProcessingTime now);
  /// A part of it could not be stored; while Beginning: nothing can be read.
  void store_failed(CheckpointId checkpoint, const std::string& why, ProcessingTime now);
  /// A task has published what a complete checkpoint covers.
  void published(std::uint32_t task, CheckpointId checkpoint, ProcessingTime now);
  /// Nothing of the attempt runs any more.
  void gone(ProcessingTime now);
  void tick(ProcessingTime now);

  /// Takes a checkpoint now, unless one is under way or the job is about to end.
  void checkpoint(ProcessingTime now);

  /// Ends the job with a last checkpoint, of the kind it was given or of this one; what is under way already stays as it is, and
  /// a failure may leave none: the outcome names the checkpoint, whose manifest tells.
  void stop(ProcessingTime now);
  void stop_with(ManifestKind last_checkpoint, ProcessingTime now) {
    options_.last_checkpoint = last_checkpoint;
    stop(now);
  }
  /// Ends it where it is, unless it has ended but for its tasks being gone. So does fail(), as failed.
  void quit();
  void fail(const std::string& message);

  /// What to do, in this order; each is told once.
  JobEffects take_effects() { return std::exchange(effects_, {}); }
  /// When to call tick() next; empty: not before the next other call.
  std::optional<ProcessingTime> next_event() const;

  Phase phase() const { return phase_; }
  std::uint64_t attempt() const { return attempt_; }
  bool running(std::uint64_t attempt) const { return phase_ == Phase::Running && attempt == attempt_; }
  bool stop_requested() const { return stop_requested_; }
  /// Whether a part of what the newest complete checkpoint covers may not be published.
  bool owes() const { return keeps() && (newest_ != settled_ || committing_ != 0); }
  const JobShape& shape() const { return shape_; }
  const CheckpointCoordinator& checkpoints() const { return coordinator_; }

 private:
  enum class FailedBy : std::uint8_t { Task, Surroundings, Plan };

  bool keeps() const { return options_.keeps == SupervisorOptions::Keeps::Checkpoints; }
  bool wants_savepoint() const { return options_.last_checkpoint == ManifestKind::Savepoint; }
  bool all_finished() const { return finished_.size() == shape_.tasks.size(); }
  /// Whether the next checkpoint is the last one.
  bool ending() const { return all_finished() || stop_requested_; }

  void begin_attempt();
  void complete(CheckpointId checkpoint, ProcessingTime now);
  void give_up(CheckpointId checkpoint, const std::string& why, ProcessingTime now);
  void end_if_due(ProcessingTime now);
  void trigger(const Barrier& barrier, ProcessingTime now);
  void retry_after(const TaskFailure& failure, FailedBy by, ProcessingTime now);
  void end_with(JobOutcome outcome);
  void tear_down();
  void end(JobOutcome outcome);
  void warn(std::string text) { effects_.push_back(effect::Warn{std::move(text)}); }
  std::string how_often(const RestartPolicy::Decision& decision) const;

  JobShape shape_;
  SupervisorOptions options_;
  CheckpointCoordinator coordinator_;
  RestartPolicy policy_;
  JobEffects effects_;

  Phase phase_ = Phase::Ended;
  std::uint64_t attempt_ = 0;
  bool first_attempt_ = true;           // nothing has run yet
  std::set<std::uint32_t> ready_;       // tasks
  std::set<std::uint32_t> finished_;
  CheckpointId newest_ = 0;             // complete
  CheckpointId committing_ = 0;         // which may be complete already
  std::set<std::uint32_t> published_;   // tasks, what that covers
  CheckpointId settled_ = 0;            // the newest that all of them have published
  CheckpointId restored_from_ = 0;
  CheckpointId savepoint_ = 0;          // that attempts continue from while no checkpoint is complete; 0: none, or not known yet
  CheckpointId last_checkpoint_ = 0;    // that the job ends with, once it is triggered
  std::uint32_t last_failures_ = 0;     // to take that one
  std::uint64_t given_up_ = 0;          // checkpoints since the last complete one
  std::optional<ProcessingTime> retry_at_;    // to take the last one again
  std::optional<ProcessingTime> restart_at_;  // while Waiting
  bool stop_requested_ = false;
  std::uint32_t losses_while_stopping_ = 0;
  bool stopping_ = false;               // the attempt ends before its sources did
  ProcessingTime triggered_;
  TaskFailure failure_;
  FailedBy failed_by_ = FailedBy::Task;
  ProcessingTime failed_at_;
  std::optional<JobOutcome> outcome_;   // why it is Stopping, unless to try again
};

}  // namespace weir
