// What a leader concludes from who is there.
#include <doctest/doctest.h>

#include <weir/coordination/cluster_view.hpp>

using namespace weir;
using Status = ClusterMember::Status;
using Intent = ClusterMember::Intent;

namespace {

NodeAnnouncement node(ClusterNodeId id, std::uint32_t slots = 4) {
  return {{id, "node" + std::to_string(id), "host:" + std::to_string(id), ""}, 1, slots, "1"};
}

ClusterState state_of(std::initializer_list<ClusterNodeId> nodes) {
  ClusterState state;
  for (const ClusterNodeId id : nodes) REQUIRE(state.apply(command::AdmitNode{node(id).node}).ok());
  return state;
}

const std::vector<ClusterMember> kOthers = {
    {node(2), Status::Up, Intent::Stay, {}, {}},
    {node(3), Status::Suspect, Intent::Stay, {}, {}},
    {node(4), Status::Up, Intent::Leave, {}, {}},
    {node(5), Status::Up, Intent::Stay, {}, {}},
};

}  // namespace

TEST_CASE("a node that is to end is up, and one whose connection is lost is not") {
  CHECK(nodes_up(1, kOthers) == std::set<ClusterNodeId>{1, 2, 4, 5});
  CHECK(nodes_draining(kOthers) == std::set<ClusterNodeId>{4});
}

TEST_CASE("who is up may vote, but for nodes that take no part in the log") {
  const auto with_voter = [](ClusterNodeId id, VoterId voter) {
    NodeAnnouncement announcement = node(id);
    announcement.voter = voter;
    return announcement;
  };
  const std::vector<ClusterMember> others = {
      {with_voter(2, 20), Status::Up, Intent::Stay, {}, {}},
      {with_voter(3, 30), Status::Suspect, Intent::Stay, {}, {}},
      {with_voter(4, 40), Status::Up, Intent::Leave, {}, {}},
      {with_voter(5, 0), Status::Up, Intent::Stay, {}, {}},
  };
  const auto voters = may_vote(with_voter(1, 10), others);
  CHECK(voters == std::map<VoterId, NodeAnnouncement>{{10, with_voter(1, 10)}, {20, with_voter(2, 20)}, {40, with_voter(4, 40)}});
  CHECK(voters_draining(others) == std::set<VoterId>{40});
}

TEST_CASE("a voter is replaced when another node is up where it was, and not when it is itself up there or elsewhere") {
  const std::map<VoterId, std::string> voters = {{10, "host:1"}, {20, "host:2"}, {30, "host:3"}};
  CHECK(voters_replaced(voters, {{10, node(1)}, {20, node(2)}}).empty());
  CHECK(voters_replaced(voters, {{10, node(1)}, {40, node(3)}}) == std::set<VoterId>{30});
  CHECK(voters_replaced(voters, {{10, node(1)}, {30, node(4)}}).empty());  // moved, and nobody came after it
}

TEST_CASE("tasks go to admitted nodes that are up and stay, and what others have taken counts") {
  const auto nodes = placement_nodes(state_of({1, 2, 3, 4}), node(1, 2), kOthers, {{2, 3}});
  REQUIRE(nodes.size() == 2);
  CHECK(nodes[0].id == 1);
  CHECK(nodes[0].slots == 2);
  CHECK(nodes[0].taken == 0);
  CHECK(nodes[1].id == 2);
  CHECK(nodes[1].taken == 3);
}

TEST_CASE("of a job that lives all attempts but the newest are over, of one that has ended all") {
  ClusterState state = state_of({1});
  JobSpec spec;
  spec.name = "job";
  spec.bundle = std::string(64, 'a');
  for (JobId job = 1; job <= 4; ++job) REQUIRE(state.apply(command::Submit{spec, "", 0}).ok());
  REQUIRE(state.apply(command::BeginAttempt{2, 1, {1}, 0}).ok());
  REQUIRE(state.apply(command::BeginAttempt{3, 5, {1}, 0}).ok());
  REQUIRE(state.apply(command::BeginAttempt{4, 2, {1}, 0}).ok());
  REQUIRE(state.apply(command::EndJob{4, 2, {}, 0}).ok());
  CHECK(attempts_over(state) == std::map<JobId, std::uint64_t>{{3, 4}, {4, 2}});
}
