#include <weir/coordination/job_supervisor.hpp>

#include <algorithm>
#include <bit>

namespace weir {

JobSupervisor::JobSupervisor(JobShape shape, SupervisorOptions options, std::string weir_version)
    : shape_(std::move(shape)),
      options_(options),
      coordinator_(shape_, options_.checkpoint, std::move(weir_version)),
      policy_(options_.restart) {}

void JobSupervisor::start(std::uint64_t attempts_before, ProcessingTime) {
  attempt_ = attempts_before;
  first_attempt_ = attempts_before == 0;
  begin_attempt();
}

void JobSupervisor::adopt(const RunningAttempt& running, ProcessingTime now) {
  attempt_ = running.attempt;
  first_attempt_ = false;
  restored_from_ = running.newest;
  phase_ = Phase::Running;
  coordinator_.start(running.newest, attempt_, now);
  coordinator_.skip_to(running.newest_used);
  if (running.newest_used > running.newest) effects_.push_back(effect::GiveUp{running.newest_used});
  complete_is(running.newest);
  if (running.newest != 0) effects_.push_back(effect::Complete{running.newest, Duration(0)});
  if (running.newest == 0 || running.afterwards == Barrier::Afterwards::GoOn) return;
  last_checkpoint_ = running.newest;
  stopping_ = running.stopping;
  coordinator_.stop();
}

void JobSupervisor::begin_attempt() {
  ++attempt_;
  phase_ = Phase::Beginning;
  restart_at_.reset();
  ready_.clear();
  finished_.clear();
  last_checkpoint_ = 0;
  last_failures_ = 0;
  retry_at_.reset();
  stopping_ = false;
  effects_.push_back(effect::Begin{attempt_, policy_.isolating()});
}

void JobSupervisor::restored(CheckpointId checkpoint) {
  if (phase_ != Phase::Beginning) return;
  phase_ = Phase::Deploying;
  restored_from_ = checkpoint;
  committing_ = 0;
  complete_is(checkpoint != 0 ? checkpoint : savepoint_);
}

void JobSupervisor::continues_from(CheckpointId savepoint) {
  if (phase_ != Phase::Deploying) return;
  if (!ready_.empty() && savepoint != restored_from_) {
    return fail("its tasks continue from different savepoints, " + std::to_string(restored_from_) + " and " +
                std::to_string(savepoint) + ": name a directory that is the same on every node");
  }
  restored_from_ = savepoint_ = savepoint;
  complete_is(savepoint);
}

void JobSupervisor::complete_is(CheckpointId newest) {
  newest_ = newest;
  published_.clear();
}

void JobSupervisor::ready(std::uint32_t task, ProcessingTime now) {
  if (phase_ != Phase::Deploying) return;
  ready_.insert(task);
  if (ready_.size() < shape_.tasks.size()) return;
  phase_ = Phase::Running;
  first_attempt_ = false;
  if (stop_requested_ && restored_from_ != 0 && !wants_savepoint()) {  // nothing that a new checkpoint would add
    last_checkpoint_ = restored_from_;
    stopping_ = true;
    return effects_.push_back(effect::Complete{restored_from_, Duration(0)});  // and no Go
  }
  coordinator_.start(restored_from_, attempt_, now);
  effects_.push_back(effect::Go{restored_from_});
  end_if_due(now);
}

void JobSupervisor::failed(const TaskFailure& failure, ProcessingTime now) {
  // What fails before anything ran, such as a missing file, is not worth another try.
  if (phase_ == Phase::Deploying && first_attempt_) return fail(describe(failure));
  retry_after(failure, FailedBy::Task, now);
}

void JobSupervisor::lost(const TaskFailure& failure, ProcessingTime now) { retry_after(failure, FailedBy::Surroundings, now); }

void JobSupervisor::moves(const std::string& why, ProcessingTime now) { retry_after({"", "", why}, FailedBy::Plan, now); }

void JobSupervisor::retry_after(const TaskFailure& failure, FailedBy by, ProcessingTime now) {
  if (phase_ != Phase::Running && phase_ != Phase::Deploying && phase_ != Phase::Beginning) return;
  failure_ = failure;
  failed_by_ = by;
  failed_at_ = now;
  tear_down();
}

void JobSupervisor::finished(std::uint32_t task, ProcessingTime now) {
  finished_.insert(task);
  end_if_due(now);
}

void JobSupervisor::stored(std::uint32_t task, CheckpointId checkpoint, StoredParts parts, ProcessingTime now) {
  if (phase_ != Phase::Running) return;
  auto commit = coordinator_.stored(task, checkpoint, std::move(parts));
  if (!commit) return;
  if (!keeps()) return complete(checkpoint, now);
  committing_ = checkpoint;
  using Afterwards = Barrier::Afterwards;
  effects_.push_back(effect::Commit{std::move(commit->manifest), checkpoint == last_checkpoint_ ? Afterwards::End : Afterwards::GoOn});
}

void JobSupervisor::committed(CheckpointId checkpoint, ProcessingTime now) {
  if (checkpoint != committing_ || checkpoint == 0) return;
  committing_ = 0;
  complete_is(checkpoint);
  if (phase_ == Phase::Running) complete(checkpoint, now);
}

void JobSupervisor::commit_failed(CheckpointId checkpoint, const std::string& why, ProcessingTime now) {
  if (checkpoint != committing_ || checkpoint == 0) return;
  committing_ = 0;
  if (phase_ == Phase::Waiting && stop_requested_) return stop(now);  // perhaps nothing is owed any more
  if (phase_ == Phase::Running) store_failed(checkpoint, why, now);
}

void JobSupervisor::store_failed(CheckpointId checkpoint, const std::string& why, ProcessingTime now) {
  if (phase_ == Phase::Beginning) return fail(why);
  if (phase_ != Phase::Running || coordinator_.under_way() != checkpoint || checkpoint == committing_) return;
  coordinator_.abandon(checkpoint);
  give_up(checkpoint, why, now);
}

void JobSupervisor::published(std::uint32_t task, CheckpointId checkpoint, ProcessingTime) {
  if (phase_ != Phase::Running || checkpoint != newest_ || checkpoint == 0) return;
  published_.insert(task);
  if (published_.size() < shape_.tasks.size()) return;
  settled_ = checkpoint;
  if (checkpoint != last_checkpoint_) return;
  const bool stopped = stopping_ || !all_finished();
  end_with({stopped ? JobOutcome::State::Stopped : JobOutcome::State::Finished, "", restored_from_, last_checkpoint_});
}

void JobSupervisor::tick(ProcessingTime now) {
  if (phase_ == Phase::Waiting && restart_at_ && *restart_at_ <= now) return begin_attempt();
  if (phase_ != Phase::Running) return;
  if (const auto expired = coordinator_.expire(now)) give_up(*expired, "it took too long", now);
  end_if_due(now);
  if (ending() || phase_ != Phase::Running) return;
  if (const auto barrier = coordinator_.tick(now)) trigger(*barrier, now);
}

void JobSupervisor::checkpoint(ProcessingTime now) {
  if (phase_ != Phase::Running || ending()) return;
  if (const auto barrier = coordinator_.trigger(Barrier::Mode::Aligned, now)) trigger(*barrier, now);
}

void JobSupervisor::stop(ProcessingTime now) {
  stop_requested_ = true;
  if (phase_ == Phase::Waiting && !owes() && !wants_savepoint()) return end({JobOutcome::State::Stopped, "", restored_from_});
  end_if_due(now);
}

void JobSupervisor::quit() { end_with({JobOutcome::State::Stopped, "", restored_from_}); }

void JobSupervisor::fail(const std::string& message) { end_with({JobOutcome::State::Failed, message, restored_from_}); }

void JobSupervisor::end_with(JobOutcome outcome) {
  if (phase_ == Phase::Ended || outcome_) return;
  outcome_ = std::move(outcome);
  tear_down();
}

std::optional<ProcessingTime> JobSupervisor::next_event() const {
  if (phase_ == Phase::Waiting) return restart_at_;
  if (phase_ != Phase::Running) return std::nullopt;
  return retry_at_ ? retry_at_ : coordinator_.next_event();
}

void JobSupervisor::trigger(const Barrier& barrier, ProcessingTime now) {
  triggered_ = now;
  effects_.push_back(effect::Trigger{barrier});
}

void JobSupervisor::complete(CheckpointId checkpoint, ProcessingTime now) {
  if (!coordinator_.committed(checkpoint, now)) return;
  given_up_ = 0;
  complete_is(checkpoint);
  if (keeps()) policy_.progressed();
  effects_.push_back(effect::Complete{checkpoint, now - triggered_});
  if (checkpoint == last_checkpoint_) return coordinator_.stop();  // the tasks publish what it covers, and that is the end
  end_if_due(now);
}

/// The coordinator has forgotten the checkpoint; now tasks and store do.
void JobSupervisor::give_up(CheckpointId checkpoint, const std::string& why, ProcessingTime now) {
  // A disk stays full for a while: the first is told, and then ever fewer.
  if (std::has_single_bit(++given_up_)) {
    const std::string in_a_row = given_up_ > 1 ? " (" + std::to_string(given_up_) + " in a row)" : "";
    warn("checkpoint " + std::to_string(checkpoint) + " was given up: " + why + in_a_row);
  }
  effects_.push_back(effect::GiveUp{checkpoint});
  if (checkpoint == last_checkpoint_) {
    last_checkpoint_ = 0;
    if (++last_failures_ >= options_.restart.attempts) return fail("the last checkpoint cannot be stored: " + why);
    retry_at_ = now + options_.restart.first_delay;
  }
  end_if_due(now);
}

/// Triggers the checkpoint that the job ends with, unless it is too early for it.
void JobSupervisor::end_if_due(ProcessingTime now) {
  if (phase_ != Phase::Running || !ending() || last_checkpoint_ != 0 || (retry_at_ && now < *retry_at_)) return;
  const auto mode = wants_savepoint() ? Barrier::Mode::Savepoint : Barrier::Mode::Aligned;
  const auto barrier = coordinator_.trigger(mode, now, Barrier::Afterwards::End);
  if (!barrier) return;  // one is under way
  last_checkpoint_ = barrier->checkpoint;
  stopping_ = stopping_ || !all_finished();
  retry_at_.reset();
  trigger(*barrier, now);
}

void JobSupervisor::tear_down() {
  if (phase_ == Phase::Stopping) return;
  const bool deployed = phase_ != Phase::Waiting;
  phase_ = Phase::Stopping;
  coordinator_.stop();
  if (deployed) effects_.push_back(effect::Kill{});
  else end(*outcome_);
}

void JobSupervisor::gone(ProcessingTime now) {
  if (phase_ != Phase::Stopping) return;
  if (outcome_) return end(*outcome_);
  const std::string what = describe(failure_);
  const bool savepoint_again = wants_savepoint() && failed_by_ != FailedBy::Task;
  if (stop_requested_ && !savepoint_again) {
    options_.last_checkpoint = ManifestKind::Checkpoint;  // what fails by itself would do so again
    warn(what + "; stopping as asked, at the last complete checkpoint");
    if (!owes()) return end({JobOutcome::State::Stopped, "", restored_from_});
  }
  if (stop_requested_ && ++losses_while_stopping_ >= options_.restart.in_vain) {
    return end({JobOutcome::State::Stopped, what + " (" + std::to_string(losses_while_stopping_) + " times while the job was to stop): some of what its last checkpoint covers may not be published", restored_from_});
  }
  if (failed_by_ == FailedBy::Plan) {
    effects_.push_back(effect::Inform{what + "; it moves"});
    effects_.push_back(effect::Restarting{Duration(0)});
    return begin_attempt();
  }
  const RestartPolicy::Decision decision = failed_by_ == FailedBy::Task ? policy_.failed(failure_, now) : policy_.lost();
  if (!decision.restart) return end({JobOutcome::State::Failed, what + how_often(decision), restored_from_});
  phase_ = Phase::Waiting;
  restart_at_ = std::max(now, failed_at_ + decision.delay);  // the time that ending took is part of it
  const Duration rest = *restart_at_ - now;
  warn(what + "; restarting in " + std::to_string(rest.count()) + " ms");
  effects_.push_back(effect::Restarting{rest});
}

std::string JobSupervisor::how_often(const RestartPolicy::Decision& decision) const {
  if (failure_.remedy == TaskFailure::Remedy::None) return "";
  const bool differs = decision.times < options_.restart.attempts;
  if (differs) return " (failure " + std::to_string(decision.in_vain) + " without a new checkpoint)";
  return decision.times > 1 ? " (" + std::to_string(decision.times) + " times)" : "";
}

void JobSupervisor::end(JobOutcome outcome) {
  phase_ = Phase::Ended;
  effects_.push_back(effect::Ended{std::move(outcome)});
}

}  // namespace weir
