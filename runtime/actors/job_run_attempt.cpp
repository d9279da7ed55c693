#include <weir/actors/job_run.hpp>

#include <utility>

#include <weir/wire/job_shape_codec.hpp>

namespace weir {

void JobRun::carry_out(const effect::Begin& begin) {
  attempt_ = begin.attempt;
  isolating_ = begin.isolating;
  workers_ = {};
  live_.figures.clear();
  place();
}

void JobRun::place() {
  const bool nothing_to_publish = record().newest_checkpoint() == 0 && !owes();
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
    show("waiting for slots", placed.error().message);
    if (!std::exchange(live_.slots, {}).empty()) environment_.slots_are_free();
    return spread_bundle();
  }
  live_.slots = std::move(placed).or_throw();
  workers_ = AttemptWorkers(live_.slots);  // from now on: what becomes of a node before its worker is started counts, too
  show("starting");
  log(command::BeginAttempt{job_, attempt_, live_.slots, supervisor_.checkpoints().newest_used()}, [this](const Logged& applied) {
    if (applied) start_workers();
    else supervisor_.lost({"", "", applied.error().message}, environment_.now());  // such as a node that was forgotten meanwhile
  });
}

void JobRun::start_workers() {
  if (supervisor_.phase() != JobSupervisor::Phase::Beginning) return end_if_gone();
  const JobRecord& job = record();
  tell_nodes(wire::RewindParts{newest_manifest(), job.spec.retained});
  const std::set<ClusterNodeId> up = environment_.nodes_up();
  // A node that was away while an older attempt was given up may have a worker of it. Nodes that come later hear it, too.
  const message::Packet over = message::make_packet(job_, attempt_ - 1, wire::KillWorker{});
  for (const ClusterNodeId node : up) environment_.send(node, over);
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
  if (live_.shape && *live_.shape != shape) {
    return supervisor_.fail("the job plans differently on different nodes; it must not depend on the machine");
  }
  if (!live_.shape) {
    supervisor_.take_shape(shape);
    live_.shape = std::move(shape);
  }
  if (workers_.all_up()) deploy();
}

void JobRun::deploy() {
  if (supervisor_.phase() != JobSupervisor::Phase::Beginning) return;
  const JobRecord& job = record();
  live_.node_of_task = nodes_of_tasks(*live_.shape, live_.slots);
  wire::Deploy deploy;
  for (const AttemptWorker& worker : workers_) deploy.workers.push_back(worker.address);
  for (const ClusterNodeId node : live_.node_of_task) {
    deploy.worker_of_task.push_back(workers_.number_on(node));
  }
  deploy.isolating = isolating_;
  if (job.manifests.empty()) deploy.savepoint = job.spec.from_savepoint;
  else deploy.manifest = newest_manifest();
  supervisor_.restored(job.newest_checkpoint());
  if (job.newest_checkpoint() != 0) environment_.inform(job_, "continuing from checkpoint " + std::to_string(job.newest_checkpoint()));
  for (const AttemptWorker& worker : workers_) {
    environment_.send(worker.node, message::make_packet(job_, attempt_, deploy));
    ++deploy.self;
  }
}

void JobRun::carry_out(const effect::Go& go) {
  show("running");
  tell_workers(wire::Go{go.restored_from});
  prepare_to_move();
  if (record().wish != JobWish::Run) on_wish(record().wish);
}

void JobRun::on_worker_gone(ClusterNodeId from, const wire::WorkerGone& gone) {
  workers_.on(from)->gone = true;
  const TaskFailure failure{"", "", "a worker ended: " + gone.how};
  tell_last_lines(gone);
  // Its node may have ended it, too, for a reason of its own; where this run did, the attempt is over anyway.
  if (gone.crashed) supervisor_.failed(failure, environment_.now());
  else supervisor_.lost(failure, environment_.now());
  end_if_gone();
}

void JobRun::tell_last_lines(const wire::WorkerGone& gone) {
  if (gone.expected) return;
  live_.last_lines = gone.last_lines;
  for (const std::string& line : gone.last_lines) environment_.warn(job_, "worker: " + line);
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
  environment_.send(worker.node, message::make_packet(job_, attempt_, wire::KillWorker{}));
}

void JobRun::end_if_gone() {
  if (supervisor_.phase() != JobSupervisor::Phase::Stopping) return;
  if (workers_.all_gone()) supervisor_.gone(environment_.now());
}

}  // namespace weir
