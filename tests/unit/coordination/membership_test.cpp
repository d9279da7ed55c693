// Who is a member, who is taken for dead, and who may come back.
#include <doctest/doctest.h>

#include <weir/coordination/membership.hpp>

using namespace weir;
using namespace weir::membership;

namespace {

using Events = std::vector<MembershipEvent>;
using Status = ClusterMember::Status;

NodeAnnouncement node(ClusterNodeId id, std::uint64_t incarnation = 1) {
  const std::string name(1, static_cast<char>('a' + id - 1));
  return {{id, name, name + ":7070", name + ":7071"}, incarnation, 4, "0.1.0"};
}

struct Bench {
  Bench() { (void)members.take_events(); }

  Events events() { return members.take_events(); }
  void join(ClusterNodeId id, std::uint64_t incarnation = 1) { REQUIRE(members.join(node(id, incarnation), now)); }
  /// Ticks twice a second; those named are heard of.
  void pass(Duration time, const std::vector<ClusterNodeId>& heard = {}) {
    for (const ProcessingTime end = now + time; now < end;) {
      now = now + Duration(500);
      for (const ClusterNodeId id : heard) (void)members.heartbeat(id, members.newest_incarnation(id), now);
      members.tick(now);
    }
  }

  ProcessingTime now{0};
  Membership members{node(1), {}, now};
};

}  // namespace

TEST_CASE("a node that joins is up, once") {
  Bench bench;
  bench.join(2);
  bench.join(2);
  CHECK(bench.events() == Events{NodeUp{node(2)}});
  CHECK(bench.members.member(2)->status == Status::Up);
  CHECK(!bench.members.member(1));
}

TEST_CASE("a node that is silent for the timeout is dead") {
  Bench bench;
  bench.join(2);
  bench.join(3);
  (void)bench.events();
  bench.pass(Duration(4500), {3});
  CHECK(bench.events().empty());
  bench.pass(Duration(500), {3});
  CHECK(bench.events() == Events{NodeDead{2, 1, "node 'b' was silent for 5s"}});
  CHECK(bench.members.members().size() == 1);
}

TEST_CASE("a node whose connection is lost is suspect, and dead when it is not back in time") {
  Bench bench;
  bench.join(2);
  (void)bench.events();
  bench.members.connection_lost(2, 1, bench.now);
  bench.members.connection_lost(2, 1, bench.now);
  CHECK(bench.events() == Events{NodeSuspect{2}});
  bench.pass(Duration(500), {2});  // what was still under way does not make up for the connection
  CHECK(bench.members.member(2)->status == Status::Suspect);
  SUBCASE("it is back") {
    bench.join(2);
    CHECK(bench.events() == Events{NodeReturned{2}});
    bench.pass(Duration(3000), {2});
    CHECK(bench.events().empty());
  }
  SUBCASE("it is not") {
    bench.pass(Duration(500), {2});
    CHECK(bench.events() == Events{NodeDead{2, 1, "node 'b' lost its connection and was not back within 1s"}});
  }
}

TEST_CASE("what was taken for dead comes back only as a newer incarnation") {
  Bench bench;
  bench.join(2, 3);
  bench.pass(Duration(5000));
  (void)bench.events();
  CHECK(bench.members.newest_incarnation(2) == 3);
  CHECK(!bench.members.heartbeat(2, 3, bench.now));
  CHECK(bench.members.join(node(2, 3), bench.now).error().message ==
        "node 'b' is no member as incarnation 3 any more; it must end what it ran and join as 4");
  CHECK(!bench.members.join(node(2, 2), bench.now));
  CHECK(bench.events().empty());
  bench.join(2, 4);
  CHECK(bench.events() == Events{NodeUp{node(2, 4)}});
}

TEST_CASE("a newer incarnation of a live node means that the one before is dead first") {
  Bench bench;
  bench.join(2, 1);
  (void)bench.events();
  bench.join(2, 2);
  CHECK(bench.events() == Events{NodeDead{2, 1, "node 'b' started anew"}, NodeUp{node(2, 2)}});
  CHECK(!bench.members.heartbeat(2, 1, bench.now));
  bench.members.connection_lost(2, 1, bench.now);
  bench.members.leave(2, 1);
  CHECK(bench.events().empty());
  CHECK(bench.members.member(2)->node.incarnation == 2);
}

TEST_CASE("a heartbeat of a node that never joined is refused") {
  Bench bench;
  CHECK(bench.members.heartbeat(9, 1, bench.now).error().message == "node 9 has not joined as incarnation 1");
}

TEST_CASE("a node that leaves is drained first, and gone without having died") {
  Bench bench;
  bench.join(2);
  (void)bench.events();
  bench.members.drain(2, 1);
  bench.members.drain(2, 1);
  CHECK(bench.members.member(2)->intent == ClusterMember::Intent::Leave);
  bench.members.leave(2, 1);
  bench.members.connection_lost(2, 1, bench.now);
  bench.pass(Duration(10'000));
  CHECK(bench.events() == Events{NodeDraining{2}, NodeLeft{node(2, 1).node, 1}});
  CHECK(!bench.members.join(node(2, 1), bench.now));
}

TEST_CASE("a node of another version is refused, and both are named") {
  Bench bench;
  NodeAnnouncement other = node(2);
  other.version = "0.2.0";
  CHECK(bench.members.join(other, bench.now).error().message ==
        "node 'b' runs Weir 0.2.0 and node 'a' Weir 0.1.0; all nodes of a cluster run the same");
  CHECK(bench.events().empty());
}

TEST_CASE("a node with this node's id, or none, is refused") {
  Bench bench;
  CHECK(bench.members.join(node(1, 9), bench.now).error().message.find("is its data directory a copy?") != std::string::npos);
  NodeAnnouncement nobody = node(2);
  nobody.node.id = 0;
  CHECK(bench.members.join(nobody, bench.now).error().message == "node 'b' has no id");
}

TEST_CASE("a node that comes to the address of another is what that one has become") {
  Bench bench;
  bench.join(2);
  (void)bench.events();
  NodeAnnouncement fresh = node(3);
  fresh.node.address = "b:7070";
  REQUIRE(bench.members.join(fresh, bench.now));
  CHECK(bench.events() == Events{NodeDead{2, 1, "node 'c' has taken its address, b:7070"}, NodeUp{fresh}});
}

TEST_CASE("one's own pause is not the others' silence") {
  Bench bench;
  bench.join(2);
  bench.join(3);
  bench.members.connection_lost(3, 1, bench.now);
  (void)bench.events();
  bench.now = bench.now + Duration(20'000);
  bench.members.tick(bench.now);
  CHECK(bench.events().empty());
  bench.pass(Duration(500));
  CHECK(bench.events().empty());
  bench.pass(Duration(500));
  CHECK(std::get<NodeDead>(bench.events().at(0)).id == 3);
  bench.pass(Duration(3500));
  CHECK(bench.events().empty());
  bench.pass(Duration(500));
  CHECK(std::get<NodeDead>(bench.events().at(0)).id == 2);
}

TEST_CASE("a node that was taken for dead counts all that are up as returned") {
  Bench bench;
  bench.join(2);
  bench.join(3);
  bench.members.connection_lost(3, 1, bench.now);
  (void)bench.events();
  bench.members.renew(2);
  CHECK(bench.members.self().incarnation == 2);
  CHECK(bench.events() == Events{NodeReturned{2}});  // that the other one is back is still to come
}
