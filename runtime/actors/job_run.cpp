#include <weir/actors/job_run.hpp>

#include <algorithm>

#include <weir/base/bytes.hpp>
#include <weir/base/exception_text.hpp>
#include <weir/base/version.hpp>
#include <weir/wire/job_shape_codec.hpp>
#include <weir/wire/stored_parts.hpp>

namespace weir {
namespace {

SupervisorOptions supervisor_options(const JobSpec& spec) {
  SupervisorOptions options;
  options.checkpoint.interval = spec.checkpoint_interval;
  options.restart = spec.restart;
  return options;
}

std::string text_of(const Manifest& manifest) {
  return std::string(as_text(encode(manifest)));
}

}  // namespace

JobRun::JobRun(JobId job, JobRunEnvironment& environment)
    : job_(job), environment_(environment), supervisor_(supervisor_options(environment.state().job(job)->spec), kVersion) {}

const JobRecord& JobRun::record() const { return *environment_.state().job(job_); }

void JobRun::start() {
  // Who led before may have given numbers to checkpoints that came to nothing, parts of which still lie on disks.
  constexpr CheckpointId kRoom = 100'000;
  const CheckpointId used = std::max(record().checkpoints_used, record().newest_checkpoint());
  supervisor_.skip_to(record().attempt == 0 ? used : used + kRoom);
  const bool savepoint = record().wish == JobWish::Savepoint && !has_savepoint();
  if (record().wish != JobWish::Run) supervisor_.stop_with(savepoint ? ManifestKind::Savepoint : ManifestKind::Checkpoint, environment_.now());
  supervisor_.complete_is(record().newest_checkpoint());
  supervisor_.start(record().attempt, environment_.now());
  carry_out();
}

void JobRun::take_over(ProcessingTime deadline) {
  const JobRecord& job = record();
  show("taking over");
  attempt_ = job.attempt;
  slots_ = job.slots;
  workers_ = AttemptWorkers(slots_);
  taking_over_ = TakingOver{deadline, {}, {}, {}, 0};
  ask_workers();
}

/// Those whose nodes are up by now, and were not asked yet.
void JobRun::ask_workers() {
  const std::set<ClusterNodeId> up = environment_.nodes_up();
  for (const AttemptWorker& worker : workers_) {
    if (!up.contains(worker.node) || !taking_over_->asked.insert(worker.node).second) continue;
    environment_.send(worker.node, message::make_packet(job_, attempt_, wire::ReportWorker{}));
  }
}

void JobRun::on_report(ClusterNodeId from, const wire::WorkerReport& report) {
  if (!taking_over_) return;
  if (!report.running) return begin_next("a worker was not running yet");
  auto shape = wire::decode_job_shape(report.shape).or_throw();
  WEIR_CHECK(!live_.shape || *live_.shape == shape, "the workers of an attempt have different plans", from);
  live_.shape = shape;
  taking_over_->running.insert(from);
  taking_over_->finished.insert(report.finished.begin(), report.finished.end());
  taking_over_->newest_used = std::max(taking_over_->newest_used, report.newest_checkpoint);
  if (taking_over_->running.size() < workers_.size()) return;
  for (const std::uint32_t task : taking_over_->finished) WEIR_CHECK(task < shape.tasks.size(), "a worker names a task that its job lacks", task);
  const TakingOver taken = std::move(*taking_over_);
  taking_over_.reset();
  const JobRecord& job = record();
  supervisor_.take_shape(std::move(shape));
  live_.node_of_task = nodes_of_tasks(*live_.shape, slots_);
  environment_.inform(job_, "attempt " + std::to_string(attempt_) + " goes on under this leader");
  const bool ends = job.ending != 0;
  supervisor_.adopt({attempt_, job.newest_checkpoint(), std::max(job.checkpoints_used, taken.newest_used),
                     ends ? Barrier::Afterwards::End : Barrier::Afterwards::GoOn, job.wish != JobWish::Run},
                    environment_.now());
  for (const std::uint32_t task : taken.finished) supervisor_.finished(task, environment_.now());
  show("running");
  prepare_to_move();
  if (job.wish != JobWish::Run) on_wish(job.wish);
}

/// Gives up the attempt that was to be taken over. The next one begins when its workers are gone; one that cannot say so opens nothing any
/// more once the lease is over.
void JobRun::begin_next(const std::string& why) {
  taking_over_.reset();
  live_.shape.reset();
  environment_.warn(job_, "attempt " + std::to_string(attempt_) + " is over: " + why);
  show("restarting", why);
  tell_nodes(wire::KillWorker{"a new leader begins the next attempt"});
  begin_at_ = environment_.now() + environment_.lease();
  begin_if_gone();
}

void JobRun::begin_if_gone() {
  if (!workers_.all_gone() && environment_.now() < *begin_at_) return;
  begin_at_.reset();
  workers_ = {};
  start();
}

void JobRun::on_gone_before_next(ClusterNodeId node) {
  if (AttemptWorker* worker = workers_.on(node)) worker->gone = true;
  if (begin_at_) begin_if_gone();
}

void JobRun::tick() {
  if (end_again_ && *end_again_ <= environment_.now()) return log_end();
  if (begin_at_) return begin_if_gone();
  if (taking_over_ && taking_over_->deadline <= environment_.now()) return begin_next("not all of its nodes are back");
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
  const auto next = supervisor_.next_event();
  if (!next || !move_again_) return next ? next : move_again_;
  return std::min(next, move_again_);
}

void JobRun::on_wish(JobWish wish) {
  if (taking_over_ || begin_at_) return;  // it is looked at when that is done
  const bool nothing_runs = to_be_placed_ && !supervisor_.owes();
  if (wish == JobWish::Cancel || (wish == JobWish::Stop && nothing_runs)) supervisor_.quit();
  else if (wish == JobWish::Savepoint) supervisor_.stop_with(ManifestKind::Savepoint, environment_.now());
  else if (wish == JobWish::Stop) supervisor_.stop(environment_.now());
  if (wish != JobWish::Run) show("stopping");
  carry_out();
}

void JobRun::on_packet(ClusterNodeId from, const message::Packet& packet) {
  const bool alive = packet.kind == name_of<wire::Figures>() || packet.kind == name_of<wire::WorkerUp>();
  if (packet.attempt < attempt_ && alive) {  // it was not heard when that was over
    environment_.send(from, message::make_packet(job_, packet.attempt, wire::KillWorker{"the attempt is over"}));
  }
  if (packet.attempt != attempt_) return;  // of an attempt that is over (I10)
  if (packet.kind == name_of<wire::SavepointWritten>()) return on_savepoint(from, packet);
  const bool gone = packet.kind == name_of<wire::WorkerGone>();
  if (begin_at_) return gone ? on_gone_before_next(from) : void();
  if (taking_over_ && gone) {
    on_gone_before_next(from);
    return begin_next("one of its workers is gone");
  }
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
  message::on<wire::WorkerReport>(packet, [&](const wire::WorkerReport& m) { on_report(from, m); });
  if (taking_over_) {
    message::on<wire::TaskFinished>(packet, [&](const wire::TaskFinished& m) { taking_over_->finished.insert(m.task); });
    const bool failed = packet.kind == name_of<wire::TaskFailed>() || packet.kind == name_of<wire::WorkerFailed>();
    if (failed) begin_next("a task failed while nobody led");
    return;
  }
  message::on<wire::WorkerUp>(packet, [&](const wire::WorkerUp& m) { on_worker_up(from, m); });
  message::on<wire::WorkerGone>(packet, [&](const wire::WorkerGone& m) { on_worker_gone(from, m); });
  message::on<wire::WorkerFailed>(packet, [&](const wire::WorkerFailed& m) {
    if (m.permanent) return supervisor_.fail(m.message);
    supervisor_.lost({"", "", m.message}, now);
  });
  message::on<wire::ReadyToOpen>(packet, [&](const wire::ReadyToOpen& m) {
    if (supervisor_.phase() != JobSupervisor::Phase::Deploying) return;
    environment_.send(from, message::make_packet(job_, attempt_, wire::Open{m.self}));
  });
  message::on<wire::TaskReady>(packet, [&](const wire::TaskReady& m) { supervisor_.ready(known(m.task), now); });
  message::on<wire::TaskFinished>(packet, [&](const wire::TaskFinished& m) { supervisor_.finished(known(m.task), now); });
  message::on<wire::TaskPublished>(packet, [&](const wire::TaskPublished& m) { supervisor_.published(known(m.task), m.checkpoint, now); });
  message::on<wire::TaskStored>(packet, [&](const wire::TaskStored& m) { supervisor_.stored(known(m.task), m.checkpoint, wire::to_stored_parts(m), now); });
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

/// Nodes that are up and not to end; if all are to end, those.
std::set<ClusterNodeId> JobRun::staying() const {
  std::set<ClusterNodeId> up = environment_.nodes_up();
  std::set<ClusterNodeId> staying = up;
  for (const ClusterNodeId node : environment_.nodes_draining()) staying.erase(node);
  return staying.empty() ? up : staying;
}

bool JobRun::needs(ClusterNodeId node) const {
  const bool runs = std::any_of(workers_.begin(), workers_.end(), [&](const AttemptWorker& worker) { return worker.node == node && !worker.gone; });
  return runs || (record().newest_checkpoint() != 0 && !released_.contains(node));
}

/// Whether no node that is to end keeps what is not to be missed.
bool JobRun::all_released() const {
  const std::set<ClusterNodeId> draining = environment_.nodes_draining();
  return std::includes(released_.begin(), released_.end(), draining.begin(), draining.end());
}

/// Before nodes end: a full checkpoint of which they keep nothing. When it is complete, what runs on them moves.
void JobRun::prepare_to_move() {
  const bool released = all_released();
  if (released && !is_to_move()) return;
  if (!released) supervisor_.require_full();
  supervisor_.checkpoint(environment_.now());
}

/// Whether one of its workers is on a node that is to end, and another node could take its place.
bool JobRun::is_to_move() const {
  const std::set<ClusterNodeId> draining = environment_.nodes_draining();
  if (draining.empty() || environment_.placement_nodes(job_).empty()) return false;
  return std::any_of(workers_.begin(), workers_.end(), [&](const AttemptWorker& worker) { return !worker.gone && draining.contains(worker.node); });
}

void JobRun::carry_out() {
  for (JobEffects effects = supervisor_.take_effects(); !effects.empty(); effects = supervisor_.take_effects()) {
    for (JobEffect& one : effects) std::visit([this](auto& what) { carry_out(what); }, one);
  }
}

/// Proposes `command`; `then` is called if this attempt is still the one.
void JobRun::log(ClusterCommand command, std::function<void(const Result<Applied>&)> then) {
  environment_.propose(std::move(command), [this, then = std::move(then), attempt = attempt_, alive = std::weak_ptr(alive_)](Result<Applied> applied) {
    if (alive.expired() || attempt != attempt_) return;
    then(applied);
    carry_out();
  });
}

void JobRun::carry_out(const effect::Begin& begin) {
  attempt_ = begin.attempt;
  isolating_ = begin.isolating;
  workers_ = {};
  live_.figures.clear();
  place();
}

void JobRun::place() {
  const bool nothing_to_publish = record().newest_checkpoint() == 0;
  if (record().wish == JobWish::Cancel || (record().wish == JobWish::Stop && nothing_to_publish)) return supervisor_.quit();
  const JobSpec& spec = record().spec;
  PlacementRequest request{job_, spec.name, spec.parallelism, record().slots, {}};
  std::set<ClusterNodeId> had = environment_.nodes_up();
  had.insert(record().slots.begin(), record().slots.end());
  for (const ClusterNodeId former : record().slots) {
    const auto keep = keepers(job_, former, had, spec.replication);
    request.holders.emplace_back(keep.begin(), keep.end());
  }
  auto placed = weir::place(request, environment_.placement_nodes(job_));
  to_be_placed_ = !placed;
  if (!placed) {
    spread_bundle();
    return show("waiting for slots", placed.error().message);
  }
  slots_ = std::move(placed).or_throw();
  workers_ = AttemptWorkers(slots_);  // from now on: what becomes of a node before its worker is started counts, too
  show("starting");
  unlogged_ = slots_beyond(slots_, record().slots);
  log(command::BeginAttempt{job_, attempt_, slots_, supervisor_.checkpoints().newest_used()}, [this](const Result<Applied>& applied) {
    unlogged_.clear();
    if (applied) start_workers();
    else supervisor_.lost({"", "", applied.error().message}, environment_.now());  // such as a node that was forgotten meanwhile
  });
}

void JobRun::start_workers() {
  if (supervisor_.phase() != JobSupervisor::Phase::Beginning) return end_if_gone();
  const JobRecord& job = record();
  tell_nodes(wire::RewindParts{job.manifests.empty() ? "" : text_of(job.manifests.front()), job.spec.retained});
  const std::set<ClusterNodeId> up = environment_.nodes_up();
  // A node that was away while an older attempt was given up may have a worker of it. Nodes that come later hear it, too.
  for (const ClusterNodeId node : up) environment_.send(node, message::make_packet(job_, attempt_ - 1, wire::KillWorker{"the attempt is over"}));
  wire::StartWorker start{job.spec.name,        job.spec.bundle,     {up.begin(), up.end()}, job.spec.options, job.spec.parallelism,
                          job.spec.key_groups, static_cast<std::uint64_t>(job.spec.alignment_limit.count())};
  tell_workers(start);
  spread_bundle();
}

/// To as many nodes as keep copies of a checkpoint: those with workers have it already, or fetch it to run; a job that waits has none.
void JobRun::spread_bundle() {
  const ClusterNodeId owner = workers_.size() == 0 ? environment_.self().node.id : workers_.begin()->node;
  const JobSpec& spec = record().spec;
  const std::set<ClusterNodeId> up = environment_.nodes_up();
  const message::Packet packet = message::make_packet(job_, attempt_, wire::KeepBundle{spec.bundle, {up.begin(), up.end()}});
  for (const ClusterNodeId node : keepers(job_, owner, staying(), spec.replication)) {
    if (workers_.on(node) == nullptr) environment_.send(node, packet);
  }
}

void JobRun::on_worker_up(ClusterNodeId from, const wire::WorkerUp& up) {
  workers_.on(from)->address = up.address;
  auto shape = wire::decode_job_shape(up.shape).or_throw();
  if (live_.shape && *live_.shape != shape) return supervisor_.fail("the job plans differently on different nodes; it must not depend on the machine");
  if (!live_.shape) {
    supervisor_.take_shape(shape);
    live_.shape = std::move(shape);
  }
  if (workers_.all_up()) deploy();
}

void JobRun::deploy() {
  if (supervisor_.phase() != JobSupervisor::Phase::Beginning) return;
  const JobRecord& job = record();
  live_.node_of_task = nodes_of_tasks(*live_.shape, slots_);
  wire::Deploy deploy;
  for (const AttemptWorker& worker : workers_) deploy.workers.push_back(worker.address);
  for (const ClusterNodeId node : live_.node_of_task) {
    deploy.worker_of_task.push_back(workers_.number_on(node));
  }
  deploy.isolating = isolating_;
  if (job.manifests.empty()) deploy.savepoint = job.spec.from_savepoint;
  else deploy.manifest = text_of(job.manifests.front());
  supervisor_.restored(job.newest_checkpoint());
  if (job.newest_checkpoint() != 0) environment_.inform(job_, "continuing from checkpoint " + std::to_string(job.newest_checkpoint()));
  for (const AttemptWorker& worker : workers_) {
    environment_.send(worker.node, message::make_packet(job_, attempt_, deploy));
    ++deploy.self;
  }
}

void JobRun::on_worker_gone(ClusterNodeId from, const wire::WorkerGone& gone) {
  workers_.on(from)->gone = true;
  const TaskFailure failure{"", "", "a worker ended: " + gone.how};
  if (!gone.expected) {
    live_.last_lines = gone.last_lines;
    for (const std::string& line : gone.last_lines) environment_.warn(job_, "worker: " + line);
  }
  // Its node may have ended it, too, for a reason of its own; where this run did, the attempt is over anyway.
  if (gone.crashed) supervisor_.failed(failure, environment_.now());
  else supervisor_.lost(failure, environment_.now());
  end_if_gone();
}

void JobRun::end_if_gone() {
  if (supervisor_.phase() != JobSupervisor::Phase::Stopping) return;
  if (workers_.all_gone()) supervisor_.gone(environment_.now());
}

void JobRun::carry_out(const effect::Go& go) {
  show("running");
  tell_workers(wire::Go{go.restored_from});
  prepare_to_move();
  if (record().wish != JobWish::Run) on_wish(record().wish);
}

void JobRun::carry_out(const effect::Trigger& trigger) {
  const Barrier& barrier = trigger.barrier;
  wire::Trigger told{barrier.checkpoint, barrier.parent, static_cast<std::uint8_t>(barrier.mode), static_cast<std::uint8_t>(barrier.afterwards), {}};
  const std::set<ClusterNodeId> usable = failed_disks_.usable(staying(), environment_.now());
  for (const ClusterNodeId node : usable) released_.erase(node);
  if (barrier.parent == 0) spared_[barrier.checkpoint] = environment_.nodes_draining();
  for (const AttemptWorker& worker : workers_) {
    if (worker.gone) continue;
    told.keepers = keepers(job_, worker.node, usable, record().spec.replication);
    environment_.send(worker.node, message::make_packet(job_, attempt_, told));
  }
}

void JobRun::carry_out(effect::Commit& commit) {
  committing_ = commit.manifest.checkpoint;
  commit.manifest.completed_ms = environment_.wall_clock_ms();
  const CheckpointId checkpoint = commit.manifest.checkpoint;
  log(command::CommitCheckpoint{job_, std::move(commit.manifest), commit.afterwards}, [this, checkpoint](const Result<Applied>& applied) {
    if (applied) supervisor_.committed(checkpoint, environment_.now());
    else supervisor_.store_failed(checkpoint, applied.error().message, environment_.now());
  });
}

void JobRun::carry_out(const effect::Complete& complete) {
  live_.checkpoint_took_ms = complete.took.count();
  tell_workers(wire::Complete{complete.checkpoint});
  const JobRecord& job = record();
  if (!job.manifests.empty()) tell_nodes(wire::KeepParts{text_of(job.manifests.front()), job.spec.retained});
  if (const auto full = spared_.find(complete.checkpoint); full != spared_.end()) {
    released_ = full->second;
    spared_.erase(spared_.begin(), std::next(full));
  }
  if (job.wish != JobWish::Run || job.ending != 0) return;
  if (all_released() && is_to_move()) supervisor_.lost({"", "", "a node that runs a part of it is to end"}, environment_.now());
  else prepare_to_move();
}

void JobRun::carry_out(const effect::GiveUp& given_up) {
  tell_workers(wire::GiveUp{given_up.checkpoint});
  const bool may_be_logged = given_up.checkpoint == committing_;  // though this leader was told that it is not
  if (!may_be_logged) tell_nodes(wire::DropParts{given_up.checkpoint});
  constexpr Duration kRetry{1000};
  if (!all_released()) move_again_ = environment_.now() + kRetry;
}

void JobRun::carry_out(const effect::Kill&) {
  to_be_placed_ = false;
  show("stopping");
  for (const AttemptWorker& worker : workers_) {
    if (!worker.gone) kill(worker);
  }
  end_if_gone();
}

void JobRun::kill(const AttemptWorker& worker) {
  environment_.send(worker.node, message::make_packet(job_, attempt_, wire::KillWorker{"the attempt is over"}));
}

void JobRun::carry_out(const effect::Warn& warn) {
  live_.why = warn.text;
  environment_.warn(job_, warn.text);
}

void JobRun::carry_out(const effect::Restarting&) {
  ++live_.restarts;
  show("restarting", live_.why);
}

void JobRun::carry_out(const effect::Ended& ended) {
  outcome_ = ended.outcome;
  if (record().wish == JobWish::Savepoint && outcome_.state != JobOutcome::State::Failed) return export_savepoint();
  show("ending");
  log_end();
}

bool JobRun::has_savepoint() const { return !record().manifests.empty() && record().manifests.front().kind == ManifestKind::Savepoint; }

/// The leader's node writes it, from all nodes' parts. A leader that comes meanwhile does it again.
void JobRun::export_savepoint() {
  const JobRecord& job = record();
  if (!has_savepoint()) {
    const bool by_itself = outcome_.state == JobOutcome::State::Finished;
    outcome_.message = std::string("no savepoint was written: the job ") + (by_itself ? "came to its end first" : "failed while it was to stop; its last checkpoint is kept");
    return log_end();
  }
  show("writing the savepoint");
  exporting_ = true;
  environment_.send(environment_.self().node.id,
                    message::make_packet(job_, attempt_, wire::ExportSavepoint{text_of(job.manifests.front()), job.savepoint}));
}

void JobRun::on_savepoint(ClusterNodeId from, const message::Packet& packet) {
  if (from != environment_.self().node.id || !std::exchange(exporting_, false)) return;  // who led before may have asked for it
  const auto written = wire::decode<wire::SavepointWritten>(packet.bytes).or_throw();
  if (!written.error.empty()) outcome_.message = "no savepoint was written: " + written.error + "; the job's last checkpoint is kept";
  log_end();
}

void JobRun::log_end() {
  constexpr Duration kRetry{1000};
  end_again_.reset();
  log(command::EndJob{job_, record().attempt, outcome_, environment_.wall_clock_ms()}, [this](const Result<Applied>& applied) {
    if (applied || record().ended()) return environment_.ended(job_);
    environment_.warn(job_, "its end cannot be logged: " + applied.error().message);
    end_again_ = environment_.now() + kRetry;
  });
}

template <NamedRecord M>
void JobRun::tell_workers(const M& content) {
  const message::Packet packet = message::make_packet(job_, attempt_, content);
  for (const AttemptWorker& worker : workers_) {
    if (!worker.gone) environment_.send(worker.node, packet);
  }
}

template <NamedRecord M>
void JobRun::tell_nodes(const M& content) {
  const message::Packet packet = message::make_packet(job_, attempt_, content);
  for (const ClusterNodeId node : environment_.nodes_up()) environment_.send(node, packet);
}

void JobRun::show(std::string phase, std::string why) {
  live_.phase = std::move(phase);
  live_.why = std::move(why);
}

}  // namespace weir
