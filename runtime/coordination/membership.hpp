// Who is in the cluster, as one node sees it. A node that is slow, cut off or stopped cannot be told from one that is dead, so
// after a while it is taken for dead, and for good: that incarnation of it never comes back, whatever it still says. It has to
// join again as a newer one, having ended what it ran.
//
//   unknown -> Up (join) <-> Suspect (connection lost)
//               |                |  not back within the grace, or silent for the timeout
//               +------+---------+--> Dead: forgotten, except for its incarnation
//                      +------------> Left: said goodbye
//
// Not every silence is the others': a node that was itself stopped for a while finds that it has heard of nobody. Such a pause
// shows as a gap between two ticks, and then everyone gets a fresh timeout.
//
// A pure state machine: what happened comes in as a call, what follows from it goes out as events. Call tick() at least four
// times per timeout. Times are readings of a clock that does not step.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/base/time.hpp>
#include <weir/coordination/cluster_node.hpp>

namespace weir {

struct MembershipOptions {
  Duration timeout{5000};  // a node that says nothing for this long is dead
  Duration grace{1000};    // for it to be back when its connection was lost; a crash should be noticed sooner than silence
};

/// How long a worker may act on the leader's word that its attempt is the current one, from when it asked: no node is taken for dead
/// within that time, whatever is lost. The last sign of life of one that falls silent may be two heartbeats old.
inline Duration lease(const MembershipOptions& options, Duration heartbeat) {
  return std::min(options.grace, std::max(options.timeout - 2 * heartbeat, options.timeout / 4));
}

namespace membership {

struct NodeUp {
  NodeAnnouncement node;
  friend bool operator==(const NodeUp&, const NodeUp&) = default;
};
/// Its connection is lost. It may be back soon.
struct NodeSuspect {
  ClusterNodeId id = 0;
  friend bool operator==(const NodeSuspect&, const NodeSuspect&) = default;
};
/// It was suspect, or took this node for dead, and is back: the same incarnation, so what it ran still runs. Messages to it and from
/// it may be lost.
struct NodeReturned {
  ClusterNodeId id = 0;
  friend bool operator==(const NodeReturned&, const NodeReturned&) = default;
};
/// It takes no new tasks, and leaves when it has none.
struct NodeDraining {
  ClusterNodeId id = 0;
  friend bool operator==(const NodeDraining&, const NodeDraining&) = default;
};
struct NodeDead {
  ClusterNodeId id = 0;
  std::uint64_t incarnation = 0;
  std::string why;  // for people: "node 'b' was silent for 5s"
  friend bool operator==(const NodeDead&, const NodeDead&) = default;
};
struct NodeLeft {
  ClusterNode node;
  std::uint64_t incarnation = 0;
  friend bool operator==(const NodeLeft&, const NodeLeft&) = default;
};

}  // namespace membership

using MembershipEvent = std::variant<membership::NodeUp, membership::NodeSuspect, membership::NodeReturned, membership::NodeDraining,
                                     membership::NodeDead, membership::NodeLeft>;

/// Another node that is not dead.
struct ClusterMember {
  enum class Status : std::uint8_t { Up, Suspect };
  enum class Intent : std::uint8_t { Stay, Leave };
  NodeAnnouncement node;
  Status status = Status::Up;
  Intent intent = Intent::Stay;
  ProcessingTime heard;  // last, or when all got a fresh timeout
  ProcessingTime lost;   // while Suspect: its connection, since when
};

class Membership {
 public:
  Membership(NodeAnnouncement self, MembershipOptions options, ProcessingTime now);

  /// A node says who it is, on a new connection: a new node, a newer incarnation of one (the one before is then dead), or one
  /// that was suspect. An Error tells it why it may not: another version of Weir, an incarnation that is over, this node's id.
  Result<void> join(const NodeAnnouncement& node, ProcessingTime now);
  /// An Error when that incarnation is not a member: it is over, or was never heard of.
  Result<void> heartbeat(ClusterNodeId id, std::uint64_t incarnation, ProcessingTime now);
  /// Calls for an incarnation that is not a member are ignored.
  void connection_lost(ClusterNodeId id, std::uint64_t incarnation, ProcessingTime now);
  void drain(ClusterNodeId id, std::uint64_t incarnation);
  void leave(ClusterNodeId id, std::uint64_t incarnation);
  void tick(ProcessingTime now);

  /// This node was taken for dead and goes on as a newer incarnation. Whoever did that has dropped what it said meanwhile, and it
  /// does not know who did: to it all that are up have returned.
  void renew(std::uint64_t incarnation);

  /// What happened, in this order; each is told once.
  std::vector<MembershipEvent> take_events() { return std::exchange(events_, {}); }

  const NodeAnnouncement& self() const { return self_; }
  /// The others, Up or Suspect.
  const std::map<ClusterNodeId, ClusterMember>& members() const { return members_; }
  /// Null when it is not a member.
  const ClusterMember* member(ClusterNodeId id) const;
  /// The highest incarnation of a node that is or was a member, 0 for none: for it to join again it must have a higher one,
  /// unless that one is a member.
  std::uint64_t newest_incarnation(ClusterNodeId id) const;

 private:
  using Members = std::map<ClusterNodeId, ClusterMember>;

  Members::iterator find(ClusterNodeId id, std::uint64_t incarnation);
  Members::iterator bury(Members::iterator member, std::string why);
  void bury_at_address(const ClusterNode& node);
  void back(ClusterMember& member, ProcessingTime now);
  /// Of a member, or an Error that says why it is over.
  Error over(ClusterNodeId id, const std::string& name, std::uint64_t incarnation) const;

  NodeAnnouncement self_;
  MembershipOptions options_;
  Members members_;
  std::map<ClusterNodeId, std::uint64_t> over_;  // the highest incarnation of each node that died or left
  std::vector<MembershipEvent> events_;
  ProcessingTime ticked_;
};

}  // namespace weir
