// A daemon's actors behind a plain class, so that nothing above includes an actor: the node, the coordinator, and the actor
// system that talks to other nodes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <weir/actors/actor_process_options.hpp>
#include <weir/actors/admin_call.hpp>
#include <weir/actors/cluster_control.hpp>
#include <weir/actors/log_call.hpp>
#include <weir/actors/node_services.hpp>
#include <weir/base/result.hpp>
#include <weir/coordination/membership.hpp>

namespace weir {

struct NodeRuntimeOptions {
  NodeAnnouncement self;
  std::vector<std::string> seeds;       // addresses of nodes to join through; this one, if it knows no cluster, is the first
                                        // when there are none, or as founders.hpp has it
  std::filesystem::path data;
  std::uint64_t store_bytes = 0;     // the most that checkpoints of a job may take; 0: what the disk holds
  MembershipOptions membership;
  ActorProcessOptions process;
  NodeServices* services = nullptr;     // outlives the runtime
  /// Answers requests of people; called on the coordinator's thread.
  std::function<void(const std::shared_ptr<AdminCall>&, ClusterControl&)> answer;
};

class NodeRuntime {
 public:
  /// Listens, and joins its cluster or begins one. An Error when it cannot listen, or its part of the cluster's log is damaged.
  static Result<std::unique_ptr<NodeRuntime>> start(NodeRuntimeOptions options);
  ~NodeRuntime();
  NodeRuntime(const NodeRuntime&) = delete;
  NodeRuntime& operator=(const NodeRuntime&) = delete;

  /// Hands the lead to another node, if this one has it and another stays, has what runs here move to other nodes, each job after a
  /// checkpoint, and has the others go on without this node's vote. Done when that is so, or nobody stays who could see to it. Call
  /// hand_over() again and again until then: it may take a while until another node can lead, and this one may be elected.
  std::future<void> drain();
  /// Says goodbye, so that nobody waits for this node.
  void leave();
  /// Gives the lead to another node, if this one has it and there is another.
  void hand_over();
  /// Passes a request to the leader, whoever that is. Any thread.
  void ask(std::shared_ptr<AdminCall> call);
  /// Asks the other nodes what a job's workers printed there; answered within some seconds. Any thread.
  void gather_logs(std::shared_ptr<LogCall> call);
  /// A worker's process has ended. Any thread.
  void worker_ended(WorkerEnd end);

 private:
  struct Parts;
  explicit NodeRuntime(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace weir
