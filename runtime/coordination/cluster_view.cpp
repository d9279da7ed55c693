#include <weir/coordination/cluster_view.hpp>

#include <algorithm>

namespace weir {

std::set<ClusterNodeId> nodes_up(ClusterNodeId self, const std::vector<ClusterMember>& others) {
  std::set<ClusterNodeId> up{self};
  for (const ClusterMember& member : others) {
    if (member.status == ClusterMember::Status::Up) up.insert(member.node.node.id);
  }
  return up;
}

std::set<ClusterNodeId> nodes_draining(const std::vector<ClusterMember>& others) {
  std::set<ClusterNodeId> draining;
  for (const ClusterMember& member : others) {
    if (member.intent == ClusterMember::Intent::Leave) draining.insert(member.node.node.id);
  }
  return draining;
}

std::map<VoterId, NodeAnnouncement> may_vote(const NodeAnnouncement& self, const std::vector<ClusterMember>& others) {
  std::map<VoterId, NodeAnnouncement> nodes{{self.voter, self}};
  for (const ClusterMember& member : others) {
    if (member.status == ClusterMember::Status::Up && member.node.voter != 0) nodes.emplace(member.node.voter, member.node);
  }
  return nodes;
}

std::set<VoterId> voters_draining(const std::vector<ClusterMember>& others) {
  std::set<VoterId> draining;
  for (const ClusterMember& member : others) {
    if (member.intent == ClusterMember::Intent::Leave && member.node.voter != 0) draining.insert(member.node.voter);
  }
  return draining;
}

std::set<VoterId> voters_replaced(const std::map<VoterId, std::string>& voters, const std::map<VoterId, NodeAnnouncement>& up) {
  std::set<VoterId> replaced;
  for (const auto& [voter, address] : voters) {
    const auto is_there = [&](const auto& node) { return node.first != voter && node.second.node.address == address; };
    if (std::any_of(up.begin(), up.end(), is_there)) replaced.insert(voter);
  }
  return replaced;
}

std::vector<PlacementNode> placement_nodes(const ClusterState& state, const NodeAnnouncement& self, const std::vector<ClusterMember>& others,
                                           const std::map<ClusterNodeId, std::uint32_t>& taken) {
  std::vector<PlacementNode> nodes;
  const auto add = [&](const NodeAnnouncement& node) {
    if (!state.nodes().contains(node.node.id)) return;  // not admitted yet
    const auto found = taken.find(node.node.id);
    nodes.push_back({node.node.id, node.node.name, node.slots, found == taken.end() ? 0 : found->second});
  };
  add(self);
  for (const ClusterMember& member : others) {
    if (member.status == ClusterMember::Status::Up && member.intent == ClusterMember::Intent::Stay) add(member.node);
  }
  return nodes;
}

std::map<JobId, std::uint64_t> attempts_over(const ClusterState& state) {
  std::map<JobId, std::uint64_t> over;
  for (const auto& [id, job] : state.jobs()) {
    if (job.ended() && job.attempt > 0) over.emplace(id, job.attempt);
    if (!job.ended() && job.attempt > 1) over.emplace(id, job.attempt - 1);
  }
  return over;
}

}  // namespace weir
