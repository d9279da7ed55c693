#include <weir/actors/job_leader.hpp>

#include <algorithm>
#include <utility>

#include <weir/base/bytes.hpp>
#include <weir/base/exception_text.hpp>
#include <weir/coordination/cluster_view.hpp>

namespace weir {
namespace {

constexpr Duration kAnswer{2000};  // for workers whose nodes are there to say how far they are

std::string describe(const JobOutcome& outcome) {
  switch (outcome.state) {
    case JobOutcome::State::Finished: return "finished";
    case JobOutcome::State::Stopped: return "stopped";
    case JobOutcome::State::Failed: return "failed: " + outcome.message;
  }
  return "";
}

std::string label(const ClusterState& state, JobId job) {
  const JobRecord* record = state.job(job);
  return "job " + std::to_string(job) + (record ? " (" + record->spec.name + ")" : "") + ": ";
}

}  // namespace

JobLeader::JobLeader(LeaderSurroundings& surroundings, LeaderOptions options) : around_(surroundings), options_(options) {
  admit(self());
  greet(self().node.id);
  for (const ClusterMember& member : around_.members()) {
    admit(member.node);
    greet(member.node.node.id);
  }
  // Those that have slots come before those that look for some.
  for (const bool begun : {true, false}) {
    for (const auto& [job, record] : state().jobs()) {
      if (!record.ended() && (record.attempt != 0) == begun) run_or_warn(job);
    }
  }
}

JobLeader::~JobLeader() {
  for (const auto& [job, exporting] : exporting_) {
    for (const auto& done : exporting.waiting) done(Error{"the node that wrote it leads no more; look whether it is there, and try again"});
  }
}

void JobLeader::on_applied(const ClusterCommand& command, const Applied& applied) {
  if (applied.effect == Applied::Effect::Nothing) return;
  if (std::holds_alternative<command::Submit>(command)) return run(applied.job);
  if (std::holds_alternative<command::AdmitNode>(command)) each_run([](JobRun& run) { run.on_nodes_changed(); });
  if (const auto* wish = std::get_if<command::Wish>(&command)) {
    const auto found = runs_.find(wish->job);
    if (found != runs_.end()) found->second->on_wish(wish->wish);
  }
  if (const auto* end = std::get_if<command::EndJob>(&command)) {
    inform(end->job, describe(end->outcome));
    tell_all_nodes(message::make_packet(end->job, end->attempt, wire::CloseParts{}));
    slots_free_ = true;
    ended_.push_back(end->job);
  }
  if (const auto* forget = std::get_if<command::ForgetNode>(&command)) {
    for (const ClusterMember& member : around_.members()) {
      if (member.node.node.id == forget->node) admit(member.node);  // it has come back meanwhile
    }
  }
  if (const auto* forget = std::get_if<command::ForgetJob>(&command)) {
    exported(forget->job, Error{"the job was forgotten meanwhile"});
    tell_all_nodes(known_jobs());
  }
}

void JobLeader::on_packet(ClusterNodeId from, const message::Packet& packet) {
  const auto run = runs_.find(packet.job);
  if (run != runs_.end()) return run->second->on_packet(from, packet);
  // What is left of a job that nobody runs any more.
  message::on<wire::SavepointWritten>(packet, [&](const wire::SavepointWritten& written) {
    if (from == self().node.id) exported(packet.job, written.error.empty() ? Result<void>() : Error{written.error});
  });
  const bool alive = packet.kind == name_of<wire::WorkerUp>() || packet.kind == name_of<wire::Figures>();
  if (alive) send(from, message::make_packet(packet.job, packet.attempt, wire::KillWorker{}));
}

void JobLeader::on_members(const std::vector<MembershipEvent>& events) {
  for (const MembershipEvent& event : events) {
    if (const auto* dead = std::get_if<membership::NodeDead>(&event)) each_run([&](JobRun& run) { run.on_node_gone(dead->id, dead->why); });
    if (const auto* left = std::get_if<membership::NodeLeft>(&event)) {
      each_run([&](JobRun& run) { run.on_node_gone(left->node.id, "its node left the cluster"); });
    }
    if (const auto* back = std::get_if<membership::NodeReturned>(&event)) {
      greet(back->id);  // it may have missed what was said meanwhile
      released_.erase(back->id);
      each_run([&](JobRun& run) { run.on_node_returned(back->id); });
    }
    if (const auto* up = std::get_if<membership::NodeUp>(&event)) {
      admit(up->node);
      greet(up->node.node.id);
    }
  }
  each_run([](JobRun& run) { run.on_nodes_changed(); });
}

void JobLeader::tick() {
  each_run([&](JobRun& run) {
    const auto next = run.next_event();
    if (next && *next <= now()) run.tick();
  });
}

void JobLeader::settle() {
  for (const JobId job : std::exchange(ended_, {})) {
    const auto run = runs_.find(job);
    if (run == runs_.end()) continue;
    around_.last_seen(job, run->second->live());
    runs_.erase(run);
  }
  while (std::exchange(slots_free_, false)) each_run([](JobRun& run) { run.on_slots_free(); });
  let_leave();
}

std::optional<ProcessingTime> JobLeader::next_event() const {
  std::optional<ProcessingTime> next;
  for (const auto& [job, run] : runs_) next = earliest({next, run->next_event()});
  return next;
}

const LiveJob* JobLeader::live(JobId job) const {
  const auto run = runs_.find(job);
  return run == runs_.end() ? nullptr : &run->second->live();
}

/// One that makes no sense must not keep this node from leading the others.
void JobLeader::run_or_warn(JobId job) {
  try {
    run(job);
  } catch (...) {
    warn(job, "cannot be run: " + current_exception_text());
  }
}

void JobLeader::run(JobId job) {
  auto made = std::make_unique<JobRun>(job, static_cast<JobRunEnvironment&>(*this));
  JobRun& started = *made;
  runs_[job] = std::move(made);
  if (state().job(job)->attempt == 0) started.start();
  else started.take_over(std::max(now() + kAnswer, options_.nodes_back_by));
}

/// The cluster remembers it from now on, and only then it may be given work.
void JobLeader::admit(const NodeAnnouncement& node) {
  propose(command::AdmitNode{node.node}, [&around = around_](const Logged& applied) {
    if (!applied) around.log(NodeServices::Level::Error, applied.error().message);
  });
}

/// Tells it which jobs there are, and ends what it has of attempts that are over.
void JobLeader::greet(ClusterNodeId node) {
  send(node, known_jobs());
  end_what_is_over(node);
}

message::Packet JobLeader::known_jobs() const {
  wire::KnownJobs known{{}, state().content().next_job, {}};
  for (const auto& [job, record] : state().jobs()) {
    known.jobs.push_back(job);
    known.bundles.push_back(record.spec.bundle);
  }
  return message::make_packet(0, 0, known);
}

/// A node that was away while an attempt was given up may have a worker of it, which waits for what nobody will say.
void JobLeader::end_what_is_over(ClusterNodeId node) {
  for (const auto& [job, attempt] : attempts_over(state())) {
    send(node, message::make_packet(job, attempt, wire::KillWorker{}));
  }
}

void JobLeader::export_savepoint(JobId job, const std::string& directory, ClusterControl::Written done) {
  const JobRecord* record = state().job(job);
  if (record == nullptr || !record->ended()) return done(Error{"job " + std::to_string(job) + " has not ended"});
  if (record->manifests.empty()) return done(Error{"job " + std::to_string(job) + " ended without a checkpoint"});
  const auto [found, first] = exporting_.try_emplace(job, Exporting{directory, {}});
  if (found->second.directory != directory) {
    return done(Error{"a savepoint of it is being written to " + found->second.directory + "; wait for that"});
  }
  found->second.waiting.push_back(std::move(done));
  const std::string manifest(as_text(encode(record->manifests.front())));
  if (first) send(self().node.id, message::make_packet(job, record->attempt, wire::ExportSavepoint{manifest, directory}));
}

/// The stores have been opened for it.
void JobLeader::exported(JobId job, const Result<void>& written) {
  auto exporting = exporting_.extract(job);
  if (exporting.empty()) return;
  for (const auto& done : exporting.mapped().waiting) done(written);
  const JobRecord* record = state().job(job);
  if (record != nullptr) tell_all_nodes(message::make_packet(job, record->attempt, wire::CloseParts{}));
}

/// Nodes that drain, and that neither a job nor the others need any more.
void JobLeader::let_leave() {
  for (const ClusterMember& member : around_.members()) {
    const NodeAnnouncement& node = member.node;
    if (member.intent != ClusterMember::Intent::Leave || released_[node.node.id] == node.incarnation) continue;
    const bool has_work = std::any_of(runs_.begin(), runs_.end(), [&](const auto& run) { return run.second->needs(node.node.id); });
    if (has_work || around_.vote_is_needed(node)) continue;
    released_[node.node.id] = node.incarnation;
    send(node.node.id, message::make_packet(0, 0, wire::MayLeave{node.incarnation}));
  }
}

void JobLeader::tell_all_nodes(const message::Packet& packet) {
  for (const ClusterNodeId node : nodes_up()) send(node, packet);
}

template <class Act>
void JobLeader::each_run(Act&& act) {
  for (const auto& [job, run] : runs_) act(*run);
}

std::vector<PlacementNode> JobLeader::placement_nodes(JobId except) const {
  std::map<ClusterNodeId, std::uint32_t> taken;
  for (const auto& [job, run] : runs_) {
    if (job == except || state().job(job)->ended()) continue;
    for (const ClusterNodeId node : run->live().slots) ++taken[node];
  }
  return weir::placement_nodes(state(), self(), around_.members(), taken);
}

std::set<ClusterNodeId> JobLeader::nodes_up() const { return weir::nodes_up(self().node.id, around_.members()); }

std::set<ClusterNodeId> JobLeader::nodes_draining() const { return weir::nodes_draining(around_.members()); }

void JobLeader::warn(JobId job, const std::string& text) { around_.log(NodeServices::Level::Warning, label(state(), job) + text); }

void JobLeader::inform(JobId job, const std::string& text) { around_.log(NodeServices::Level::Info, label(state(), job) + text); }

}  // namespace weir
