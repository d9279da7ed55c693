// A node of a simulated cluster: who is a member in its eyes, the workers it runs, and what passes through it, as actors/node_actor
// and actors/node_workers have it. One for each life of the node's process.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include <weir/coordination/known_leader.hpp>
#include <weir/coordination/membership.hpp>

#include "support/simulated_coordinator.hpp"
#include "support/simulated_worker.hpp"

namespace weir::testing {

class SimulatedNode;

/// What a node reaches of the others.
class SimulatedNetwork {
 public:
  virtual ~SimulatedNetwork() = default;
  /// Lost when there is no connection, or it breaks before that.
  virtual void post(ClusterNodeId from, ClusterNodeId to, std::function<void(SimulatedNode&)> what) = 0;
  /// Calls a node; once connected, the caller says hello.
  virtual void connect(ClusterNodeId from, ClusterNodeId to) = 0;
  virtual std::vector<ClusterNodeId> others(ClusterNodeId of) const = 0;
  virtual std::uint64_t life_of(ClusterNodeId node) const = 0;
  virtual SimulatedWorker* worker_at(const std::string& address) = 0;
  virtual void worker_ended(const std::string& address) = 0;
  virtual bool disk_fails(ClusterNodeId node) = 0;
  /// It drained, and no job needs it any more, or no other node stays.
  virtual void drained(ClusterNodeId node, bool with_leave) = 0;
  virtual void propose(ClusterNodeId node, std::uint64_t number, ClusterCommand command) = 0;
  virtual void wrong(const std::string& what) = 0;
};

class SimulatedNode final : public CoordinatorSurroundings {
 public:
  SimulatedNode(SimulatedTime& time, SimulatedNetwork& network, NodeAnnouncement self, Ledger& ledger, Copies& copies);

  ClusterNodeId id() const { return membership_.self().node.id; }
  const std::string& address() const { return membership_.self().node.address; }
  SimulatedCoordinator& coordinator() { return coordinator_; }
  void start() { tick(); }
  /// Moves to other nodes what runs here, if they let it.
  void drain();
  bool draining() const { return draining_; }
  void leave();
  bool leaving() const { return leaving_; }
  /// As when it has not heard of another node for too long, whether that is its own fault or not.
  void take_for_dead(ClusterNodeId other);

  // From other nodes, and of connections to them.
  void say_hello(ClusterNodeId to, bool answer);
  void on_hello(const NodeAnnouncement& hello, bool answer, std::uint64_t life);
  void on_refused(std::uint64_t over);
  struct Heartbeat {
    std::uint64_t incarnation = 0;
    std::string leader;
    std::uint64_t term = 0;
    bool draining = false;
  };
  void on_heartbeat(ClusterNodeId from, const Heartbeat& beat);
  void on_leaving(ClusterNodeId from, std::uint64_t incarnation);
  void on_packet(ClusterNodeId from, const message::Packet& packet);
  void on_down(ClusterNodeId other, std::uint64_t life);

  /// The log says who leads; empty: nobody, as far as it knows.
  void on_leads(const std::string& leader, std::uint64_t term);

  SimulatedWorker* worker_at(const std::string& address);
  void on_link_lost(const std::string& address);
  /// Ends a worker's process from outside, or by its own code; none runs: nothing happens.
  void crash_worker(JobId job, const std::string& how, bool by_itself);
  void fail_task(JobId job, const std::string& why);
  /// Those it has, for messages.
  std::string workers() const;
  /// Those it has, or is fetching.
  const std::set<std::string>& bundles() const { return bundles_; }

  // CoordinatorSurroundings
  void to_node(ClusterNodeId node, message::Packet packet) override;
  void propose(std::uint64_t number, ClusterCommand command) override { network_.propose(id(), number, std::move(command)); }
  void wrong(const std::string& what) override { network_.wrong(what); }

 private:
  using Key = std::pair<JobId, std::uint64_t>;
  struct OneWorker {
    wire::StartWorker start;
    std::shared_ptr<SimulatedWorker> process;  // null: not started
    bool said_hello = false;
    bool to_end = false;
    bool ending = false;
  };

  void after(Duration delay, std::function<void()> what);
  void tick();
  void heartbeat();
  void connect();
  bool calls(ClusterNodeId other);
  void tell_changes();
  void forget_handle(ClusterNodeId node);
  bool leads(ClusterNodeId node) const;
  void from_node(ClusterNodeId from, const message::Packet& packet);
  void to_leader(message::Packet packet);

  void start_worker(const message::Packet& packet);
  void start_those_due(JobId job);
  void end_workers(JobId job, std::uint64_t up_to);
  void end_all_workers();
  void leave_if_drained();
  void end_process(Key key, const std::string& how, bool by_itself);
  void pass_on(const message::Packet& packet);
  void not_there(const message::Packet& packet);

  SimulatedTime& time_;
  SimulatedNetwork& network_;
  Membership membership_;
  SimulatedCoordinator coordinator_;
  Ledger& ledger_;
  Copies& copies_;
  KnownLeader leader_;
  bool draining_ = false;
  bool may_leave_ = false;
  bool leaving_ = false;
  std::uint64_t ticks_ = 0;
  std::map<ClusterNodeId, std::uint64_t> handles_;  // of connected nodes: the life of each
  std::map<ClusterNodeId, ProcessingTime> waits_for_call_;
  std::map<Key, OneWorker> workers_;
  std::set<std::string> bundles_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace weir::testing
