// What a leader concludes from the cluster's state and from who is there: which nodes count, which take tasks, and which attempts must
// not run any more. The others, as membership.hpp has them, come without this node itself. Pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <weir/coordination/cluster_state.hpp>
#include <weir/coordination/membership.hpp>
#include <weir/coordination/placement.hpp>
#include <weir/coordination/votes.hpp>

namespace weir {

/// All that are up, this one included.
std::set<ClusterNodeId> nodes_up(ClusterNodeId self, const std::vector<ClusterMember>& others);

/// Those that are to end, and wait until nothing runs on them.
std::set<ClusterNodeId> nodes_draining(const std::vector<ClusterMember>& others);

/// All that are up and may have a vote, this one included, by their ids in the replicated log.
std::map<VoterId, NodeAnnouncement> may_vote(const NodeAnnouncement& self, const std::vector<ClusterMember>& others);

/// The votes of others that are to end.
std::set<VoterId> voters_draining(const std::vector<ClusterMember>& others);

/// Voters that lost their directories, and will not be back: another node is up at the address with which the log has them.
/// `voters`: with those addresses. `up`: as may_vote has it.
std::set<VoterId> voters_replaced(const std::map<VoterId, std::string>& voters, const std::map<VoterId, NodeAnnouncement>& up);

/// Nodes of the cluster that take tasks, with the slots that others have taken.
std::vector<PlacementNode> placement_nodes(const ClusterState& state, const NodeAnnouncement& self, const std::vector<ClusterMember>& others,
                                           const std::map<ClusterNodeId, std::uint32_t>& taken);

/// The newest attempt of each job of which nothing may run any more, where there is one.
std::map<JobId, std::uint64_t> attempts_over(const ClusterState& state);

}  // namespace weir
