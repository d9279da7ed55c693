// What actors/coordinator_actor does about jobs, in virtual time: it applies what is logged and, while its node leads, has a real
// JobLeader. Whatever that says is checked against the log. One per life of a node's process.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weir/actors/job_leader.hpp>

#include "support/simulated_time.hpp"

namespace weir::testing {

/// An entry of the cluster's log.
struct SimulatedEntry {
  ClusterNodeId proposer = 0;
  std::uint64_t life = 0;  // of the proposer's process
  std::uint64_t number = 0;
  ClusterCommand command;
};

/// Where a coordinator is.
class CoordinatorSurroundings {
 public:
  virtual ~CoordinatorSurroundings() = default;
  /// To the node's own part that speaks to the others.
  virtual void to_node(ClusterNodeId node, message::Packet packet) = 0;
  virtual void propose(std::uint64_t number, ClusterCommand command) = 0;
  virtual void wrong(const std::string& what) = 0;
};

class SimulatedCoordinator final : public LeaderSurroundings {
 public:
  SimulatedCoordinator(SimulatedTime& time, const NodeAnnouncement& self, CoordinatorSurroundings& surroundings)
      : time_(time), self_(self), surroundings_(surroundings), began_(time.now()) {}

  void on_apply(const ClusterCommand& command, std::optional<std::uint64_t> own_number);
  void on_not_logged(std::uint64_t number, const std::string& why);
  void on_leads(bool leads);
  void on_packet(ClusterNodeId from, const message::Packet& packet);
  void on_members(const std::vector<MembershipEvent>& events, std::vector<ClusterMember> members);
  void submit(ClusterCommand command);
  /// Only while it leads.
  void export_savepoint(JobId job, const std::string& directory, ClusterControl::Written done);

  bool leads() const { return leading_.has_value(); }
  /// Null when it does not run here.
  const LiveJob* live(JobId job) const { return leading_ ? leading_->live(job) : nullptr; }

  // LeaderSurroundings
  const ClusterState& state() const override { return state_; }
  const NodeAnnouncement& self() const override { return self_; }
  const std::vector<ClusterMember>& members() const override { return members_; }
  void send(ClusterNodeId node, message::Packet packet) override;
  void propose(ClusterCommand command, ClusterControl::Done done) override;
  ProcessingTime now() const override { return time_.now(); }
  std::int64_t wall_clock_ms() const override { return time_.now().ms; }
  void log(NodeServices::Level level, const std::string& text) override;
  bool vote_is_needed(const NodeAnnouncement&) const override { return false; }  // the log is simulated without votes
  void last_seen(JobId, const LiveJob&) override {}

 private:
  template <class Act>
  void guarded(Act&& act);
  void check(const message::Packet& packet);
  void arm();
  void tick(ProcessingTime due);

  SimulatedTime& time_;
  NodeAnnouncement self_;
  CoordinatorSurroundings& surroundings_;
  ClusterState state_;
  std::vector<ClusterMember> members_;
  ProcessingTime began_;
  std::optional<JobLeader> leading_;
  std::map<JobId, std::set<CheckpointId>> complete_;  // whatever was committed
  std::uint64_t last_proposal_ = 0;
  std::map<std::uint64_t, ClusterControl::Done> proposed_;
  std::optional<ProcessingTime> armed_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace weir::testing
