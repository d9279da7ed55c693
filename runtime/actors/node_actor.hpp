// The daemon's hub: it knows the other nodes, starts and watches this node's workers, and passes on what others say to each
// other. Whatever leaves or enters the daemon comes through here, so here it is decided whose word counts:
//
//   a node      that said NodeHello and is a member of the cluster, as Membership has it
//   a worker    that this daemon started, for the attempt that it started it for
//   the leader  alone may start and end workers, and wind stores back
//
// Nodes connect to all others they hear of. The connection to a node that is gone is tried again with each heartbeat, so
// partitions heal. A node that learns it was taken for dead ends all of its workers and joins again as a new incarnation. A node
// without a cluster joins that of the first who has one, or begins one when it is the one to do so (founders.hpp).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>

#include <weir/actors/actor_network.hpp>
#include <weir/actors/node_services.hpp>
#include <weir/base/serial_thread.hpp>
#include <weir/coordination/membership.hpp>

namespace weir {

struct NodeActorOptions {
  NodeAnnouncement self;
  std::string cluster;                  // empty: joins one
  std::vector<std::string> seeds;       // addresses of nodes to join through
  std::filesystem::path data;           // jobs' stores lie below it
  std::uint64_t store_bytes = 0;        // the most that one of them may take; 0: what the disk holds
  MembershipOptions membership;
  Duration heartbeat{1000};
  ActorNetwork* network = nullptr;      // outlives the actor
  NodeServices* services = nullptr;     // outlives the actor, and so does
  SerialThread* disk = nullptr;         // what blocks is done there
  caf::actor coordinator;
  /// Makes a cluster that begins with this node; its name. Before it is joined.
  std::function<Result<std::string>()> begin;
  /// The node's cluster is known now. May be called again with the same.
  std::function<void(const std::string& cluster)> joined;
  /// A message for this node's part of the replicated log.
  std::function<void(const std::string& bytes)> log_message;
  /// The votes of the other nodes that are up and not to end, whenever they have changed.
  std::function<void(std::set<std::uint64_t> voters)> staying = [](const auto&) {};
  /// Those of the replicated log, as far as this node knows, with the addresses that they had when they got their votes.
  std::function<std::map<std::uint64_t, std::string>()> voters = [] { return std::map<std::uint64_t, std::string>(); };
};

caf::behavior node_actor(caf::event_based_actor* self, NodeActorOptions options);

}  // namespace weir
