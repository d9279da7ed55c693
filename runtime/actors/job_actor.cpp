#include <weir/actors/job_actor.hpp>

#include <algorithm>

#include <caf/all.hpp>

#include <weir/actors/alarms.hpp>
#include <weir/actors/attempt.hpp>
#include <weir/actors/messages.hpp>
#include <weir/base/exception_text.hpp>
#include <weir/base/version.hpp>

namespace weir {
namespace {

SupervisorOptions supervisor_options(const JobActorOptions& options) {
  using Keeps = SupervisorOptions::Keeps;
  return {options.job.checkpoint, options.job.restart, options.job.last_checkpoint, options.writer ? Keeps::Checkpoints : Keeps::Nothing};
}

class Job {
 public:
  Job(caf::event_based_actor* self, JobActorOptions options)
      : self_(self), options_(std::move(options)), supervisor_(JobShape::of(*options_.plan), supervisor_options(options_), kVersion) {}

  /// Lets `act` tell the supervisor something, and does what follows from it. The one catch site of the job's own work: a bug
  /// here must not leave the job standing.
  template <class Act>
  void handle(Act&& act) {
    try {
      act();
      carry_out();
    } catch (const std::exception& exception) {
      supervisor_.fail(exception_text(exception));
      carry_out();
    }
    arm();
  }

  void on_start(const message::StartJob&) {
    if (options_.writer) self_->monitor(options_.writer);
    supervisor_.start(0, steady_now());
  }

  void on_read(const message::NewestRead& read) {
    if (supervisor_.phase() != Phase::Beginning || read.attempt != supervisor_.attempt()) return;
    for (const std::string& warning : read.state->warnings) options_.job.warn(warning);
    deploy(read.state->manifest ? Result<StoredState>(std::move(*read.state)) : initial_state());
  }

  void on_ready(const message::Ready& ready) {
    if (sent_by(ready.task)) supervisor_.ready(ready.task, steady_now());
  }
  void on_failed(const message::Failed& failed) {
    if (sent_by(failed.task)) supervisor_.failed(failed.failure, steady_now());
  }
  void on_finished(const message::Finished& finished) {
    if (sent_by(finished.task)) supervisor_.finished(finished.task, steady_now());
  }
  void on_completed(const message::Completed& completed) {
    if (sent_by(completed.task)) supervisor_.published(completed.task, completed.checkpoint, steady_now());
  }

  void on_stored(const message::Stored& stored) {
    if (supervisor_.running(stored.attempt)) supervisor_.stored(stored.task, stored.checkpoint, std::move(*stored.parts), steady_now());
  }
  void on_committed(const message::Committed& committed) {
    supervisor_.committed(committed.checkpoint, steady_now());
  }
  /// A commit, of whichever attempt, or a part.
  void on_store_failed(const message::StoreFailed& failed) {
    supervisor_.commit_failed(failed.checkpoint, failed.message, steady_now());
    if (failed.attempt == supervisor_.attempt()) supervisor_.store_failed(failed.checkpoint, failed.message, steady_now());
  }

  void on_tick(const message::JobTick& tick) {
    alarms_.rang(tick.due);
    supervisor_.tick(steady_now());
  }

  void on_down(const caf::down_msg& down) {
    if (options_.writer && down.source == options_.writer.address()) {
      return supervisor_.fail("the checkpoint writer ended: " + to_string(down.reason));
    }
    const auto task = attempt_ ? attempt_->on_down(down.source) : std::nullopt;
    if (!task) return;
    supervisor_.lost({options_.plan->task_name(*task), "", "its actor ended: " + to_string(down.reason)}, steady_now());
    if (attempt_->gone()) supervisor_.gone(steady_now());
  }

  void on_stop(const message::StopJob&) { supervisor_.stop(steady_now()); }

  /// The job's owner goes away: so do all actors, at once.
  void on_quit(const message::Quit&) {
    quitting_ = true;
    if (supervisor_.phase() == Phase::Ended) return self_->quit();
    supervisor_.quit();
  }

 private:
  using Phase = JobSupervisor::Phase;

  static std::string describe(const Manifest& manifest) {
    return (manifest.kind == ManifestKind::Savepoint ? "savepoint " : "checkpoint ") + std::to_string(manifest.checkpoint) + ", taken " +
           to_text(EventTime{manifest.completed_ms});
  }

  bool sent_by(std::uint32_t task) const { return attempt_ && attempt_->sent_by(task); }

  /// Effects may lead to more of them, such as the end of an attempt that has no actors yet.
  void carry_out() {
    for (JobEffects effects = supervisor_.take_effects(); !effects.empty(); effects = supervisor_.take_effects()) {
      for (JobEffect& one : effects) std::visit([this](auto& what) { carry_out(what); }, one);
    }
  }

  void carry_out(const effect::Begin& begin) {
    attempt_ = std::make_unique<Attempt>(
        self_, AttemptOptions{{0, begin.attempt}, options_.plan, options_.clock, options_.board, options_.writer});
    isolating_ = begin.isolating;
    if (options_.writer) self_->send(options_.writer, message::Begin{begin.attempt});
    else deploy(initial_state());
  }
  void carry_out(const effect::Go& go) {
    if (go.restored_from != 0) attempt_->tell_all(message::Complete{go.restored_from});
    attempt_->tell_all(message::Go{});
  }
  void carry_out(const effect::Trigger& trigger) { attempt_->tell_all(message::Trigger{trigger.barrier}); }
  void carry_out(effect::Commit& commit) {
    commit.manifest.completed_ms = options_.clock->now().ms;
    self_->send(options_.writer, message::Commit{std::make_shared<Manifest>(std::move(commit.manifest))});
  }
  void carry_out(const effect::Complete& complete) {
    if (options_.writer) {  // otherwise it ends the job and is kept nowhere
      options_.board->checkpoints.fetch_add(1);
      options_.board->last_checkpoint.store(complete.checkpoint);
      options_.board->last_checkpoint_ms.store(complete.took.count());
    }
    attempt_->tell_all(message::Complete{complete.checkpoint});
  }
  void carry_out(const effect::GiveUp& given_up) {
    attempt_->tell_all(message::Abandon{given_up.checkpoint});
    if (options_.writer) self_->send(options_.writer, message::GiveUp{attempt_->number(), given_up.checkpoint});
  }
  void carry_out(const effect::Kill&) {
    attempt_->kill();
    if (attempt_->gone()) supervisor_.gone(steady_now());
  }
  void carry_out(const effect::Warn& warn) { options_.job.warn(warn.text); }
  void carry_out(const effect::Inform& news) { options_.job.inform(news.text); }
  void carry_out(const effect::Restarting&) { options_.board->restarts.fetch_add(1); }
  void carry_out(const effect::Ended& ended) {
    options_.ended(ended.outcome);
    if (quitting_) self_->quit();
  }

  /// What a job without a checkpoint of its own starts with.
  Result<StoredState> initial_state() const {
    if (!options_.job.savepoint) return StoredState{};
    const std::filesystem::path& directory = *options_.job.savepoint;
    auto state = load_savepoint(directory);
    if (!state) return state;
    const std::string& mine = options_.plan->graph.name;
    const std::string& theirs = state->manifest->job;
    if (theirs != mine) return Error{directory.string() + " holds the state of job '" + theirs + "', not of '" + mine + "'"};
    return state;
  }

  void deploy(Result<StoredState> read) {
    if (!read) return supervisor_.fail(read.error().message);
    const StoredState stored = std::move(read).or_throw();
    supervisor_.restored(stored.manifest ? stored.manifest->checkpoint : 0);
    if (stored.manifest) options_.job.inform("continuing from " + describe(*stored.manifest) + " in " + stored.place);
    TaskOptions common;
    common.key_groups = options_.plan->options.key_groups;
    common.checkpointed = static_cast<bool>(options_.writer);
    common.isolating = isolating_;
    common.alignment_limit = options_.job.alignment_limit;
    common.credit = options_.job.credit;
    attempt_->spawn(std::vector<bool>(options_.plan->tasks.size(), true), common);
    attempt_->connect(stored.job);
  }

  void arm() {
    const auto next = supervisor_.next_event();
    if (!next || !alarms_.set(*next)) return;
    self_->delayed_send(self_, std::max(Duration(0), *next - steady_now()), message::JobTick{*next});
  }

  caf::event_based_actor* self_;
  JobActorOptions options_;
  JobSupervisor supervisor_;
  std::unique_ptr<Attempt> attempt_;  // empty before the first
  bool isolating_ = false;            // the attempt runs record by record
  bool quitting_ = false;
  Alarms alarms_;
};

template <class Message>
auto handler(const std::shared_ptr<Job>& job, void (Job::*on)(const Message&)) {
  return [job, on](const Message& message) { job->handle([&] { ((*job).*on)(message); }); };
}

}  // namespace

caf::behavior job_actor(caf::event_based_actor* self, JobActorOptions options) {
  // Owned by the behaviour's handlers; gone when the actor is.
  const auto job = std::make_shared<Job>(self, std::move(options));
  self->set_down_handler([job](const caf::down_msg& down) { job->handle([&] { job->on_down(down); }); });
  return {
      handler(job, &Job::on_start),     handler(job, &Job::on_read),         handler(job, &Job::on_ready),
      handler(job, &Job::on_failed),    handler(job, &Job::on_finished),     handler(job, &Job::on_stored),
      handler(job, &Job::on_committed), handler(job, &Job::on_store_failed), handler(job, &Job::on_completed),
      handler(job, &Job::on_tick),      handler(job, &Job::on_stop),         handler(job, &Job::on_quit),
  };
}

}  // namespace weir
