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

/// The coordinator of node 1, which has the only vote.
class Bench {
 public:
  Bench() : system_(config_), node_(system_) {
    CoordinatorOptions options;
    options.self = node(1);
    options.clock = &clock_;
    options.services = &services_;
    options.propose = [](const LoggedCommand&) {};
    options.voters = [] { return std::map<VoterId, std::string>{{10, "elsewhere:1"}}; };
    options.admit = [this](const NodeAnnouncement& admitted) { admitted_.push_back(admitted.voter); };
    options.remove = [](VoterId) {};
    options.answer = [](const std::shared_ptr<AdminCall>& call, ClusterControl&) { call->answer(200, ""); };
    coordinator_ = system_.spawn(coordinator_actor, std::move(options));
    node_->send(coordinator_, message::Meet{caf::actor_cast<caf::actor>(node_)});
  }
  ~Bench() {
    caf::anon_send_exit(coordinator_, caf::exit_reason::user_shutdown);
    node_->wait_for(coordinator_);
  }

  void others_are(const std::vector<ClusterNodeId>& others) {
    message::MembersChanged changed;
    for (const ClusterNodeId other : others) {
      changed.members.push_back({node(other), ClusterMember::Status::Up, ClusterMember::Intent::Stay, {}, {}});
    }
    node_->send(coordinator_, changed);
  }
  void leads() { node_->send(coordinator_, message::Leads{10, "host:1", 1, true}); }
  void leads_no_more() { node_->send(coordinator_, message::Leads{20, "host:2", 2, false}); }

  /// Who was given a vote since the last call, after all that was said so far.
  Ids admitted() {
    std::promise<void> answered;
    auto future = answered.get_future();
    auto call = std::make_shared<AdminCall>(AdminCall{"GET", "/", "", [&](std::uint32_t, const std::string&) { answered.set_value(); }});
    node_->send(coordinator_, message::Ask{std::move(call)});
    REQUIRE(future.wait_for(kPatience) == std::future_status::ready);
    return std::exchange(admitted_, {});
  }

 private:
  testing::SilentServices services_;
  SystemClock clock_;
  Ids admitted_;  // of the coordinator's thread
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
