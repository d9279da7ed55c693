// A node's workers: which were started, which have said hello, which are to end. Part of the node's actor, whose thread it uses.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/node_id.hpp>

#include <weir/actors/node_services.hpp>
#include <weir/actors/remote_messages.hpp>
#include <weir/base/time.hpp>
#include <weir/coordination/cluster_node.hpp>
#include <weir/wire/control.hpp>

namespace weir {

class NodeWorkers {
 public:
  /// Workers listen where the node, which is this one, does. Services outlive this.
  NodeWorkers(caf::event_based_actor* node, NodeServices& services, const ClusterNode& self);

  /// Ends workers of earlier attempts at the job first, and waits until they are gone. The bundle is there.
  void start(JobId job, std::uint64_t attempt, wire::StartWorker start);
  /// Ends the job's workers up to the packet's attempt. Whether there is one of that attempt.
  bool kill(const message::Packet& packet);
  bool empty() const { return workers_.empty(); }
  /// Ends all workers.
  void end_all();
  /// Whether there is one for the packet's job and attempt, or is to be.
  bool has(const message::Packet& packet) const { return workers_.contains({packet.job, packet.attempt}); }

  /// Ends those that were started and have not said hello for too long.
  void tick(ProcessingTime now);

  void on_hello(const message::Packet& packet, const caf::actor& worker);
  /// Whether a process is that of the worker for the packet's job and attempt, which then has just been heard.
  bool hear(const message::Packet& packet, const caf::node_id& process);
  /// To the worker that the packet is for, if it is there.
  void pass_on(const message::Packet& packet);
  /// What to tell the leader; the first of the last lines says whose they are, and how it ended.
  wire::WorkerGone on_ended(const WorkerEnd& end);
  void on_down(const caf::node_id& process);

 private:
  using Key = std::pair<JobId, std::uint64_t>;  // job and attempt
  struct OneWorker {
    wire::StartWorker start;
    caf::actor handle;      // null until it said hello
    bool to_end = false;
    std::optional<ProcessingTime> started = {};  // its process was
    ProcessingTime heard = {};                   // the last word of it, from its hello on
    bool given_up = false;  // it never said hello
  };

  void end(JobId job, std::uint64_t up_to);
  void start_those_due(JobId job);

  caf::event_based_actor* node_;
  NodeServices& services_;
  std::string name_;  // of the node
  std::string host_;
  std::map<Key, OneWorker> workers_;
};

}  // namespace weir
