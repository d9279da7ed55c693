#include <weir/actors/job_run.hpp>

#include <algorithm>

namespace weir {

void JobRun::carry_out(const effect::Trigger& trigger) {
  const Barrier& barrier = trigger.barrier;
  const auto mode = static_cast<std::uint8_t>(barrier.mode);
  wire::Trigger told{barrier.checkpoint, barrier.parent, mode, static_cast<std::uint8_t>(barrier.afterwards), {}};
  const std::set<ClusterNodeId> usable = failed_disks_.usable(staying(), environment_.now());
  departures_.began(barrier.checkpoint, barrier.parent == 0, usable, environment_.nodes_draining());
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
  // Whatever attempt it is by then: what is complete is to be published.
  auto done = [this, checkpoint, alive = std::weak_ptr(alive_)](const Logged& applied) {
    if (alive.expired()) return;
    if (applied) supervisor_.committed(checkpoint, environment_.now());
    else supervisor_.commit_failed(checkpoint, applied.error().message, environment_.now());
    carry_out();
  };
  environment_.propose(command::CommitCheckpoint{job_, std::move(commit.manifest), commit.afterwards}, std::move(done));
}

void JobRun::carry_out(const effect::Complete& complete) {
  live_.checkpoint_took_ms = complete.took.count();
  tell_workers(wire::Complete{complete.checkpoint});
  const JobRecord& job = record();
  if (!job.manifests.empty()) tell_nodes(wire::KeepParts{newest_manifest(), job.spec.retained});
  departures_.completed(complete.checkpoint);
  if (job.wish != JobWish::Run || job.ending != 0) return;
  if (all_released() && is_to_move()) supervisor_.moves("a node that runs a part of it is to end", environment_.now());
  else prepare_to_move();
}

void JobRun::carry_out(const effect::GiveUp& given_up) {
  tell_workers(wire::GiveUp{given_up.checkpoint});
  const bool may_be_logged = given_up.checkpoint == committing_;  // though this leader was told that it is not
  if (!may_be_logged) tell_nodes(wire::DropParts{given_up.checkpoint});
  constexpr Duration kRetry{1000};
  if (!all_released()) move_again_ = environment_.now() + kRetry;
}

/// Nodes that are up and not to end; if all are to end, those.
std::set<ClusterNodeId> JobRun::staying() const {
  std::set<ClusterNodeId> up = environment_.nodes_up();
  std::set<ClusterNodeId> staying = up;
  for (const ClusterNodeId node : environment_.nodes_draining()) staying.erase(node);
  return staying.empty() ? up : staying;
}

bool JobRun::needs(ClusterNodeId node) const {
  const auto runs = [&](const AttemptWorker& worker) { return worker.node == node && !worker.gone; };
  return std::any_of(workers_.begin(), workers_.end(), runs) || (record().newest_checkpoint() != 0 && !departures_.released(node));
}

/// Whether no node that is to end keeps what is not to be missed.
bool JobRun::all_released() const {
  return departures_.all_released(environment_.nodes_draining());
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
  const auto moves = [&](const AttemptWorker& worker) { return !worker.gone && draining.contains(worker.node); };
  return std::any_of(workers_.begin(), workers_.end(), moves);
}

}  // namespace weir
