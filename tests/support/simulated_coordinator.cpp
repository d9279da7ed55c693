#include "support/simulated_coordinator.hpp"

#include <cstdlib>
#include <iostream>

#include <weir/base/exception_text.hpp>
#include <weir/coordination/cluster_view.hpp>

namespace weir::testing {

template <class Act>
void SimulatedCoordinator::guarded(Act&& act) {
  try {
    act();
  } catch (...) {
    surroundings_.wrong("the coordinator drops a message: " + current_exception_text());
  }
  for (const JobId job : std::exchange(ended_, {})) runs_.erase(job);
  arm();
}

void SimulatedCoordinator::on_apply(const ClusterCommand& command, std::optional<std::uint64_t> own_number) {
  guarded([&] {
    const Result<Applied> applied = state_.apply(command);
    if (const auto* commit = std::get_if<command::CommitCheckpoint>(&command); commit && applied) {
      complete_[commit->job].insert(commit->manifest.checkpoint);
    }
    const auto mine = own_number ? proposed_.find(*own_number) : proposed_.end();
    if (mine != proposed_.end()) {
      const ClusterControl::Done done = std::move(mine->second);
      proposed_.erase(mine);
      done(applied);
    }
    if (applied && leads_) follow(command, *applied);
  });
}

void SimulatedCoordinator::on_not_logged(std::uint64_t number, const std::string& why) {
  guarded([&] {
    const auto mine = proposed_.find(number);
    if (mine == proposed_.end()) return;
    const ClusterControl::Done done = std::move(mine->second);
    proposed_.erase(mine);
    done(Error{why});
  });
}

void SimulatedCoordinator::on_leads(bool leads) {
  guarded([&] {
    if (leads == leads_) return;
    leads_ = leads;
    if (!leads_) return runs_.clear();
    admit(self_);
    for (const ClusterMember& member : members_) {
      admit(member.node);
      end_what_is_over(member.node.node.id);
    }
    end_what_is_over(self_.node.id);
    for (const auto& [job, record] : state_.jobs()) {
      if (!record.ended()) run(job);
    }
  });
}

void SimulatedCoordinator::on_packet(ClusterNodeId from, const message::Packet& packet) {
  guarded([&] {
    const auto run = runs_.find(packet.job);
    if (run != runs_.end()) return run->second->on_packet(from, packet);
    const bool alive = packet.kind == name_of<wire::WorkerUp>() || packet.kind == name_of<wire::Figures>();
    if (leads_ && alive) send(from, message::make_packet(packet.job, packet.attempt, wire::KillWorker{"the job has ended"}));
  });
}

void SimulatedCoordinator::on_members(const std::vector<MembershipEvent>& events, std::vector<ClusterMember> members) {
  guarded([&] {
    members_ = std::move(members);
    if (!leads_) return;
    for (const MembershipEvent& event : events) {
      if (const auto* dead = std::get_if<membership::NodeDead>(&event)) node_gone(dead->id, dead->why);
      if (const auto* left = std::get_if<membership::NodeLeft>(&event)) node_gone(left->id, "its node left the cluster");
      if (const auto* back = std::get_if<membership::NodeReturned>(&event)) {
        end_what_is_over(back->id);
        for (const auto& [job, run] : runs_) run->on_node_returned(back->id);
      }
      if (const auto* up = std::get_if<membership::NodeUp>(&event)) {
        admit(up->node);
        end_what_is_over(up->node.node.id);
      }
    }
    for (const auto& [job, run] : runs_) run->on_nodes_changed();
  });
}

void SimulatedCoordinator::submit(ClusterCommand command) {
  guarded([&] { propose(std::move(command), [](const Result<Applied>&) {}); });
}

void SimulatedCoordinator::tick(ProcessingTime due) {
  if (armed_ == due) armed_.reset();
  guarded([&] {
    for (const auto& [job, run] : runs_) {
      const auto next = run->next_event();
      if (next && *next <= now()) run->tick();
    }
  });
}

void SimulatedCoordinator::arm() {
  std::optional<ProcessingTime> next;
  for (const auto& [job, run] : runs_) {
    const auto one = run->next_event();
    if (one && (!next || *one < *next)) next = one;
  }
  if (!next || (armed_ && *armed_ <= *next)) return;
  const ProcessingTime due = std::max(*next, now() + Duration(1));
  armed_ = due;
  time_.at(due, [this, due, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) tick(due);
  });
}

const LiveJob* SimulatedCoordinator::live(JobId job) const {
  const auto found = runs_.find(job);
  return found == runs_.end() ? nullptr : &found->second->live();
}

std::vector<PlacementNode> SimulatedCoordinator::placement_nodes(JobId except) const {
  auto taken = slots_taken(state_, except);
  for (const auto& [job, run] : runs_) {
    if (job == except) continue;
    for (const ClusterNodeId node : run->slots_to_be_logged()) ++taken[node];
  }
  return weir::placement_nodes(state_, self_, members_, taken);
}

std::set<ClusterNodeId> SimulatedCoordinator::nodes_up() const { return weir::nodes_up(self_.node.id, members_); }

std::set<ClusterNodeId> SimulatedCoordinator::nodes_draining() const { return weir::nodes_draining(members_); }

void SimulatedCoordinator::send(ClusterNodeId node, message::Packet packet) {
  check(node, packet);
  surroundings_.to_node(node, std::move(packet));
}

/// What a leader may say, by the log as it knows it.
void SimulatedCoordinator::check(ClusterNodeId, const message::Packet& packet) {
  const JobRecord* job = state_.job(packet.job);
  if (job == nullptr) return;
  const std::string who = packet.kind + " of attempt " + std::to_string(packet.attempt) + " of job " + std::to_string(packet.job);
  const bool begins = packet.kind == name_of<wire::StartWorker>() || packet.kind == name_of<wire::Deploy>() ||
                      packet.kind == name_of<wire::Open>() || packet.kind == name_of<wire::Go>();
  if (begins && (packet.attempt != job->attempt || job->ended())) {
    surroundings_.wrong(who + ", which is at attempt " + std::to_string(job->attempt) + (job->ended() ? " and has ended" : ""));
  }
  message::on<wire::Complete>(packet, [&](const wire::Complete& complete) {
    if (!complete_[packet.job].contains(complete.checkpoint)) surroundings_.wrong(who + ": checkpoint " + std::to_string(complete.checkpoint) + " is not logged");
  });
  message::on<wire::Go>(packet, [&](const wire::Go& go) {
    if (go.restored_from != job->newest_checkpoint()) surroundings_.wrong(who + " continues from checkpoint " + std::to_string(go.restored_from));
  });
}

void SimulatedCoordinator::propose(ClusterCommand command, ClusterControl::Done done) {
  const std::uint64_t number = ++last_proposal_;
  proposed_.emplace(number, std::move(done));
  surroundings_.propose(number, std::move(command));
}

void SimulatedCoordinator::warn(JobId job, const std::string& text) {
  if (std::getenv("WEIR_SIM_LOG")) std::cerr << now().ms << " node " << self_.node.id << " job " << job << ": " << text << "\n";
}

void SimulatedCoordinator::run(JobId job) {
  constexpr Duration kAnswer{2000};
  constexpr Duration kPatience{5000};
  auto made = std::make_unique<JobRun>(job, *this);
  JobRun& started = *made;
  runs_[job] = std::move(made);
  if (state_.job(job)->attempt == 0) started.start();
  else started.take_over(std::max(now() + kAnswer, began_ + kPatience));
}

void SimulatedCoordinator::admit(const NodeAnnouncement& node) {
  propose(command::AdmitNode{node.node}, [](const Result<Applied>&) {});
}

void SimulatedCoordinator::end_what_is_over(ClusterNodeId node) {
  for (const auto& [job, attempt] : attempts_over(state_)) send(node, message::make_packet(job, attempt, wire::KillWorker{"the attempt is over"}));
}

void SimulatedCoordinator::follow(const ClusterCommand& command, const Applied& applied) {
  if (applied.effect == Applied::Effect::Nothing) return;
  if (std::holds_alternative<command::Submit>(command)) return run(applied.job);
  if (const auto* wish = std::get_if<command::Wish>(&command)) {
    const auto found = runs_.find(wish->job);
    if (found != runs_.end()) found->second->on_wish(wish->wish);
  }
  if (std::holds_alternative<command::AdmitNode>(command)) {
    for (const auto& [job, run] : runs_) run->on_nodes_changed();
  }
  if (const auto* end = std::get_if<command::EndJob>(&command)) {
    for (const auto& [job, run] : runs_) {
      if (job != end->job) run->on_nodes_changed();
    }
  }
}

void SimulatedCoordinator::node_gone(ClusterNodeId node, const std::string& why) {
  for (const auto& [job, run] : runs_) run->on_node_gone(node, why);
}

}  // namespace weir::testing
