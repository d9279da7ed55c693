// What a job printed, asked of all other nodes for whoever asked this one (log_gathering.hpp), and told to others of what lies here.
// Files are read on the thread for disks.
//
// Part of the node's actor, whose thread it uses.
#pragma once

#include <memory>
#include <vector>

#include <caf/event_based_actor.hpp>

#include <weir/actors/log_gathering.hpp>
#include <weir/actors/messages.hpp>
#include <weir/actors/node_peers.hpp>
#include <weir/actors/node_services.hpp>
#include <weir/base/serial_thread.hpp>
#include <weir/coordination/membership.hpp>

namespace weir {

struct LogRelayOptions {
  NodeServices* services = nullptr;  // these outlive the relay
  SerialThread* disk = nullptr;
  const NodePeers* peers = nullptr;
  const Membership* membership = nullptr;
};

class LogRelay {
 public:
  LogRelay(caf::event_based_actor* node, LogRelayOptions options) : node_(node), options_(options) {}
  LogRelay(const LogRelay&) = delete;
  LogRelay& operator=(const LogRelay&) = delete;

  /// All nodes that the cluster remembers: those that cannot be asked are named, since nobody knows whether the job ran there.
  void remember(const std::vector<ClusterNode>& nodes);
  /// Asks them all. Calls on_due() by a message::LogsDue to the actor.
  void gather(const std::shared_ptr<LogCall>& call);
  void on_due(std::uint64_t request) { gathering_.on_due(request); }

  /// Another node asks; or answers.
  void on_wanted(ClusterNodeId node, const message::Packet& packet);
  void on_logs(ClusterNodeId node, const message::Packet& packet);
  /// The node will not answer any more.
  void on_gone(ClusterNodeId node) { gathering_.on_gone(node); }

 private:
  bool can_be_asked(ClusterNodeId node) const;

  caf::event_based_actor* node_;
  LogRelayOptions options_;
  LogGathering gathering_;
  LogGathering::Names remembered_;
};

}  // namespace weir
