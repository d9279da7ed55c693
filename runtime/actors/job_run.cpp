#include <weir/actors/job_run.hpp>

#include <algorithm>

#include <weir/base/bytes.hpp>
#include <weir/base/exception_text.hpp>
#include <weir/base/version.hpp>
#include <weir/wire/stored_parts.hpp>

namespace weir {
namespace {

SupervisorOptions supervisor_options(const JobSpec& spec) {
  SupervisorOptions options;
  options.checkpoint.interval = spec.checkpoint_interval;
  options.restart = spec.restart;
  return options;
}

}  // namespace

JobRun::JobRun(JobId job, JobRunEnvironment& environment)
    : job_(job), environment_(environment), supervisor_(supervisor_options(environment.state().job(job)->spec), kVersion) {}

const JobRecord& JobRun::record() const { return *environment_.state().job(job_); }

/// Of an attempt that continued from a savepoint another leader may know more.
bool JobRun::owes() const {
  const bool of_savepoint = record().attempt != 0 && record().manifests.empty() && !record().spec.from_savepoint.empty();
  return supervisor_.owes() || of_savepoint;
}

std::string JobRun::newest_manifest() const {
  return record().manifests.empty() ? "" : std::string(as_text(encode(record().manifests.front())));
}

void JobRun::start() {
  // Who led before may have given numbers to checkpoints that came to nothing, parts of which still lie on disks.
  constexpr CheckpointId kRoom = 100'000;
  const CheckpointId used = std::max(record().checkpoints_used, record().newest_checkpoint());
  supervisor_.skip_to(record().attempt == 0 ? used : used + kRoom);
  const bool savepoint = record().wish == JobWish::Savepoint && !has_savepoint();
  const ManifestKind last = savepoint ? ManifestKind::Savepoint : ManifestKind::Checkpoint;
  if (record().wish != JobWish::Run) supervisor_.stop_with(last, environment_.now());
  supervisor_.complete_is(record().newest_checkpoint());
  supervisor_.start(record().attempt, environment_.now());
  carry_out();
}

void JobRun::tick() {
  if (end_again_ && *end_again_ <= environment_.now()) return log_end();
  if (begin_at_) return begin_if_gone();
  if (taking_over_ && taking_over_->deadline <= environment_.now()) return begin_next("not all of its nodes are back" + away());
  if (move_again_ && *move_again_ <= environment_.now()) {
    move_again_.reset();
    prepare_to_move();
  }
  supervisor_.tick(environment_.now());
  carry_out();
}

std::optional<ProcessingTime> JobRun::next_event() const {
  if (end_again_) return end_again_;
  if (begin_at_) return begin_at_;
  if (taking_over_) return taking_over_->deadline;
  return earliest({supervisor_.next_event(), move_again_});
}

void JobRun::on_wish(JobWish wish) {
  if (taking_over_ || begin_at_) return;  // it is looked at when that is done
  const bool nothing_runs = to_be_placed_ && !owes();
  if (wish == JobWish::Cancel || (wish == JobWish::Stop && nothing_runs)) supervisor_.quit();
  else if (wish == JobWish::Savepoint) supervisor_.stop_with(ManifestKind::Savepoint, environment_.now());
  else if (wish == JobWish::Stop) supervisor_.stop(environment_.now());
  if (wish != JobWish::Run && !to_be_placed_) show("stopping");
  carry_out();
}

void JobRun::on_packet(ClusterNodeId from, const message::Packet& packet) {
  const bool alive = packet.kind == name_of<wire::Figures>() || packet.kind == name_of<wire::WorkerUp>();
  if (packet.attempt < attempt_ && alive) {  // it was not heard when that was over
    environment_.send(from, message::make_packet(job_, packet.attempt, wire::KillWorker{}));
  }
  if (packet.attempt != attempt_) return;  // of an attempt that is over (I10)
  if (packet.kind == name_of<wire::SavepointWritten>()) return on_savepoint(from, packet);
  const bool gone = packet.kind == name_of<wire::WorkerGone>();
  if (begin_at_) return gone ? on_gone_before_next(from) : void();
  try {
    take(from, packet);
    carry_out();
  } catch (...) {  // what a worker says may be anything; it costs its own job only
    const std::string why = "a worker does not make sense: " + current_exception_text();
    if (taking_over_) return begin_next(why);
    supervisor_.lost({"", "", why}, environment_.now());
  }
  carry_out();
}

void JobRun::take(ClusterNodeId from, const message::Packet& packet) {
  AttemptWorker* worker = workers_.on(from);
  if (worker == nullptr || worker->gone) return;
  const ProcessingTime now = environment_.now();
  const auto known = [&](std::uint32_t task) {
    WEIR_CHECK(live_.shape && task < live_.shape->tasks.size(), "a worker names a task that its job lacks", task);
    return task;
  };
  if (taking_over_) return take_while_taking_over(from, packet);
  message::on<wire::WorkerUp>(packet, [&](const wire::WorkerUp& m) { on_worker_up(from, m); });
  message::on<wire::WorkerGone>(packet, [&](const wire::WorkerGone& m) { on_worker_gone(from, m); });
  message::on<wire::WorkerFailed>(packet, [&](const wire::WorkerFailed& m) {
    if (m.permanent) return supervisor_.fail(m.message);
    supervisor_.lost({"", "", m.message}, now);
  });
  message::on<wire::ReadyToOpen>(packet, [&](const wire::ReadyToOpen&) {
    if (supervisor_.phase() != JobSupervisor::Phase::Deploying) return;
    environment_.send(from, message::make_packet(job_, attempt_, wire::Open{}));
  });
  message::on<wire::TaskReady>(packet, [&](const wire::TaskReady& m) {
    if (record().manifests.empty()) supervisor_.continues_from(m.restored_from);
    supervisor_.ready(known(m.task), now);
  });
  message::on<wire::TaskFinished>(packet, [&](const wire::TaskFinished& m) { supervisor_.finished(known(m.task), now); });
  message::on<wire::TaskPublished>(packet, [&](const wire::TaskPublished& m) { supervisor_.published(known(m.task), m.checkpoint, now); });
  message::on<wire::TaskStored>(packet, [&](const wire::TaskStored& m) {
    supervisor_.stored(known(m.task), m.checkpoint, wire::to_stored_parts(m), now);
  });
  message::on<wire::StoringFailed>(packet, [&](const wire::StoringFailed& m) {
    if (m.node != 0) failed_disks_.failed(m.node, now);
    supervisor_.store_failed(m.checkpoint, m.message, now);
  });
  message::on<wire::TaskFailed>(packet, [&](const wire::TaskFailed& m) {
    using Remedy = TaskFailure::Remedy;
    supervisor_.failed({m.operator_name, m.position, m.message, m.permanent ? Remedy::None : Remedy::Restart}, now);
  });
  message::on<wire::Figures>(packet, [&](const wire::Figures& m) {
    for (const wire::TaskFigures& task : m.tasks) live_.figures[known(task.task)] = task;
  });
}

void JobRun::on_node_gone(ClusterNodeId node, const std::string& why) {
  AttemptWorker* worker = workers_.on(node);
  if (worker == nullptr || worker->gone) return;
  worker->gone = true;
  if (begin_at_) return begin_if_gone();
  if (taking_over_) return begin_next(why);
  supervisor_.lost({"", "", why}, environment_.now());
  end_if_gone();
  carry_out();
}

void JobRun::on_node_returned(ClusterNodeId node) {
  AttemptWorker* worker = workers_.on(node);
  if (worker == nullptr || worker->gone) return;
  if (begin_at_) return kill(*worker);
  const std::string why = "the connection to its node broke";
  if (taking_over_) return begin_next(why);
  const bool told_to_end = supervisor_.phase() == JobSupervisor::Phase::Stopping;  // which may be lost
  if (told_to_end) kill(*worker);
  supervisor_.lost({"", "", why}, environment_.now());
  carry_out();
}

void JobRun::on_nodes_changed() {
  if (begin_at_) return;
  if (taking_over_) return ask_workers();
  spread_bundle();
  // Copies may have been on a node that is gone; those of the next checkpoint are on others.
  supervisor_.require_full();
  if (to_be_placed_) place();
  prepare_to_move();
  carry_out();
}

void JobRun::on_slots_free() {
  if (begin_at_ || taking_over_) return;
  if (to_be_placed_) place();
  prepare_to_move();
  carry_out();
}

void JobRun::carry_out() {
  for (JobEffects effects = supervisor_.take_effects(); !effects.empty(); effects = supervisor_.take_effects()) {
    for (JobEffect& one : effects) std::visit([this](auto& what) { carry_out(what); }, one);
  }
}

/// Proposes `command`; `then` is called if this attempt is still the one.
void JobRun::log(ClusterCommand command, std::function<void(const Logged&)> then) {
  auto done = [this, then = std::move(then), attempt = attempt_, alive = std::weak_ptr(alive_)](const Logged& applied) {
    if (alive.expired() || attempt != attempt_) return;
    then(applied);
    carry_out();
  };
  environment_.propose(std::move(command), std::move(done));
}

void JobRun::carry_out(const effect::Warn& warn) {
  live_.why = warn.text;
  environment_.warn(job_, warn.text);
}

void JobRun::carry_out(const effect::Inform& news) {
  live_.why = news.text;
  environment_.inform(job_, news.text);
}

void JobRun::carry_out(const effect::Restarting&) {
  show("restarting", live_.why);
}

void JobRun::show(std::string phase, std::string why) {
  live_.phase = std::move(phase);
  live_.why = std::move(why);
}

}  // namespace weir
