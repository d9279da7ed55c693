// Where slots go, what moves when nodes come and go, and who keeps copies.
#include <doctest/doctest.h>

#include <algorithm>

#include <weir/coordination/placement.hpp>

using namespace weir;

namespace {

using Slots = std::vector<ClusterNodeId>;

std::vector<PlacementNode> nodes(std::uint32_t count, std::uint32_t slots = 4) {
  std::vector<PlacementNode> made;
  for (std::uint32_t i = 1; i <= count; ++i) made.push_back({i, "n" + std::to_string(i), slots, 0});
  return made;
}

Slots placed(const PlacementRequest& request, const std::vector<PlacementNode>& nodes) { return place(request, nodes).or_throw(); }

std::int64_t count(const Slots& slots, ClusterNodeId node) { return std::count(slots.begin(), slots.end(), node); }

std::uint32_t moved(const Slots& before, const Slots& after) {
  std::uint32_t moves = 0;
  for (std::size_t i = 0; i < before.size(); ++i) moves += before[i] != after[i];
  return moves;
}

}  // namespace

TEST_CASE("slots are spread evenly, whatever the order of the nodes") {
  auto three = nodes(3);
  const Slots slots = placed({.job = 1, .name = "x", .slots = 6}, three);
  for (ClusterNodeId node = 1; node <= 3; ++node) CHECK(count(slots, node) == 2);
  std::reverse(three.begin(), three.end());
  CHECK(placed({.job = 1, .name = "x", .slots = 6}, three) == slots);
}

TEST_CASE("the relatively least loaded node comes first") {
  auto three = nodes(3);
  three[0].taken = 3;
  three[2].slots = 8;
  const Slots slots = placed({.job = 1, .name = "x", .slots = 6}, three);
  CHECK(count(slots, 1) == 0);
  CHECK(count(slots, 2) == 2);
  CHECK(count(slots, 3) == 4);
}

TEST_CASE("jobs of one slot begin on different nodes") {
  std::set<ClusterNodeId> first;
  for (JobId job = 1; job <= 20; ++job) first.insert(placed({.job = job, .name = "x"}, nodes(3)).front());
  CHECK(first.size() == 3);
}

TEST_CASE("a job that does not fit is told what it needs and what there is") {
  auto three = nodes(3);
  three[0].taken = 4;
  three[1].taken = 2;
  CHECK(place({.job = 1, .name = "x", .slots = 8}, three).error().message ==
        "job 'x' needs 8 slots and the cluster has 6 free on 3 nodes: start another node, or run with less parallelism: "
        "n1 0 of 4, n2 2 of 4, n3 4 of 4");
  CHECK(place({.job = 1, .name = "x"}, {}).error().message == "job 'x' needs 1 slot and the cluster has no node that takes tasks");
  CHECK(place({.job = 1, .name = "x", .slots = 6}, three).ok());
}

TEST_CASE("a node that joins takes its share, and nothing else moves") {
  const Slots before = placed({.job = 1, .name = "x", .slots = 9}, nodes(3, 8));
  const Slots after = placed({.job = 1, .name = "x", .slots = 9, .former = before}, nodes(4, 8));
  CHECK(count(after, 4) == 2);
  CHECK(moved(before, after) == 2);
}

TEST_CASE("of a node that is lost only its own slots move, to those that have their state where the load allows it") {
  const Slots before = placed({.job = 1, .name = "x", .slots = 8}, nodes(4, 8));
  std::vector<std::set<ClusterNodeId>> holders(8);
  std::vector<ClusterNodeId> expected = before;
  ClusterNodeId next = 1;
  for (std::size_t i = 0; i < before.size(); ++i) {
    holders[i].insert(before[i]);
    if (before[i] != 4) continue;
    expected[i] = next;  // one each to nodes 1 and 2
    holders[i].insert(next++);
  }
  CHECK(placed({.job = 1, .name = "x", .slots = 8, .former = before, .holders = holders}, nodes(3, 8)) == expected);
}

TEST_CASE("an attempt that goes on with less or more slots keeps what it can") {
  const Slots before = placed({.job = 1, .name = "x", .slots = 4}, nodes(2, 8));
  const Slots more = placed({.job = 1, .name = "x", .slots = 6, .former = before}, nodes(2, 8));
  CHECK(std::equal(before.begin(), before.end(), more.begin()));
  const Slots less = placed({.job = 1, .name = "x", .slots = 4, .former = more}, nodes(2, 8));
  CHECK(less == before);
}

TEST_CASE("tasks of one index run on one node") {
  JobShape shape;
  shape.vertices = {{{}, 2}, {{}, 2}, {{}, 1}};
  shape.tasks = {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {2, 0}};
  CHECK(nodes_of_tasks(shape, {7, 9}) == Slots{7, 9, 7, 9, 7});
  CHECK(nodes_of_tasks(shape, {7}) == Slots{7, 7, 7, 7, 7});
}

TEST_CASE("each node stores copies for equally many others") {
  const std::set<ClusterNodeId> five{1, 2, 3, 4, 5};
  std::map<ClusterNodeId, int> stores;
  for (const ClusterNodeId node : five) {
    const Slots others = replicas(7, node, five, 3);
    CHECK(others.size() == 2);
    CHECK(count(others, node) == 0);
    for (const ClusterNodeId other : others) ++stores[other];
  }
  for (const ClusterNodeId node : five) CHECK(stores[node] == 2);
}

TEST_CASE("copies go to as many nodes as there are, and also from a node that is not among them") {
  CHECK(replicas(7, 1, {1}, 3).empty());
  CHECK(replicas(7, 1, {1, 2}, 3) == Slots{2});
  CHECK(replicas(7, 1, {1, 2}, 1).empty());
  CHECK(replicas(7, 9, {1, 2}, 3).size() == 2);
}

TEST_CASE("a node that goes away changes the copies only of those that had theirs on it") {
  const std::set<ClusterNodeId> five{1, 2, 3, 4, 5};
  const std::set<ClusterNodeId> four{1, 2, 3, 4};
  for (ClusterNodeId node : four) {
    const Slots before = replicas(7, node, five, 2);
    if (before.front() != 5) CHECK(replicas(7, node, four, 2) == before);
  }
}
