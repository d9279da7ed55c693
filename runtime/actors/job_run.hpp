// One job that has not ended, as the cluster's coordinator runs it: the supervisor, the workers of the attempt, and what is
// known of its tasks. Carries the supervisor's effects out by messages to nodes and commands for the log. Part of the
// coordinator's actor, whose thread it uses.
//
//   Begin -> place -> [BeginAttempt logged] -> StartWorker to each node -> WorkerUp from each -> Deploy
//   taken over: ReportWorker -> WorkerReport from each, and the attempt goes on; or KillWorker -> WorkerGone from each, or the end of
//   the lease, and the next one begins
//   Commit -> [CommitCheckpoint logged] -> Complete, KeepParts          Kill -> KillWorker -> WorkerGone from each
//
// What it waits for is always a word of a node, of the log, or the time; a node that cannot say it is gone or has returned, and a node
// counts from the moment it was chosen, before anything is said to it. tests/sim/cluster_job_test holds it to that.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <weir/actors/cluster_control.hpp>
#include <weir/actors/remote_messages.hpp>
#include <weir/coordination/attempt_workers.hpp>
#include <weir/coordination/departures.hpp>
#include <weir/coordination/failed_disks.hpp>
#include <weir/coordination/job_supervisor.hpp>
#include <weir/coordination/placement.hpp>

namespace weir {

/// What a run needs of the coordinator.
class JobRunEnvironment {
 public:
  virtual ~JobRunEnvironment() = default;
  virtual const ClusterState& state() const = 0;
  virtual const NodeAnnouncement& self() const = 0;
  /// Nodes that take tasks, this one included.
  virtual std::vector<PlacementNode> placement_nodes(JobId except) const = 0;
  /// All that are up, this one included.
  virtual std::set<ClusterNodeId> nodes_up() const = 0;
  /// Those of them that are to end, and wait until nothing runs on them.
  virtual std::set<ClusterNodeId> nodes_draining() const = 0;
  /// Within which a worker may still act on what a leader before this one said.
  virtual Duration lease() const = 0;
  virtual void send(ClusterNodeId node, message::Packet packet) = 0;
  virtual void propose(ClusterCommand command, ClusterControl::Done done) = 0;
  virtual ProcessingTime now() const = 0;
  virtual std::int64_t wall_clock_ms() const = 0;
  virtual void warn(JobId job, const std::string& text) = 0;
  virtual void inform(JobId job, const std::string& text) = 0;
  /// A job that took slots waits for others now.
  virtual void slots_are_free() = 0;
};

class JobRun {
 public:
  JobRun(JobId job, JobRunEnvironment& environment);
  JobRun(const JobRun&) = delete;
  JobRun& operator=(const JobRun&) = delete;

  /// Begins the attempt after the last one that was logged.
  void start();
  /// Goes on with the attempt that was logged last, if all of its workers answer by then and run.
  void take_over(ProcessingTime deadline);
  void on_packet(ClusterNodeId from, const message::Packet& packet);
  /// Everything on that node is over.
  void on_node_gone(ClusterNodeId node, const std::string& why);
  /// It was away for a moment and is back with all that it ran; what was on its way to it or from it may be lost, and nobody would
  /// say it again. So the attempt is over, and its worker there is told to end.
  void on_node_returned(ClusterNodeId node);
  /// There may be more slots, or other nodes for copies.
  void on_nodes_changed();
  /// Another job has ended, or waits and takes none meanwhile.
  void on_slots_free();
  void on_wish(JobWish wish);
  /// Whether something of it runs on a node, or its newest checkpoint may have copies there that are not to be missed.
  bool needs(ClusterNodeId node) const;
  void tick();

  std::optional<ProcessingTime> next_event() const;
  const LiveJob& live() const { return live_; }

 private:
  /// What is known of the attempt that is being taken over.
  struct TakingOver {
    ProcessingTime deadline;
    std::set<ClusterNodeId> asked;    // that are up
    std::set<ClusterNodeId> running;  // whose workers run
    std::set<std::uint32_t> finished; // tasks
    CheckpointId newest_used = 0;
  };

  // What happens.
  void take(ClusterNodeId from, const message::Packet& packet);
  void carry_out();
  void carry_out(const effect::Warn& warn);
  void carry_out(const effect::Inform& news);
  void carry_out(const effect::Restarting& restarting);

  // The attempt that another leader began: job_run_take_over.cpp.
  void ask_workers();
  void take_while_taking_over(ClusterNodeId from, const message::Packet& packet);
  void on_report(ClusterNodeId from, const wire::WorkerReport& report);
  void begin_next(const std::string& why);
  void begin_if_gone();
  void on_gone_before_next(ClusterNodeId node);
  std::string node_named(ClusterNodeId node) const;
  std::string away() const;

  // An attempt, from where it is placed until its workers are gone: job_run_attempt.cpp.
  void carry_out(const effect::Begin& begin);
  void place();
  void start_workers();
  void spread_bundle();
  void on_worker_up(ClusterNodeId from, const wire::WorkerUp& up);
  void deploy();
  void carry_out(const effect::Go& go);
  void carry_out(const effect::Kill& kill);
  void kill(const AttemptWorker& worker);
  void on_worker_gone(ClusterNodeId from, const wire::WorkerGone& gone);
  void tell_last_lines(const wire::WorkerGone& gone);
  void end_if_gone();

  // Checkpoints, and nodes that are to end, which must not take the only copies along: job_run_checkpoints.cpp.
  void carry_out(const effect::Trigger& trigger);
  void carry_out(effect::Commit& commit);
  void carry_out(const effect::Complete& complete);
  void carry_out(const effect::GiveUp& given_up);
  std::set<ClusterNodeId> staying() const;
  bool is_to_move() const;
  bool all_released() const;
  void prepare_to_move();

  // The end: job_run_end.cpp.
  void carry_out(const effect::Ended& ended);
  bool has_savepoint() const;
  void export_savepoint();
  void on_savepoint(ClusterNodeId from, const message::Packet& packet);
  void log_end();

  const JobRecord& record() const;
  /// Whether what an attempt covers may not be published in full.
  bool owes() const;
  /// As text; empty when there is none.
  std::string newest_manifest() const;
  void log(ClusterCommand command, std::function<void(const Logged&)> then);
  void show(std::string phase, std::string why = {});

  template <NamedRecord M>
  void tell_workers(const M& content) {
    const message::Packet packet = message::make_packet(job_, attempt_, content);
    for (const AttemptWorker& worker : workers_) {
      if (!worker.gone) environment_.send(worker.node, packet);
    }
  }
  template <NamedRecord M>
  void tell_nodes(const M& content) {
    const message::Packet packet = message::make_packet(job_, attempt_, content);
    for (const ClusterNodeId node : environment_.nodes_up()) environment_.send(node, packet);
  }

  JobId job_;
  JobRunEnvironment& environment_;
  JobSupervisor supervisor_;
  LiveJob live_;
  std::uint64_t attempt_ = 0;
  bool isolating_ = false;
  bool to_be_placed_ = false;
  std::optional<TakingOver> taking_over_;
  std::optional<ProcessingTime> begin_at_;  // the next attempt, if the workers of one that was not taken over are not gone before
  std::optional<ProcessingTime> move_again_;  // when to try again to get off nodes that are to end
  CheckpointId committing_ = 0;             // the newest of which the log was told
  AttemptWorkers workers_;
  FailedDisks failed_disks_;
  Departures departures_;
  JobOutcome outcome_;                       // once it is over
  bool exporting_ = false;                   // the savepoint that it ends with
  std::optional<ProcessingTime> end_again_;  // when to try to log that
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  // answers of the log look whether it still is
};

}  // namespace weir
