// What a coordinator does about votes when its node comes to lead, and when it does not. The test is its node.
#include <doctest/doctest.h>

#include <future>
#include <utility>
#include <vector>

#include <caf/all.hpp>

#include <weir/actors/coordinator_actor.hpp>
#include <weir/base/clock.hpp>

#include "support/silent_services.hpp"

using namespace weir;

namespace {

using Ids = std::vector<VoterId>;

constexpr std::chrono::seconds kPatience(60);  // bounds a hung run; no test waits for it to pass

/// Node n has voter id 10 n.
NodeAnnouncement node(ClusterNodeId id) {
  return {{id, "node" + std::to_string(id), "host:" + std::to_string(id), ""}, 1, 4, "test", 10 * id};
}

/// The coordinator of node 1, which has a vote, as those others have that are named. Who leaves is not waited for.
class Bench {
 public:
  explicit Bench(const std::vector<ClusterNodeId>& others_with_votes = {}) : system_(config_), node_(system_) {
    for (const ClusterNodeId other : others_with_votes) voters_.emplace(10 * other, "elsewhere:" + std::to_string(other));
    CoordinatorOptions options;
    options.self = node(1);
    options.clock = &clock_;
    options.services = &services_;
    options.propose = [](const LoggedCommand&) {};
    options.voters = [this] { return voters_; };
    options.admit = [this](const NodeAnnouncement& admitted) { admitted_.push_back(admitted.voter); };
    options.remove = [this](VoterId voter) {
      removed_.push_back(voter);
      voters_.erase(voter);
    };
    options.votes.settling = Duration(0);
    options.answer = [](const std::shared_ptr<AdminCall>& call, ClusterControl&) { call->answer(200, ""); };
    coordinator_ = system_.spawn(coordinator_actor, std::move(options));
    node_->send(coordinator_, message::Meet{caf::actor_cast<caf::actor>(node_)});
  }
  ~Bench() {
    caf::anon_send_exit(coordinator_, caf::exit_reason::user_shutdown);
    node_->wait_for(coordinator_);
  }

  void others_are(const std::vector<ClusterNodeId>& others, const std::vector<MembershipEvent>& events = {},
                  ClusterMember::Intent intent = ClusterMember::Intent::Stay) {
    message::MembersChanged changed{events, {}};
    for (const ClusterNodeId other : others) changed.members.push_back({node(other), ClusterMember::Status::Up, intent, {}, {}});
    node_->send(coordinator_, changed);
  }
  void is_to_end() { node_->send(coordinator_, message::EndsSoon{}); }
  void votes_changed() { node_->send(coordinator_, message::VotesChanged{}); }
  void leads() { node_->send(coordinator_, message::Leads{10, "host:1", 1, true}); }
  void leads_no_more() { node_->send(coordinator_, message::Leads{20, "host:2", 2, false}); }

  /// Who was given a vote since the last call, after all that was said so far; and who lost it.
  Ids admitted() {
    handle_all();
    return std::exchange(admitted_, {});
  }
  Ids removed() {
    handle_all();
    return std::exchange(removed_, {});
  }

 private:
  void handle_all() {
    std::promise<void> answered;
    auto future = answered.get_future();
    auto call = std::make_shared<AdminCall>(AdminCall{"GET", "/", "", [&](std::uint32_t, const std::string&) { answered.set_value(); }});
    node_->send(coordinator_, message::Ask{std::move(call)});
    REQUIRE(future.wait_for(kPatience) == std::future_status::ready);
  }

  testing::SilentServices services_;
  SystemClock clock_;
  std::map<VoterId, std::string> voters_{{10, "elsewhere:1"}};  // of the coordinator's thread, as what follows
  Ids admitted_;
  Ids removed_;
  caf::actor_system_config config_;
  caf::actor_system system_;
  caf::scoped_actor node_;
  caf::actor coordinator_;
};

}  // namespace

TEST_CASE("votes are given by the node that leads, and only while it does") {
  Bench bench;
  bench.others_are({2, 3});
  CHECK(bench.admitted().empty());
  bench.leads();
  CHECK(bench.admitted() == Ids{30, 20});
  bench.leads_no_more();
  bench.others_are({2, 3, 4, 5});
  CHECK(bench.admitted().empty());
}

TEST_CASE("a node that comes is given a vote as soon as another one can be given one with it") {
  Bench bench;
  bench.leads();
  CHECK(bench.admitted().empty());
  bench.others_are({2});
  CHECK(bench.admitted().empty());
  bench.others_are({2, 3});
  CHECK(bench.admitted() == Ids{30, 20});
}

TEST_CASE("votes that are not given yet are asked for again when another has been") {
  Bench bench;
  bench.others_are({2, 3});
  bench.leads();
  CHECK(bench.admitted() == Ids{30, 20});
  bench.votes_changed();
  CHECK(bench.admitted() == Ids{30, 20});
  bench.leads_no_more();
  bench.votes_changed();
  CHECK(bench.admitted().empty());
}

TEST_CASE("of three voters one leaves with its vote, and when a second one is to leave both lose theirs, the absent one first") {
  Bench bench({2, 3});
  bench.others_are({2, 3});
  SUBCASE("one after the other while this node leads") { bench.leads(); }
  bench.others_are({2}, {membership::NodeLeft{node(3).node, 1}});
  CHECK(bench.removed().empty());
  SUBCASE("the first before this node leads") { bench.leads(); }
  CHECK(bench.removed().empty());
  bench.others_are({2}, {membership::NodeDraining{2}}, ClusterMember::Intent::Leave);
  CHECK(bench.removed() == Ids{30});
  bench.votes_changed();
  CHECK(bench.removed() == Ids{20});
  CHECK(bench.admitted().empty());
}

TEST_CASE("a node that is killed while it is to end has left on purpose") {
  Bench bench({2, 3});
  bench.others_are({3}, {membership::NodeDraining{3}}, ClusterMember::Intent::Leave);
  bench.others_are({2}, {membership::NodeDead{3, 1, "it was silent"}});
  bench.leads();
  CHECK(bench.removed().empty());
  bench.others_are({2}, {membership::NodeDraining{2}}, ClusterMember::Intent::Leave);
  CHECK(bench.removed() == Ids{30});
}

TEST_CASE("a node that left and is back counts as one that stays") {
  Bench bench({2, 3});
  bench.others_are({2, 3});
  bench.leads();
  bench.others_are({2}, {membership::NodeLeft{node(3).node, 1}});
  bench.others_are({2, 3}, {membership::NodeUp{node(3)}});
  bench.others_are({2}, {membership::NodeDead{3, 2, "it was silent"}});
  bench.others_are({2}, {membership::NodeDraining{2}}, ClusterMember::Intent::Leave);
  CHECK(bench.removed().empty());  // node 3 is away, and may come back
}

TEST_CASE("a node that leads, has the only vote and is to end has another node be given one") {
  Bench bench;
  bench.others_are({2});
  bench.leads();
  CHECK(bench.admitted().empty());
  bench.is_to_end();
  CHECK(bench.admitted() == Ids{20});
}
