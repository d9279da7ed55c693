#include <weir/actors/job_actor.hpp>

#include <algorithm>
#include <bit>
#include <chrono>

#include <caf/all.hpp>

#include <weir/actors/alarms.hpp>
#include <weir/actors/attempt.hpp>
#include <weir/actors/messages.hpp>
#include <weir/base/exception_text.hpp>
#include <weir/base/version.hpp>

namespace weir {
namespace {

class Job {
 public:
  Job(caf::event_based_actor* self, JobActorOptions options)
      : self_(self),
        options_(std::move(options)),
        coordinator_(*options_.plan, options_.job.checkpoint, kVersion),
        policy_(options_.job.restart) {}

  /// The one catch site of the job's own work: a bug here must not leave the job standing.
  template <class Act>
  void guarded(Act&& act) {
    try {
      act();
    } catch (const std::exception& exception) {
      fail(exception_text(exception));
    }
  }

  void on_start(const message::Start&) {
    if (options_.writer) self_->monitor(options_.writer);
    begin_attempt();
  }

  void on_read(const message::NewestRead& read) {
    if (phase_ != Phase::Restoring || read.attempt != attempt_->number()) return;
    for (const std::string& warning : read.state->warnings) options_.job.warn(warning);
    if (read.state->manifest) deploy(Result<StoredState>(std::move(*read.state)));
    else deploy(initial_state());
  }

  void on_ready(const message::Ready& ready) {
    if (phase_ != Phase::Deploying || !attempt_->sent_by(ready.task) || ++ready_ < attempt_->size()) return;
    phase_ = Phase::Running;
    coordinator_.start(restored_from_, attempt_->number(), now());
    if (restored_from_ != 0) attempt_->tell_all(message::Complete{restored_from_});
    attempt_->tell_all(message::Go{});
    end_if_due();
    arm();
  }

  void on_failed(const message::Failed& failed) {
    if (!attempt_ || !attempt_->sent_by(failed.task)) return;
    if (phase_ != Phase::Running && phase_ != Phase::Deploying) return;
    failure_ = failed.failure;
    // What fails before anything ran, such as a missing file, is not worth another try.
    if (phase_ == Phase::Deploying && attempt_->number() == 1) return fail(describe(failure_));
    tear_down();
  }

  void on_finished(const message::Finished& finished) {
    if (!attempt_->sent_by(finished.task) || ++finished_ < attempt_->size()) return;
    end_if_due();
    arm();
  }

  void on_stored(const message::Stored& stored) {
    if (!current(stored.attempt)) return;
    auto commit = coordinator_.stored(stored.task, stored.checkpoint, std::move(*stored.parts));
    if (!commit) return;
    if (!options_.writer) return on_complete(stored.checkpoint);
    commit->manifest.completed_ms = options_.clock->now().ms;
    self_->send(options_.writer, message::Commit{std::make_shared<Manifest>(std::move(commit->manifest))});
  }

  void on_committed(const message::Committed& committed) {
    if (current(committed.attempt)) on_complete(committed.checkpoint);
  }

  void on_store_failed(const message::StoreFailed& failed) {
    if (failed.attempt != attempt_->number()) return;
    if (phase_ == Phase::Restoring) return fail(failed.message);
    if (coordinator_.under_way() != failed.checkpoint) return;
    coordinator_.abandon(failed.checkpoint);
    give_up(failed.checkpoint, failed.message);
  }

  void on_completed(const message::Completed& completed) {
    if (phase_ != Phase::Running || !attempt_->sent_by(completed.task) || completed.checkpoint != last_checkpoint_) return;
    if (++completed_ < attempt_->size()) return;
    outcome_ = JobOutcome{stopping_ ? JobOutcome::State::Stopped : JobOutcome::State::Finished, "", restored_from_, last_checkpoint_};
    tear_down();
  }

  void on_tick(const message::JobTick& tick) {
    alarms_.rang(tick.due);
    if (phase_ != Phase::Running) return;
    if (const auto expired = coordinator_.expire(now())) give_up(*expired, "it took too long");
    end_if_due();
    if (!ending()) {
      if (const auto barrier = coordinator_.tick(now())) trigger(*barrier);
    }
    arm();
  }

  void on_down(const caf::down_msg& down) {
    const bool writer = options_.writer && down.source == options_.writer.address();
    if (writer) return fail("the checkpoint writer ended: " + to_string(down.reason));
    const auto task = attempt_ ? attempt_->on_down(down.source) : std::nullopt;
    if (!task) return;
    if (phase_ == Phase::Running || phase_ == Phase::Deploying) {
      failure_ = {options_.plan->task_name(*task), "", "its actor ended: " + to_string(down.reason)};
      return tear_down();
    }
    if (phase_ == Phase::Stopping && attempt_->gone()) on_gone();
  }

  void on_restart(const message::Restart&) {
    if (phase_ == Phase::Waiting) begin_attempt();
  }

  void on_stop(const message::StopJob&) {
    stop_requested_ = true;
    if (phase_ == Phase::Waiting) return end({JobOutcome::State::Stopped, "", restored_from_});
    if (phase_ != Phase::Running) return;
    end_if_due();
    arm();
  }

  /// The job's owner goes away: so do all actors, at once.
  void on_quit(const message::Quit&) {
    quitting_ = true;
    if (phase_ == Phase::Ended) return self_->quit();
    outcome_ = JobOutcome{JobOutcome::State::Stopped, "", restored_from_};
    tear_down();
  }

 private:
  enum class Phase { Restoring, Deploying, Running, Stopping, Waiting, Ended };

  static std::string describe(const TaskFailure& failure) {
    const std::string where = failure.position.empty() ? "" : " at " + failure.position;
    return "operator '" + failure.operator_name + "' failed" + where + ": " + failure.message;
  }

  static std::string describe(const Manifest& manifest) {
    return (manifest.kind == ManifestKind::Savepoint ? "savepoint " : "checkpoint ") + std::to_string(manifest.checkpoint) + ", taken " +
           to_text(EventTime{manifest.completed_ms});
  }

  /// Steady, so that a clock that is set changes no interval.
  static ProcessingTime now() {
    using namespace std::chrono;
    return {duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count()};
  }

  bool current(std::uint64_t attempt) const { return phase_ == Phase::Running && attempt == attempt_->number(); }
  bool all_finished() const { return finished_ == attempt_->size(); }
  /// Whether the next checkpoint is the last one.
  bool ending() const { return all_finished() || stop_requested_; }

  void begin_attempt() {
    attempt_ = std::make_unique<Attempt>(self_, options_, attempt_ ? attempt_->number() + 1 : 1);
    phase_ = Phase::Restoring;
    if (options_.writer) self_->send(options_.writer, message::Begin{attempt_->number()});
    else deploy(initial_state());
  }

  /// What a job without a checkpoint of its own starts with.
  Result<StoredState> initial_state() const {
    if (!options_.job.savepoint) return StoredState{};
    const std::filesystem::path& directory = *options_.job.savepoint;
    auto store = CheckpointStore::open(directory, {.job = "", .weir_version = kVersion, .access = StoreAccess::ReadOnly});
    if (!store) return store.error();
    const std::string& mine = options_.plan->graph.name;
    const std::string& theirs = (*store)->job();
    if (theirs != mine) return Error{directory.string() + " holds the state of job '" + theirs + "', not of '" + mine + "'"};
    return load_newest(**store);
  }

  void deploy(Result<StoredState> read) {
    if (!read) return fail(read.error().message);
    const StoredState stored = std::move(read).or_throw();
    phase_ = Phase::Deploying;
    ready_ = finished_ = completed_ = 0;
    last_checkpoint_ = 0;
    last_failures_ = 0;
    retry_at_.reset();
    stopping_ = false;
    restored_from_ = stored.manifest ? stored.manifest->checkpoint : 0;
    if (stored.manifest) options_.job.inform("continuing from " + describe(*stored.manifest) + " in " + stored.place);
    TaskOptions common;
    common.key_groups = options_.plan->options.key_groups;
    common.checkpointed = static_cast<bool>(options_.writer);
    common.isolating = policy_.isolating();
    common.alignment_limit = options_.job.alignment_limit;
    common.credit = options_.job.credit;
    attempt_->deploy(stored.job, common);
  }

  void trigger(const Barrier& barrier) {
    triggered_ = now();
    attempt_->tell_all(message::Trigger{barrier});
  }

  void on_complete(CheckpointId checkpoint) {
    if (!coordinator_.committed(checkpoint, now())) return;
    given_up_ = 0;
    if (options_.writer) {  // otherwise it ends the job and is kept nowhere
      policy_.progressed();
      options_.board->checkpoints.fetch_add(1);
      options_.board->last_checkpoint.store(checkpoint);
      options_.board->last_checkpoint_ms.store((now() - triggered_).count());
    }
    attempt_->tell_all(message::Complete{checkpoint});
    if (checkpoint == last_checkpoint_) return coordinator_.stop();  // the tasks publish what it covers, and that is the end
    end_if_due();
    arm();
  }

  /// The coordinator has forgotten the checkpoint; now tasks and writer do.
  void give_up(CheckpointId checkpoint, const std::string& why) {
    // A disk stays full for a while: the first is told, and then ever fewer.
    if (std::has_single_bit(++given_up_)) {
      const std::string in_a_row = given_up_ > 1 ? " (" + std::to_string(given_up_) + " in a row)" : "";
      options_.job.warn("checkpoint " + std::to_string(checkpoint) + " was given up: " + why + in_a_row);
    }
    attempt_->tell_all(message::Abandon{checkpoint});
    if (options_.writer) self_->send(options_.writer, message::GiveUp{attempt_->number(), checkpoint});
    if (checkpoint == last_checkpoint_) {
      last_checkpoint_ = 0;
      if (++last_failures_ >= options_.job.restart.attempts) return fail("the last checkpoint cannot be stored: " + why);
      retry_at_ = now() + options_.job.restart.first_delay;
    }
    end_if_due();
    arm();
  }

  /// Triggers the checkpoint that the job ends with, unless it is too early for it.
  void end_if_due() {
    if (phase_ != Phase::Running || !ending() || last_checkpoint_ != 0 || (retry_at_ && now() < *retry_at_)) return;
    const bool savepoint = options_.job.last_checkpoint == ManifestKind::Savepoint;
    const auto mode = savepoint ? Barrier::Mode::Savepoint : Barrier::Mode::Aligned;
    const auto barrier = coordinator_.trigger(mode, now(), Barrier::Afterwards::End);
    if (!barrier) return;  // one is under way
    last_checkpoint_ = barrier->checkpoint;
    stopping_ = stopping_ || !all_finished();
    retry_at_.reset();
    trigger(*barrier);
  }

  void arm() {
    const auto next = retry_at_ ? retry_at_ : coordinator_.next_event();
    if (phase_ != Phase::Running || !next || !alarms_.set(*next)) return;
    self_->delayed_send(self_, std::max(Duration(0), *next - now()), message::JobTick{*next});
  }

  void fail(const std::string& message) {
    if (phase_ == Phase::Ended) return;
    outcome_ = JobOutcome{JobOutcome::State::Failed, message, restored_from_};
    tear_down();
  }

  void tear_down() {
    phase_ = Phase::Stopping;
    coordinator_.stop();
    if (attempt_) attempt_->kill();
    if (!attempt_ || attempt_->gone()) on_gone();
  }

  /// Every actor of the attempt is down.
  void on_gone() {
    if (outcome_) return end(*outcome_);
    const std::string what = describe(failure_);
    if (stop_requested_) {
      options_.job.warn(what + "; stopping as asked, at the last complete checkpoint");
      return end({JobOutcome::State::Stopped, "", restored_from_});
    }
    const RestartPolicy::Decision decision = policy_.failed(failure_, now());
    if (!decision.restart) return end({JobOutcome::State::Failed, what + how_often(decision), restored_from_});
    options_.job.warn(what + "; restarting in " + std::to_string(decision.delay.count()) + " ms");
    options_.board->restarts.fetch_add(1);
    phase_ = Phase::Waiting;
    self_->delayed_send(self_, decision.delay, message::Restart{});
  }

  std::string how_often(const RestartPolicy::Decision& decision) const {
    if (failure_.remedy == TaskFailure::Remedy::None) return "";
    const bool differs = decision.times < options_.job.restart.attempts;
    if (differs) return " (failure " + std::to_string(decision.in_vain) + " without a new checkpoint)";
    return decision.times > 1 ? " (" + std::to_string(decision.times) + " times)" : "";
  }

  void end(JobOutcome outcome) {
    phase_ = Phase::Ended;
    options_.ended(std::move(outcome));
    if (quitting_) self_->quit();
  }

  caf::event_based_actor* self_;
  JobActorOptions options_;
  CheckpointCoordinator coordinator_;
  RestartPolicy policy_;
  Phase phase_ = Phase::Restoring;
  std::unique_ptr<Attempt> attempt_;    // empty before the first
  std::size_t ready_ = 0;
  std::size_t finished_ = 0;
  std::size_t completed_ = 0;           // tasks that have published what the last checkpoint covers
  CheckpointId restored_from_ = 0;
  CheckpointId last_checkpoint_ = 0;    // that the job ends with, once it is triggered
  std::uint32_t last_failures_ = 0;     // to take that one
  std::uint64_t given_up_ = 0;          // checkpoints since the last complete one
  std::optional<ProcessingTime> retry_at_;  // to take it again
  bool stop_requested_ = false;
  bool stopping_ = false;               // the attempt ends before its sources did
  bool quitting_ = false;
  ProcessingTime triggered_;
  Alarms alarms_;
  TaskFailure failure_;
  std::optional<JobOutcome> outcome_;
};

template <class Message>
auto handler(const std::shared_ptr<Job>& job, void (Job::*handle)(const Message&)) {
  return [job, handle](const Message& message) { job->guarded([&] { ((*job).*handle)(message); }); };
}

}  // namespace

caf::behavior job_actor(caf::event_based_actor* self, JobActorOptions options) {
  // Owned by the behaviour's handlers; gone when the actor is.
  const auto job = std::make_shared<Job>(self, std::move(options));
  self->set_down_handler([job](const caf::down_msg& down) { job->guarded([&] { job->on_down(down); }); });
  return {
      handler(job, &Job::on_start),     handler(job, &Job::on_read),         handler(job, &Job::on_ready),
      handler(job, &Job::on_failed),    handler(job, &Job::on_finished),     handler(job, &Job::on_stored),
      handler(job, &Job::on_committed), handler(job, &Job::on_store_failed), handler(job, &Job::on_completed),
      handler(job, &Job::on_tick),      handler(job, &Job::on_restart),      handler(job, &Job::on_stop),
      handler(job, &Job::on_quit),
  };
}

}  // namespace weir
