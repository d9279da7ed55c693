// The other nodes, as far as this one is connected to them. Every node is to be connected to every other it hears of, by one
// connection: of two at once each end would drop another one, and both be lost. So of two nodes the one with the lower id calls. The
// other one calls now and then, too, since the first may not know of it; and anyone calls an address of which no id is known yet,
// such as a --join.
//
// Part of the node's actor, whose thread it uses. A call ends as message::Connected to the actor, which has the peer say who it is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>

#include <weir/actors/actor_network.hpp>
#include <weir/actors/remote_messages.hpp>
#include <weir/actors/store_actor.hpp>
#include <weir/base/time.hpp>
#include <weir/coordination/cluster_node.hpp>

namespace weir {

struct NodePeersOptions {
  ClusterNode self;
  std::vector<std::string> seeds;    // addresses to call whatever is known of them
  Duration call_interval{5000};      // for the one of two nodes that is not to call
  ActorNetwork* network = nullptr;   // outlives this
};

class NodePeers {
 public:
  NodePeers(caf::event_based_actor* node, NodePeersOptions options) : node_(node), options_(std::move(options)) {}

  /// A node has said who it is. Whether this is news: it was not connected, or as another process or by another connection.
  bool take(const ClusterNode& peer, const caf::actor& actor);
  /// The connection to it is gone. Whether there was one.
  bool forget(ClusterNodeId peer);

  /// There is a node. Whether its address was not known.
  bool hear_of(ClusterNodeId peer, const std::string& address);
  /// Calls every node that it knows and is not connected to, if it is for this one to call.
  void call();
  /// A call has ended: the address that was called. Empty: it was none of these.
  std::string on_connected(const message::Connected& connected);

  /// Null: not connected.
  const caf::actor* find(ClusterNodeId peer) const;
  const caf::actor* find_at(const std::string& address) const;
  std::optional<ClusterNodeId> node_of(const caf::node_id& process) const;
  const NodeActors& actors() const { return actors_; }

  template <NamedRecord M>
  void tell_all(const M& content) const {
    for (const auto& [peer, actor] : actors_) node_->send(actor, message::make_packet(0, 0, content));
  }

 private:
  bool is_to_call(const std::string& address);

  caf::event_based_actor* node_;
  NodePeersOptions options_;
  NodeActors actors_;                                       // of those connected
  std::map<ClusterNodeId, std::string> connected_at_;       // their addresses
  std::map<caf::node_id, ClusterNodeId> nodes_by_process_;
  std::map<std::string, ClusterNodeId> addresses_;          // that were heard of
  std::map<std::string, ProcessingTime> waits_for_call_;    // addresses of nodes that are to call: since when, or when last called
  std::set<std::string> calling_;
  std::map<std::uint64_t, std::string> calls_;              // their addresses by tag
  std::uint64_t last_tag_ = 0;
};

}  // namespace weir
