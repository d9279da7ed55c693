// A whole cluster as the runs of jobs (actors/job_run) see it, in virtual time and one thread: nodes with workers, the connections
// between them, and the log, whose leader has a coordinator with real JobRuns on a real ClusterState.
//
// - A message from node to node comes after a while, in the order of its connection, unless that breaks first. Both ends notice
//   that, sooner or later, and connect again.
// - A command takes a while to be logged. When the leader changes, the first of those that wait are logged and the others are not;
//   a new leader has applied all that is logged before it knows that it leads, and the old one learns it some time.
// - What a leader may not say (Open for an attempt that is not the log's newest, Complete for a checkpoint that is not logged) and
//   what must hold of the log at all times is checked as it happens: faults() tells what was wrong.
//
// With a seed everything takes a time that it draws, without one the shortest.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/simulated_node.hpp"

namespace weir::testing {

struct SimulatedClusterOptions {
  std::optional<std::uint64_t> seed = {};
  std::uint32_t nodes = 3;
  std::uint32_t slots = 4;  // of each node
};

class SimulatedCluster final : private SimulatedNetwork {
 public:
  /// The nodes have met, and the first one leads.
  explicit SimulatedCluster(SimulatedClusterOptions options);

  SimulatedTime& time() { return time_; }
  void run_for(Duration span);
  /// False when the condition does not come to hold within the time.
  bool run_until(const std::function<bool()>& condition, Duration within = Duration(120'000));

  // What people do.
  static JobSpec spec(std::uint32_t parallelism, std::uint32_t rows);
  JobId submit(const JobSpec& spec);
  void wish(JobId job, JobWish wish);
  /// Comes to nothing when nobody leads.
  void propose(ClusterCommand command);

  // What happens to machines. Nodes count from 1.
  enum class Noticed { AtOnce, BySilence };
  void kill(ClusterNodeId node, Noticed noticed = Noticed::AtOnce);
  void restart(ClusterNodeId node);
  void leave(ClusterNodeId node);
  /// As SIGTERM does: it hands over the lead and what it runs, then leaves; at the latest after 20 seconds.
  void drain(ClusterNodeId node);
  /// They cannot connect again before mend().
  void cut(ClusterNodeId one, ClusterNodeId other);
  void mend();
  /// Only the connection: they connect again.
  void break_connection(ClusterNodeId one, ClusterNodeId other);
  /// Whoever leads does so no more, and `next` soon does.
  void elect(ClusterNodeId next);
  void set_failing_disk(ClusterNodeId node) { failing_disk_ = node; }

  /// Null while the node is down.
  SimulatedNode* node(ClusterNodeId id) { return machines_.at(id).node.get(); }
  std::size_t nodes_running() const;
  ClusterNodeId leader() const { return leader_; }  // 0: none
  const ClusterState& logged() const { return logged_; }
  const JobRecord& job(JobId job) const { return *logged_.job(job); }
  /// Of the leader's run; empty when it does not run.
  std::string phase(JobId job);
  std::string why(JobId job);
  const Ledger& ledger() const { return ledger_; }
  /// Nodes that drained and left because no job needed them.
  std::uint64_t spared() const { return spared_; }

  /// Nothing is logged while it is set.
  void hold_log(bool held);
  /// A command for which this gives a reason is not logged, and its proposer hears of that.
  std::function<std::optional<std::string>(const ClusterCommand&)> loses;

  /// Such commands that wait to be logged will not be.
  template <class Command>
  void lose_waiting(const std::string& why) {
    std::erase_if(waiting_, [&](const SimulatedEntry& entry) {
      const bool lost = std::holds_alternative<Command>(entry.command);
      if (lost) not_logged(entry, why);
      return lost;
    });
  }

  const std::vector<std::string>& faults() const { return faults_; }

 private:
  struct Machine {
    std::unique_ptr<SimulatedNode> node;
    std::uint64_t life = 0;
    std::uint64_t incarnation = 0;
    std::size_t applied = 0;   // entries
    ProcessingTime applies_at; // the last one
  };
  struct Connection {
    bool up = false;
    bool cut = false;
    std::uint64_t epoch = 0;
    int unnoticed = 0;         // ends that do not know yet that it broke
    ProcessingTime last[2];    // when the last message of each direction arrives
  };

  // SimulatedNetwork
  void post(ClusterNodeId from, ClusterNodeId to, std::function<void(SimulatedNode&)> what) override;
  void connect(ClusterNodeId from, ClusterNodeId to) override;
  std::vector<ClusterNodeId> others(ClusterNodeId of) const override;
  std::uint64_t life_of(ClusterNodeId node) const override { return machines_.at(node).life; }
  SimulatedWorker* worker_at(const std::string& address) override;
  void worker_ended(const std::string& address) override;
  bool disk_fails(ClusterNodeId node) override { return failing_disk_ == node; }
  void drained(ClusterNodeId node, bool with_leave) override;
  void propose(ClusterNodeId node, std::uint64_t number, ClusterCommand command) override;
  void wrong(const std::string& what) override;

  Connection& connection(ClusterNodeId one, ClusterNodeId other) { return connections_[std::minmax(one, other)]; }
  void open(ClusterNodeId node);
  void hand_over(ClusterNodeId node, std::uint64_t life, ProcessingTime end);
  /// A running node that may lead instead of another, best one that stays; 0: none.
  ClusterNodeId successor(ClusterNodeId of) const;
  void down(ClusterNodeId one, ClusterNodeId other, Noticed noticed);
  void notice(ClusterNodeId node, ClusterNodeId other, std::uint64_t epoch);
  void later(ClusterNodeId node, Duration delay, std::function<void(SimulatedNode&)> what);
  void not_logged(const SimulatedEntry& entry, const std::string& why);
  void commit_next();
  void log(SimulatedEntry entry);
  void apply_one(ClusterNodeId node);
  std::string address_of_leader() const;
  void depose();
  void appoint(ClusterNodeId next);

  SimulatedClusterOptions options_;
  SimulatedTime time_;
  Ledger ledger_;
  Copies copies_;
  std::uint64_t spared_ = 0;
  std::map<ClusterNodeId, Machine> machines_;
  std::map<std::pair<ClusterNodeId, ClusterNodeId>, Connection> connections_;
  ClusterNodeId failing_disk_ = 0;

  ClusterNodeId leader_ = 0;   // by the log's own rules; its node learns it later
  std::uint64_t term_ = 0;
  bool held_ = false;
  bool committing_ = false;
  std::vector<SimulatedEntry> waiting_;
  std::vector<SimulatedEntry> entries_;
  ClusterState logged_;
  std::vector<std::string> faults_;
};

}  // namespace weir::testing
