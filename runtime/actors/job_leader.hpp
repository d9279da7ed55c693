// What the node that leads does about jobs, for as long as it leads: it runs each that has not ended (JobRun), and tells the runs what
// becomes of nodes, commands and workers. What a node that follows knows of jobs is the replicated state, and no more.
//
// Part of the coordinator's actor, whose thread it uses, and of the simulated one (tests/support/simulated_coordinator.hpp), so that
// what is simulated is what runs.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <weir/actors/job_run.hpp>
#include <weir/actors/node_services.hpp>

namespace weir {

/// What a leader needs of its node.
class LeaderSurroundings {
 public:
  virtual ~LeaderSurroundings() = default;
  virtual const ClusterState& state() const = 0;
  virtual const NodeAnnouncement& self() const = 0;
  /// The others that are not dead.
  virtual const std::vector<ClusterMember>& members() const = 0;
  /// To the part of that node which speaks to the others.
  virtual void send(ClusterNodeId node, message::Packet packet) = 0;
  virtual void propose(ClusterCommand command, ClusterControl::Done done) = 0;
  virtual ProcessingTime now() const = 0;
  virtual std::int64_t wall_clock_ms() const = 0;
  virtual void log(NodeServices::Level level, const std::string& text) = 0;
  /// Whether a node that is to end must stay for its vote; see vote_keeper.hpp.
  virtual bool vote_is_needed(const NodeAnnouncement& node) const = 0;
  /// What was seen last of a job that has ended.
  virtual void last_seen(JobId job, const LiveJob& live) = 0;
};

struct LeaderOptions {
  Duration lease{1000};          // within which a worker may still act on what a leader before this one said
  ProcessingTime nodes_back_by;  // for a job to be taken over its nodes have until then, but at least a moment
};

class JobLeader final : private JobRunEnvironment {
 public:
  /// Call settle() after this and after each of the calls below. Who leads no more tells those who wait for a savepoint.
  JobLeader(LeaderSurroundings& surroundings, LeaderOptions options);
  ~JobLeader() override;
  JobLeader(const JobLeader&) = delete;
  JobLeader& operator=(const JobLeader&) = delete;

  /// A command of the log was applied to the state.
  void on_applied(const ClusterCommand& command, const Applied& applied);
  void on_packet(ClusterNodeId from, const message::Packet& packet);
  /// The members have changed already.
  void on_members(const std::vector<MembershipEvent>& events);
  void tick();
  /// As ClusterControl has it.
  void export_savepoint(JobId job, const std::string& directory, ClusterControl::Written done);
  /// Deletes runs of jobs that have ended, gives free slots to those that wait, and lets nodes leave that no job needs any more.
  void settle();

  std::optional<ProcessingTime> next_event() const;
  /// Null when that job does not run.
  const LiveJob* live(JobId job) const;

 private:
  /// The savepoint that is being made of an ended job's checkpoint, and who wait for it.
  struct Exporting {
    std::string directory;
    std::vector<ClusterControl::Written> waiting;
  };

  void run(JobId job);
  void run_or_warn(JobId job);
  void admit(const NodeAnnouncement& node);
  void greet(ClusterNodeId node);
  message::Packet known_jobs() const;
  void end_what_is_over(ClusterNodeId node);
  void tell_all_nodes(const message::Packet& packet);
  void let_leave();
  void exported(JobId job, const Result<void>& written);
  template <class Act>
  void each_run(Act&& act);

  // JobRunEnvironment
  const ClusterState& state() const override { return around_.state(); }
  const NodeAnnouncement& self() const override { return around_.self(); }
  std::vector<PlacementNode> placement_nodes(JobId except) const override;
  std::set<ClusterNodeId> nodes_up() const override;
  std::set<ClusterNodeId> nodes_draining() const override;
  Duration lease() const override { return options_.lease; }
  void send(ClusterNodeId node, message::Packet packet) override { around_.send(node, std::move(packet)); }
  void propose(ClusterCommand command, ClusterControl::Done done) override { around_.propose(std::move(command), std::move(done)); }
  ProcessingTime now() const override { return around_.now(); }
  std::int64_t wall_clock_ms() const override { return around_.wall_clock_ms(); }
  void warn(JobId job, const std::string& text) override;
  void inform(JobId job, const std::string& text) override;
  void slots_are_free() override { slots_free_ = true; }

  LeaderSurroundings& around_;
  LeaderOptions options_;
  std::map<JobId, std::unique_ptr<JobRun>> runs_;
  std::vector<JobId> ended_;                         // runs to delete once they are not at work any more: their ends are logged
  std::map<JobId, Exporting> exporting_;             // jobs that have ended
  bool slots_free_ = false;                          // those who wait for some do not know it yet
  std::map<ClusterNodeId, std::uint64_t> released_;  // the incarnation that was told that it may leave
};

}  // namespace weir
