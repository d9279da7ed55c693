#include "support/simulated_coordinator.hpp"

#include <cstdlib>
#include <iostream>

#include <weir/base/exception_text.hpp>

#include "support/simulated_worker.hpp"

namespace weir::testing {

template <class Act>
void SimulatedCoordinator::guarded(Act&& act) {
  try {
    act();
  } catch (...) {
    surroundings_.wrong("the coordinator drops a message: " + current_exception_text());
  }
  if (leading_) leading_->settle();
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
      done(to_logged(applied));
    }
    if (applied && leading_) leading_->on_applied(command, *applied);
  });
}

void SimulatedCoordinator::on_not_logged(std::uint64_t number, const std::string& why) {
  guarded([&] {
    const auto mine = proposed_.find(number);
    if (mine == proposed_.end()) return;
    const ClusterControl::Done done = std::move(mine->second);
    proposed_.erase(mine);
    done(NotApplied{{why}, NotApplied::Fate::Unknown});
  });
}

void SimulatedCoordinator::on_leads(bool leads) {
  constexpr Duration kPatience{5000};
  guarded([&] {
    if (leads == this->leads()) return;
    if (!leads) return leading_.reset();
    leading_.emplace(static_cast<LeaderSurroundings&>(*this), LeaderOptions{Duration(1000), began_ + kPatience});
  });
}

void SimulatedCoordinator::on_packet(ClusterNodeId from, const message::Packet& packet) {
  guarded([&] {
    if (leading_) leading_->on_packet(from, packet);
  });
}

void SimulatedCoordinator::on_members(const std::vector<MembershipEvent>& events, std::vector<ClusterMember> members) {
  guarded([&] {
    members_ = std::move(members);
    if (leading_) leading_->on_members(events);
  });
}

void SimulatedCoordinator::submit(ClusterCommand command) {
  guarded([&] { propose(std::move(command), [](const Logged&) {}); });
}

void SimulatedCoordinator::export_savepoint(JobId job, const std::string& directory, ClusterControl::Written done) {
  guarded([&] { leading_->export_savepoint(job, directory, std::move(done)); });
}

void SimulatedCoordinator::tick(ProcessingTime due) {
  if (armed_ == due) armed_.reset();
  guarded([&] {
    if (leading_) leading_->tick();
  });
}

void SimulatedCoordinator::arm() {
  const auto next = leading_ ? leading_->next_event() : std::nullopt;
  if (!next || (armed_ && *armed_ <= *next)) return;
  const ProcessingTime due = std::max(*next, now() + Duration(1));
  armed_ = due;
  time_.at(due, [this, due, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) tick(due);
  });
}

void SimulatedCoordinator::send(ClusterNodeId node, message::Packet packet) {
  check(packet);
  surroundings_.to_node(node, std::move(packet));
}

/// What a leader may say, by the log as it knows it.
void SimulatedCoordinator::check(const message::Packet& packet) {
  const JobRecord* job = state_.job(packet.job);
  if (job == nullptr) return;
  const std::string who = packet.kind + " of attempt " + std::to_string(packet.attempt) + " of job " + std::to_string(packet.job);
  const bool begins = packet.kind == name_of<wire::StartWorker>() || packet.kind == name_of<wire::Deploy>() ||
                      packet.kind == name_of<wire::Open>() || packet.kind == name_of<wire::Go>();
  if (begins && (packet.attempt != job->attempt || job->ended())) {
    surroundings_.wrong(who + ", which is at attempt " + std::to_string(job->attempt) + (job->ended() ? " and has ended" : ""));
  }
  const CheckpointId savepoint = job->spec.from_savepoint.empty() ? 0 : kSavepoint;
  message::on<wire::Complete>(packet, [&](const wire::Complete& complete) {
    if (complete.checkpoint != savepoint && !complete_[packet.job].contains(complete.checkpoint)) surroundings_.wrong(who + ": checkpoint " + std::to_string(complete.checkpoint) + " is not logged");
  });
  message::on<wire::Go>(packet, [&](const wire::Go& go) {
    const CheckpointId newest = job->newest_checkpoint();
    if (go.restored_from != (newest != 0 ? newest : savepoint)) surroundings_.wrong(who + " continues from checkpoint " + std::to_string(go.restored_from));
  });
}

void SimulatedCoordinator::propose(ClusterCommand command, ClusterControl::Done done) {
  const std::uint64_t number = ++last_proposal_;
  proposed_.emplace(number, std::move(done));
  surroundings_.propose(number, std::move(command));
}

void SimulatedCoordinator::log(NodeServices::Level, const std::string& text) {
  if (std::getenv("WEIR_SIM_LOG")) std::cerr << now().ms << " node " << self_.node.id << ": " << text << "\n";
}

}  // namespace weir::testing
