#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "support/full_disk.hpp"
#include "support/log_cluster.hpp"

using namespace weir;
using weir::testing::FullDisk;
using weir::testing::LogCluster;

namespace {

std::vector<std::string> commands(const LogCluster::Node& node) {
  std::vector<std::string> all;
  for (const auto& [index, command] : node.applied) all.push_back(command);
  return all;
}

bool answered(LogCluster& cluster, const std::shared_ptr<std::optional<Outcome>>& answer) {
  return cluster.run_until([&] { return answer->has_value(); });
}

/// Proposes commands one after the other and waits for each.
void propose_all(LogCluster& cluster, int count) {
  for (int i = 0; i < count; ++i) {
    auto& proposed = cluster.propose(cluster.await_leader(), "command " + std::to_string(i));
    REQUIRE(cluster.run_until([&] { return proposed.outcome.has_value(); }));
    REQUIRE(proposed.outcome->applied());
  }
}

/// Three members that have logged the same; who leads them.
std::size_t make_even(LogCluster& cluster) {
  cluster.make(3);
  propose_all(cluster, 3);
  REQUIRE(cluster.run_until_even());
  return cluster.await_leader();
}

}  // namespace

TEST_CASE("a single voter leads and commits at once") {
  LogCluster cluster(1);
  cluster.make(1);
  REQUIRE(cluster.leader() == 0);
  const auto& proposed = cluster.propose(0, "alone");
  CHECK(proposed.outcome == Outcome());
  CHECK(commands(cluster[0]) == std::vector<std::string>{"alone"});
}

TEST_CASE("three members apply the same commands in the same order") {
  LogCluster cluster(2);
  cluster.make(3);
  for (int i = 0; i < 20; ++i) cluster.propose(cluster.await_leader(), std::to_string(i));
  REQUIRE(cluster.run_until([&] { return commands(cluster[0]).size() == 20; }));
  REQUIRE(cluster.run_until_even());
  cluster.check_proposals();
}

TEST_CASE("commands that are proposed together keep their order") {
  LogCluster cluster(15);
  cluster.make(3);
  const std::size_t leader = cluster.await_leader();
  std::vector<std::string> wanted;
  std::vector<Proposal> proposals;
  std::size_t applied = 0;
  for (int i = 0; i < 50; ++i) {
    wanted.push_back("command " + std::to_string(i));
    const auto bytes = as_span(wanted.back());
    proposals.push_back({Bytes(bytes.begin(), bytes.end()), [&](const Outcome& outcome) { applied += outcome.applied() ? 1 : 0; }});
  }
  cluster[leader].server->propose(cluster.now_ms(), std::move(proposals));
  REQUIRE(cluster.run_until([&] { return applied == 50; }));
  REQUIRE(cluster.run_until_even());
  for (const auto& node : cluster.nodes()) CHECK(commands(node) == wanted);
}

TEST_CASE("only the leader takes commands") {
  LogCluster cluster(3);
  cluster.make(3);
  const std::size_t follower = (cluster.await_leader() + 1) % 3;
  CHECK(cluster.propose(follower, "x").outcome == Outcome{Fate::Refused, "this member does not lead the cluster"});
}

TEST_CASE("when the leader dies another one leads and nothing committed is lost or doubled") {
  LogCluster cluster(4);
  cluster.make(3);
  propose_all(cluster, 5);
  const std::size_t first = cluster.await_leader();
  cluster.kill(first);
  REQUIRE(cluster.run_until([&] { return cluster.leader().has_value() && *cluster.leader() != first; }));
  propose_all(cluster, 5);
  cluster.restart(first);
  REQUIRE(cluster.run_until_even());
  CHECK(commands(cluster[first]).size() == 10);
}

TEST_CASE("a leader that is cut off commits nothing, and what it was given is answered as unknown") {
  LogCluster cluster(5);
  cluster.make(3);
  const std::size_t cut_off = cluster.await_leader();
  cluster[cut_off].group = 1;
  const auto& proposed = cluster.propose(cut_off, "lost");
  REQUIRE(cluster.run_until([&] { return proposed.outcome.has_value(); }));
  CHECK(proposed.outcome->fate == Fate::Unknown);
  CHECK(cluster[cut_off].leadership.standing == Standing::Follower);
  REQUIRE(cluster.run_until([&] { return cluster.leader().has_value(); }));
  CHECK(*cluster.leader() != cut_off);
  propose_all(cluster, 3);
  cluster[cut_off].group = 0;
  REQUIRE(cluster.run_until_even());
  CHECK(commands(cluster[cut_off]).size() == 3);
}

TEST_CASE("a cluster that was stopped as a whole goes on from its disks") {
  LogCluster cluster(6);
  cluster.options.snapshot_every_entries = 4;
  cluster.options.kept_entries = 2;
  cluster.make(3);
  propose_all(cluster, 10);
  REQUIRE(cluster.run_until_even());
  for (std::size_t i = 0; i < 3; ++i) cluster.kill(i);
  for (std::size_t i = 0; i < 3; ++i) cluster.restart(i);
  propose_all(cluster, 1);
  REQUIRE(cluster.run_until_even());
  CHECK(commands(cluster[2]).size() == 11);
  CHECK_FALSE(cluster[2].restored.empty());
}

TEST_CASE("a member whose directory was emptied is another member, and gets its log by a snapshot") {
  LogCluster cluster(7);
  cluster.options.snapshot_every_entries = 4;
  cluster.options.kept_entries = 2;
  cluster.make(3);
  propose_all(cluster, 20);
  const std::size_t leader = cluster.await_leader();
  const std::size_t lost = (leader + 1) % 3;
  const std::uint64_t old_id = cluster[lost].id;
  cluster.kill(lost);
  cluster.wipe(lost);
  CHECK(cluster[lost].id != old_id);
  cluster.join(lost);
  const auto too_early = cluster.add_voter(leader, lost);
  REQUIRE(answered(cluster, too_early));
  CHECK((*too_early)->why == "node" + std::to_string(lost) + " is the address of voter " + std::to_string(old_id) + ": remove it first");
  const auto removed = cluster.remove_voter(leader, old_id);
  REQUIRE(answered(cluster, removed));
  CHECK((*removed)->applied());
  const auto added = cluster.add_voter(leader, lost);
  REQUIRE(answered(cluster, added));
  CHECK((*added)->applied());
  REQUIRE(cluster.run_until_even());
  CHECK(cluster[lost].restored.size() == 1);
  CHECK(commands(cluster[lost]).size() == 20);
  CHECK(cluster[leader].server->voters().size() == 3);
}

TEST_CASE("a backlog larger than a message arrives in several") {
  LogCluster cluster(8);
  cluster.options.entries_per_message_bytes = 1000;
  cluster.make(3);
  const std::size_t leader = cluster.await_leader();
  const std::size_t behind = (leader + 1) % 3;
  cluster.kill(behind);
  for (int i = 0; i < 40; ++i) cluster.propose(leader, std::string(300, static_cast<char>('a' + i % 26)) + std::to_string(i));
  cluster.restart(behind);
  REQUIRE(cluster.run_until([&] { return commands(cluster[behind]).size() == 40; }));
  CHECK(cluster[behind].restored.empty());
}

TEST_CASE("a voter that cannot be reached is not added, and can be later") {
  LogCluster cluster(9);
  cluster.options.catch_up = Duration(200);
  cluster.make(2);
  const std::size_t late = cluster.add_node();
  cluster.join(late);
  cluster[late].group = 1;
  const auto failed = cluster.add_voter(cluster.await_leader(), late);
  REQUIRE(answered(cluster, failed));
  CHECK((*failed)->fate == Fate::Refused);
  CHECK((*failed)->why.find("did not catch up") != std::string::npos);
  CHECK(cluster[cluster.await_leader()].server->voters().size() == 2);
  cluster[late].group = 0;
  const auto added = cluster.add_voter(cluster.await_leader(), late);
  REQUIRE(answered(cluster, added));
  CHECK((*added)->applied());
}

TEST_CASE("voters are removed down to the last one, which is refused") {
  LogCluster cluster(10);
  cluster.make(3);
  const std::size_t leader = cluster.await_leader();
  const auto self = cluster.remove_voter(leader, cluster[leader].id);
  REQUIRE(answered(cluster, self));
  CHECK((*self)->why == "the leader cannot remove itself: have it step down, then ask the next one");
  for (std::size_t i = 1; i < 3; ++i) {
    const std::size_t node = (leader + i) % 3;
    const auto removed = cluster.remove_voter(leader, cluster[node].id);
    REQUIRE(answered(cluster, removed));
    CHECK((*removed)->applied());
    cluster.kill(node);
  }
  const auto last = cluster.remove_voter(leader, cluster[leader].id);
  REQUIRE(answered(cluster, last));
  CHECK((*last)->why == "the last voter cannot be removed: add another one first");
  const auto absent = cluster.remove_voter(leader, 12345);
  CHECK(*absent == std::optional(Outcome()));
  CHECK(cluster.propose(leader, "alone").outcome == Outcome());
}

TEST_CASE("a leader that steps down hands over") {
  LogCluster cluster(11);
  const std::size_t first = make_even(cluster);
  cluster[first].server->step_down(cluster.now_ms());
  REQUIRE(cluster.run_until([&] { return cluster.leader().has_value() && *cluster.leader() != first; }, 90));
  propose_all(cluster, 1);
}

TEST_CASE("a leader hands over to the member that is named, when another one is up to date as well but gone") {
  for (const std::size_t step : {1, 2}) {
    CAPTURE(step);
    LogCluster cluster(17);
    const std::size_t first = make_even(cluster);
    const std::size_t successor = (first + step) % 3;
    cluster.kill((first + 3 - step) % 3);
    cluster[first].server->step_down(cluster.now_ms(), cluster[successor].id);
    REQUIRE(cluster.run_until([&] { return cluster.leader() == successor; }, 90));
    propose_all(cluster, 1);
  }
}

TEST_CASE("a leader that is to hand over to who has no vote goes on leading") {
  LogCluster cluster(18);
  const std::size_t first = make_even(cluster);
  cluster[first].server->step_down(cluster.now_ms(), 12345);
  propose_all(cluster, 1);
  CHECK(cluster.leader() == first);
}

TEST_CASE("members whose votes were taken away come back with what they have, disturb nobody, and vote again") {
  LogCluster cluster(19);
  const std::size_t last = make_even(cluster);
  const std::size_t gone = (last + 1) % 3;
  const std::size_t leaving = (last + 2) % 3;
  cluster.kill(gone);
  for (const std::size_t node : {gone, leaving}) {  // the one that is up last, since it takes part in the end of the other's vote
    const auto removed = cluster.remove_voter(last, cluster[node].id);
    REQUIRE(answered(cluster, removed));
    CHECK((*removed)->applied());
  }
  cluster.kill(leaving);
  propose_all(cluster, 1);
  cluster.kill(last);
  for (const std::size_t node : {gone, leaving}) cluster.restart(node);
  cluster.run_for(10'000);
  CHECK_FALSE(cluster.leader());  // they know that they are too few
  cluster.restart(last);
  REQUIRE(cluster.await_leader() == last);
  cluster.run_for(10'000);
  CHECK(cluster.leader() == last);
  for (const std::size_t node : {gone, leaving}) {
    const auto added = cluster.add_voter(last, node);
    REQUIRE(answered(cluster, added));
    CHECK((*added)->applied());
  }
  cluster.kill(last);
  propose_all(cluster, 1);
  CHECK(cluster.run_until_even());
}

TEST_CASE("a late refusal does not keep a member from what comes next") {
  LogCluster cluster(16);
  const std::size_t leader = make_even(cluster);
  const std::size_t follower = (leader + 1) % 3;
  const std::size_t other = (leader + 2) % 3;
  RaftServer& server = *cluster[leader].server;
  cluster[other].group = 1;
  const auto& proposed = cluster.propose(leader, "known to one follower");
  REQUIRE(cluster.run_until([&] { return proposed.outcome.has_value(); }));
  cluster[other].group = 0;
  cluster[follower].group = 1;  // has the command, but does not know that it is committed
  cluster.run_for(500);         // until the leader no longer counts on it
  REQUIRE(cluster.leader() == leader);
  server.receive(cluster.now_ms(), encode(LogMessage{.cluster = server.identity().cluster,
                                                     .from = cluster[follower].id,
                                                     .to = cluster[leader].id,
                                                     .from_address = "node" + std::to_string(follower),
                                                     .term = server.leadership().term,
                                                     .body = AppendResult{server.applied_index(), 1}}));
  cluster[follower].group = 0;
  propose_all(cluster, 3);
  CHECK_MESSAGE(cluster.run_until_even(), cluster.describe());
}

TEST_CASE("a member of a foreign cluster is not listened to") {
  LogCluster cluster(12);
  cluster.make(1);
  const std::size_t other = cluster.add_node();
  cluster.bootstrap(other);  // another cluster
  const auto added = cluster.add_voter(0, other);
  cluster.run_for(500);
  CHECK(cluster[other].server->dropped_messages() > 0);
  CHECK(cluster[other].server->voters().size() == 1);
  CHECK_FALSE(cluster[other].server->join(cluster[0].server->identity().cluster).ok());
}

TEST_CASE("on a full disk a single voter refuses commands, and takes them again when there is room") {
  LogCluster cluster(13);
  cluster.make(1);
  cluster.propose(0, "first");
  {
    const FullDisk full(cluster[0].directory / "data.mdb");
    const auto& refused = cluster.propose(0, std::string(1 << 20, 'x'));
    REQUIRE(refused.outcome.has_value());
    CHECK(refused.outcome->fate == Fate::Refused);
    CHECK(refused.outcome->why ==
          "cannot write " + (cluster[0].directory / "data.mdb").string() + ": the disk is full; free some space");
  }
  CHECK(cluster.propose(0, "second").outcome == Outcome());
  cluster.kill(0);
  cluster.restart(0);
  CHECK(commands(cluster[0]) == std::vector<std::string>{"first", "second"});
}

TEST_CASE("a command that is too large is refused") {
  LogCluster cluster(14);
  cluster.options.max_command_bytes = 10;
  cluster.make(1);
  CHECK(cluster.propose(0, "12345678901").outcome->fate == Fate::Refused);
  CHECK(cluster.propose(0, "1234567890").outcome->applied());
}
