#include <weir/actors/job_actor.hpp>

#include <algorithm>
#include <set>

#include <caf/all.hpp>

#include <weir/actors/messages.hpp>
#include <weir/actors/task_actor.hpp>

namespace weir {
namespace {

constexpr const char* kVersion = "0.1.0";

class Job {
 public:
  Job(caf::event_based_actor* self, JobActorOptions options)
      : self_(self),
        options_(std::move(options)),
        plan_(*options_.plan),
        coordinator_(plan_, options_.job.checkpoint, kVersion),
        policy_(options_.job.restart) {}

  void begin_attempt() {
    ++attempt_;
    phase_ = Phase::Restoring;
    if (options_.writer) {
      self_->send(options_.writer, message::NewAttempt{attempt_});
      self_->send(options_.writer, message::ReadNewest{});
    } else {
      deploy(initial_state());
    }
  }

  void on_read(const message::NewestRead& read) {
    if (!read.error.empty()) return end({JobOutcome::State::Failed, read.error, restored_from_});
    for (const std::string& warning : read.state->warnings) options_.job.warn(warning);
    if (read.state->manifest) deploy(Result<StoredState>(std::move(*read.state)));
    else deploy(initial_state());
  }

  void on_ready(std::uint32_t task) {
    if (phase_ != Phase::Deploying || !current(task) || ++ready_ < tasks_.size()) return;
    phase_ = Phase::Running;
    coordinator_.start(restored_from_, attempt_, now());
    for (const caf::actor& actor : tasks_) {
      if (restored_from_ != 0) self_->send(actor, message::Complete{restored_from_});
      self_->send(actor, message::Go{});
    }
    arm();
    if (stop_requested_) stop();
  }

  void on_failed(std::uint32_t task, const TaskFailure& failure) {
    if (!current(task) || (phase_ != Phase::Running && phase_ != Phase::Deploying)) return;
    failure_ = failure;
    // What fails before anything ran, such as a missing file, is not worth another try.
    if (phase_ == Phase::Deploying && attempt_ == 1) outcome_ = JobOutcome{JobOutcome::State::Failed, describe(failure), restored_from_};
    tear_down();
  }

  void on_finished(std::uint32_t task) {
    if (!current(task) || ++finished_ < tasks_.size()) return;
    finish();
  }

  void on_stored(const message::Stored& stored) {
    if (auto commit = coordinator_.stored(stored.task, stored.checkpoint, std::move(*stored.parts), now())) {
      if (options_.writer) {
        self_->send(options_.writer, message::Commit{std::make_shared<Manifest>(std::move(commit->manifest))});
      } else {
        on_committed(stored.checkpoint);
      }
    }
  }

  void on_committed(CheckpointId checkpoint) {
    if (!coordinator_.committed(checkpoint, now())) return;
    policy_.progressed();
    options_.board->checkpoints.fetch_add(1);
    options_.board->last_checkpoint.store(checkpoint);
    options_.board->last_checkpoint_ms.store((now() - triggered_).count());
    for (const caf::actor& actor : tasks_) self_->send(actor, message::Complete{checkpoint});
    if (checkpoint == stop_checkpoint_) {
      final_checkpoint_ = checkpoint;  // the job ends when all tasks have published what it covers
      completed_ = 0;
      return;
    }
    if (finished_ == tasks_.size()) finish();
    arm();
  }

  void on_store_failed(const message::StoreFailed& failed) {
    if (coordinator_.under_way() != failed.checkpoint) return;
    options_.job.warn("checkpoint " + std::to_string(failed.checkpoint) + " was given up: " + failed.message);
    abandon(failed.checkpoint);
    store_failures_ += finished_ == tasks_.size() ? 1 : 0;
    if (store_failures_ > options_.job.restart.attempts) {
      failure_ = {"checkpoint writer", "", failed.message};
      outcome_ = JobOutcome{JobOutcome::State::Failed, "the last checkpoint cannot be stored: " + failed.message, restored_from_};
      return tear_down();
    }
    if (finished_ == tasks_.size()) self_->delayed_send(self_, options_.job.restart.first_delay, message::JobTick{});
  }

  void on_completed(std::uint32_t task, CheckpointId checkpoint) {
    if (!current(task) || checkpoint != final_checkpoint_ || ++completed_ < tasks_.size()) return;
    const bool stopped = final_checkpoint_ == stop_checkpoint_;
    outcome_ = JobOutcome{stopped ? JobOutcome::State::Stopped : JobOutcome::State::Finished, "", restored_from_};
    tear_down();
  }

  void on_tick() {
    armed_.reset();
    if (phase_ != Phase::Running) return;
    if (const auto expired = coordinator_.expire(now())) {
      options_.job.warn("checkpoint " + std::to_string(*expired) + " was given up: it took too long");
      tell_abandoned(*expired);
    }
    if (finished_ == tasks_.size()) return finish();
    if (const auto barrier = coordinator_.tick(now())) trigger(*barrier);
    arm();
  }

  void on_down(const caf::actor_addr& source) {
    if (down_.erase(source) == 0 || !down_.empty() || phase_ != Phase::Stopping) return;
    tasks_.clear();
    if (outcome_) return end(*outcome_);
    const RestartPolicy::Decision decision = policy_.failed(failure_);
    const std::string what = describe(failure_);
    if (!decision.restart) {
      const std::string times = decision.failures > 1 ? " (" + std::to_string(decision.failures) + " times)" : "";
      return end({JobOutcome::State::Failed, what + times, restored_from_});
    }
    options_.job.warn(what + "; restarting in " + to_text_ms(decision.delay));
    options_.board->restarts.fetch_add(1);
    phase_ = Phase::Waiting;
    self_->delayed_send(self_, decision.delay, message::Restart{});
  }

  void on_restart() {
    if (phase_ == Phase::Waiting) begin_attempt();
  }

  void stop() {
    stop_requested_ = true;
    if (phase_ == Phase::Waiting) return end({JobOutcome::State::Stopped, "", restored_from_});
    if (phase_ != Phase::Running || stop_checkpoint_ != 0 || finished_ == tasks_.size()) return;
    if (!options_.writer) {
      for (const caf::actor& actor : tasks_) self_->send(actor, message::StopSources{});
      return;
    }
    if (const auto under_way = coordinator_.under_way()) {
      stop_checkpoint_ = *under_way;
    } else if (const auto barrier = coordinator_.trigger(Barrier::Mode::Aligned, now())) {
      stop_checkpoint_ = barrier->checkpoint;
      trigger(*barrier);
    }
  }

 private:
  enum class Phase { Restoring, Deploying, Running, Stopping, Waiting, Ended };

  static std::string to_text_ms(Duration delay) { return std::to_string(delay.count()) + " ms"; }

  static std::string describe(const TaskFailure& failure) {
    const std::string where = failure.position.empty() ? "" : " at " + failure.position;
    return "operator '" + failure.operator_name + "' failed" + where + ": " + failure.message;
  }

  ProcessingTime now() const { return clock_.now(); }
  bool current(std::uint32_t task) const { return task < tasks_.size() && self_->current_sender() == tasks_[task]; }

  /// What a job without a checkpoint of its own starts with.
  Result<StoredState> initial_state() const {
    if (!options_.job.savepoint) return StoredState{};
    auto store = CheckpointStore::open(*options_.job.savepoint, {.job = "", .weir_version = kVersion, .access = StoreAccess::ReadOnly});
    if (!store) return store.error();
    return load_newest(**store);
  }

  void deploy(Result<StoredState> read) {
    if (!read) return end({JobOutcome::State::Failed, read.error().message, restored_from_});
    const StoredState stored = std::move(read).or_throw();
    phase_ = Phase::Deploying;
    ready_ = finished_ = completed_ = 0;
    final_checkpoint_ = stop_checkpoint_ = 0;
    restored_from_ = stored.manifest ? stored.manifest->checkpoint : 0;
    try {
      auto restored = restore_tasks(plan_, stored.job);
      auto peers = std::make_shared<std::vector<caf::actor>>();
      std::vector<message::Setup> setups;
      for (std::uint32_t number = 0; number < plan_.tasks.size(); ++number) setups.push_back(make_setup(number, restored));
      for (std::uint32_t number = 0; number < plan_.tasks.size(); ++number) peers->push_back(spawn_task(number));
      tasks_ = *peers;
      for (std::uint32_t number = 0; number < plan_.tasks.size(); ++number) {
        setups[number].peers = peers;
        self_->send(tasks_[number], std::move(setups[number]));
      }
    } catch (const std::exception& exception) {
      end({JobOutcome::State::Failed, exception.what(), restored_from_});
    }
  }

  message::Setup make_setup(std::uint32_t number, std::vector<RestoredTask>& restored) const {
    auto nodes = std::make_shared<std::vector<TaskNode>>(plan_.make_nodes(number));
    auto inputs = std::make_shared<std::vector<TaskInput>>(plan_.make_inputs(number));
    RestoredTask& task = restored[number];
    for (std::size_t i = 0; i < task.nodes.size(); ++i) (*nodes)[i].restored = std::move(task.nodes[i]);
    for (std::size_t i = 0; i < task.inputs.size(); ++i) (*inputs)[i].restored = std::move(task.inputs[i]);
    return {nullptr, std::move(nodes), std::move(inputs)};
  }

  caf::actor spawn_task(std::uint32_t number) {
    const TaskWiring& wiring = plan_.tasks[number];
    TaskActorOptions task;
    task.number = number;
    task.plan = &plan_;
    task.clock = &clock_;
    task.board = options_.board;
    task.job = caf::actor_cast<caf::actor>(self_);
    task.writer = options_.writer;
    task.task.task = wiring.index;
    task.task.parallelism = plan_.vertices[wiring.vertex].parallelism;
    task.task.key_groups = plan_.options.key_groups;
    task.task.checkpointed = static_cast<bool>(options_.writer);
    task.task.isolating = policy_.isolating();
    task.task.alignment_limit = options_.job.alignment_limit;
    task.task.credit = options_.job.credit;
    auto actor = self_->spawn<caf::monitored>(task_actor, std::move(task));
    down_.insert(actor.address());
    return actor;
  }

  void trigger(const Barrier& barrier) {
    triggered_ = now();
    for (const caf::actor& actor : tasks_) self_->send(actor, message::Trigger{barrier});
  }

  /// All tasks have finished: one last checkpoint covers, and so publishes, everything.
  void finish() {
    if (phase_ != Phase::Running || final_checkpoint_ != 0 || coordinator_.under_way()) return;
    const auto barrier = coordinator_.trigger(Barrier::Mode::Aligned, now());
    if (!barrier) return;
    final_checkpoint_ = barrier->checkpoint;
    trigger(*barrier);
  }

  void abandon(CheckpointId checkpoint) {
    coordinator_.abandon(checkpoint);
    tell_abandoned(checkpoint);
  }

  void tell_abandoned(CheckpointId checkpoint) {
    if (checkpoint == final_checkpoint_) final_checkpoint_ = 0;
    if (checkpoint == stop_checkpoint_) stop_checkpoint_ = 0;
    for (const caf::actor& actor : tasks_) self_->send(actor, message::Abandon{checkpoint});
  }

  void tear_down() {
    phase_ = Phase::Stopping;
    coordinator_.stop();
    for (const caf::actor& actor : tasks_) self_->send_exit(actor, caf::exit_reason::kill);
    if (down_.empty()) on_down({});
  }

  void arm() {
    const auto next = coordinator_.next_event();
    if (phase_ != Phase::Running || !next || (armed_ && *armed_ <= *next)) return;
    armed_ = next;
    self_->delayed_send(self_, std::max(Duration(0), *next - now()), message::JobTick{});
  }

  void end(JobOutcome outcome) {
    if (phase_ == Phase::Ended) return;
    phase_ = Phase::Ended;
    options_.ended(std::move(outcome));
  }

  caf::event_based_actor* self_;
  JobActorOptions options_;
  const Plan& plan_;
  SystemClock clock_;
  CheckpointCoordinator coordinator_;
  RestartPolicy policy_;
  Phase phase_ = Phase::Restoring;
  std::uint64_t attempt_ = 0;
  std::vector<caf::actor> tasks_;
  std::set<caf::actor_addr> down_;  // actors of the attempt that still live
  std::size_t ready_ = 0;
  std::size_t finished_ = 0;
  std::size_t completed_ = 0;
  std::uint32_t store_failures_ = 0;
  CheckpointId restored_from_ = 0;
  CheckpointId final_checkpoint_ = 0;
  CheckpointId stop_checkpoint_ = 0;
  bool stop_requested_ = false;
  ProcessingTime triggered_;
  std::optional<ProcessingTime> armed_;
  TaskFailure failure_;
  std::optional<JobOutcome> outcome_;
};

}  // namespace

caf::behavior job_actor(caf::event_based_actor* self, JobActorOptions options) {
  auto job = std::make_shared<Job>(self, std::move(options));
  self->set_down_handler([job](const caf::down_msg& down) { job->on_down(down.source); });
  return {
      [job](const message::Start&) { job->begin_attempt(); },
      [job](const message::NewestRead& read) { job->on_read(read); },
      [job](const message::Ready& ready) { job->on_ready(ready.task); },
      [job](const message::Failed& failed) { job->on_failed(failed.task, failed.failure); },
      [job](const message::Finished& finished) { job->on_finished(finished.task); },
      [job](const message::Stored& stored) { job->on_stored(stored); },
      [job](const message::Committed& committed) { job->on_committed(committed.checkpoint); },
      [job](const message::StoreFailed& failed) { job->on_store_failed(failed); },
      [job](const message::Completed& completed) { job->on_completed(completed.task, completed.checkpoint); },
      [job](const message::JobTick&) { job->on_tick(); },
      [job](const message::Restart&) { job->on_restart(); },
      [job](const message::StopJob&) { job->stop(); },
  };
}

}  // namespace weir
