// A node's actor: whose word counts, and what it does about it. The test is the coordinator and the other node.
#include <doctest/doctest.h>

#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include <caf/all.hpp>

#include <weir/actors/node_actor.hpp>
#include <weir/actors/node_messages.hpp>
#include <weir/wire/control.hpp>

#include "support/silent_services.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using weir::testing::TemporaryDirectory;

namespace {

constexpr std::chrono::seconds kPatience(60);  // bounds a hung run; no test waits for it to pass

/// Gives bundle "one".
class FakeServices final : public testing::SilentServices {
 public:
  Result<std::string> read_bundle(const std::string& bundle, std::uint64_t offset, std::size_t bytes) override {
    if (bundle != "one") return SilentServices::read_bundle(bundle, offset, bytes);
    return std::string("whole").substr(offset, bytes);
  }
  Result<void> keep_bundle(const std::string& bundle, std::string_view bytes) override {
    copied.set_value(bundle + ": " + std::string(bytes));
    return {};
  }
  void forget_bundles(const std::set<std::string>& wanted) override { kept.set_value(wanted); }

  // Each is told once.
  std::promise<std::set<std::string>> kept;  // all other bundles may go
  std::promise<std::string> copied;          // a bundle and its bytes
};

const NodeAnnouncement kSelf{{1, "a", "127.0.0.1:1", ""}, 1, 4, "test"};

/// A node of cluster "c" that knows no other. It calls nobody, so it has no network.
class Bench {
 public:
  /// `voters`: as the log has them.
  explicit Bench(std::map<std::uint64_t, std::string> voters = {}) : system_(config_), coordinator_(system_), other_(system_) {
    NodeActorOptions options;
    options.self = kSelf;
    options.cluster = "c";
    options.data = directory_.path();
    options.membership = {.timeout = Duration(100), .grace = Duration(50)};
    options.heartbeat = Duration(20);
    options.services = &services_;
    options.disk = &disk_;
    options.coordinator = caf::actor_cast<caf::actor>(coordinator_);
    options.joined = [](const std::string&) {};
    options.voters = [voters = std::move(voters)] { return voters; };
    node_ = system_.spawn(node_actor, std::move(options));
  }
  ~Bench() {
    caf::anon_send_exit(node_, caf::exit_reason::user_shutdown);
    coordinator_->wait_for(node_);
    disk_.stop();
  }

  template <class Message>
  void tell(Message message) {
    coordinator_->send(node_, std::move(message));
  }
  template <NamedRecord M>
  void other_says(const M& content) {
    other_->send(node_, message::make_packet(0, 0, content));
  }
  /// Node 2 says who it is.
  void other_joins(std::uint64_t voter = 0) { other_says(wire::NodeHello{"c", 2, 1, "b", "127.0.0.1:2", "", 4, true, voter, "test", false}); }
  void leads() { tell(message::Leads{11, kSelf.node.address, 1, true}); }
  void other_leads() { tell(message::Leads{20, "127.0.0.1:2", 2, false}); }
  /// The node is to end: ready once it is drained.
  std::future<void> drain() {
    const auto drained = std::make_shared<std::promise<void>>();
    tell(message::Drain{drained});
    return drained->get_future();
  }
  /// After all that it was told so far.
  static bool is_ready(const std::future<void>& drained) { return drained.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
  void handle_all() {
    other_says(wire::FetchBundle{"one", 3});
    other_hears<wire::BundlePiece>();
  }

  template <class Event>
  void wait_for() {
    bool happened = false;
    bool waiting = true;
    coordinator_->receive_while(waiting)(
        [&](const message::MembersChanged& changed) {
          for (const MembershipEvent& event : changed.events) happened = happened || std::holds_alternative<Event>(event);
          waiting = !happened;
        },
        caf::after(kPatience) >> [&] { waiting = false; });
    REQUIRE(happened);
  }
  /// The next that the other node is told of this kind.
  template <NamedRecord M>
  M other_hears() {
    std::optional<M> heard;
    bool waiting = true;
    other_->receive_while(waiting)(
        [&](const message::Packet& packet) {
          message::on<M>(packet, [&](const M& content) { heard = content; });
          waiting = !heard;
        },
        caf::after(kPatience) >> [&] { waiting = false; });
    REQUIRE(heard);
    return *heard;
  }
  std::set<std::string> kept_bundles() { return told(services_.kept); }
  std::string copied_bundle() { return told(services_.copied); }

  /// From now on the node leads, and is told this by itself.
  template <NamedRecord M>
  void leader_says(const M& content) {
    leads();
    tell(message::ToNode{kSelf.node.id, std::make_shared<message::Packet>(message::make_packet(0, 0, content))});
  }

 private:
  template <class T>
  static T told(std::promise<T>& promise) {
    auto future = promise.get_future();
    REQUIRE(future.wait_for(kPatience) == std::future_status::ready);
    return future.get();
  }

  const TemporaryDirectory directory_;
  FakeServices services_;
  SerialThread disk_;
  caf::actor_system_config config_;
  caf::actor_system system_;
  caf::scoped_actor coordinator_;
  caf::scoped_actor other_;
  caf::actor node_;
};

const wire::AdminRequest kRequest{7, "GET", "/api/v1/jobs", ""};
const std::string kNoLeader = R"({"error":"the cluster has no leader now; try again"})";

}  // namespace

TEST_CASE("a node that is taken for dead, and does not know it yet, has its requests answered at once") {
  Bench bench;
  bench.tell(message::Start{});
  bench.other_joins();
  bench.wait_for<membership::NodeUp>();
  bench.wait_for<membership::NodeDead>();  // it says nothing
  bench.other_says(kRequest);
  const auto reply = bench.other_hears<wire::AdminReply>();
  CHECK(reply.request == kRequest.request);
  CHECK(reply.status == 503);
  CHECK(reply.body == kNoLeader);
}

TEST_CASE("a node that has left, or never said who it is, has its requests answered, too") {
  Bench bench;
  bench.other_says(kRequest);
  CHECK(bench.other_hears<wire::AdminReply>().body == kNoLeader);
  bench.other_joins();
  bench.wait_for<membership::NodeUp>();
  bench.other_says(wire::Leaving{1});
  bench.wait_for<membership::NodeLeft>();
  bench.other_says(kRequest);
  CHECK(bench.other_hears<wire::AdminReply>().body == kNoLeader);
}

TEST_CASE("who asks while nobody leads is told which voters do not answer") {
  Bench bench({{7, "127.0.0.1:7"}, {8, "127.0.0.1:8"}});
  bench.other_says(kRequest);
  CHECK(bench.other_hears<wire::AdminReply>().body ==
        R"({"error":"the cluster has no leader now: of its 2 voters these do not answer: 127.0.0.1:7, 127.0.0.1:8; start what is down, or try again"})");
}

TEST_CASE("the bundles of the jobs that the leader knows are kept, and those of others may go") {
  Bench bench;
  bench.leader_says(wire::KnownJobs{{1, 2}, 3, {"one", "two"}});
  CHECK(bench.kept_bundles() == std::set<std::string>{"one", "two"});
}

TEST_CASE("a node that does not lead has no say in which bundles are kept") {
  Bench bench;
  bench.other_joins();
  bench.wait_for<membership::NodeUp>();
  bench.other_says(wire::KnownJobs{{}, 3, {"wrong"}});
  bench.leader_says(wire::KnownJobs{{}, 3, {"right"}});
  CHECK(bench.kept_bundles() == std::set<std::string>{"right"});
}

TEST_CASE("a node that is to have a copy of a bundle fetches it from one that has it") {
  Bench bench;
  bench.other_joins();
  bench.wait_for<membership::NodeUp>();
  bench.leader_says(wire::KeepBundle{"two", {2}});
  CHECK(bench.other_hears<wire::FetchBundle>().offset == 0);
  bench.other_says(wire::BundlePiece{"two", 0, "who", ""});
  CHECK(bench.other_hears<wire::FetchBundle>().offset == 3);
  bench.other_says(wire::BundlePiece{"two", 3, "le", ""});
  CHECK(bench.other_hears<wire::FetchBundle>().offset == 5);
  bench.other_says(wire::BundlePiece{"two", 5, "", ""});
  CHECK(bench.copied_bundle() == "two: whole");
}

TEST_CASE("a node gives what it has of a bundle, or says why not") {
  Bench bench;
  bench.other_joins();
  bench.wait_for<membership::NodeUp>();
  bench.other_says(wire::FetchBundle{"one", 3});
  CHECK(bench.other_hears<wire::BundlePiece>().bytes == "le");
  bench.other_says(wire::FetchBundle{"two", 0});
  CHECK(bench.other_hears<wire::BundlePiece>().error == "there is no bundle two");
}

TEST_CASE("a node that leads and is to end waits until another leads, and that one lets it go") {
  Bench bench;
  bench.other_joins(20);
  bench.wait_for<membership::NodeUp>();
  bench.leads();
  const auto drained = bench.drain();
  bench.handle_all();
  CHECK_FALSE(bench.is_ready(drained));
  bench.other_leads();
  bench.handle_all();
  CHECK_FALSE(bench.is_ready(drained));
  bench.other_says(wire::MayLeave{kSelf.incarnation});
  CHECK(drained.wait_for(kPatience) == std::future_status::ready);
}

TEST_CASE("a node that leads and is to end waits for nobody when none that stays may lead") {
  Bench bench;
  bench.other_joins();  // has no part in the log
  bench.wait_for<membership::NodeUp>();
  bench.leads();
  CHECK(bench.drain().wait_for(kPatience) == std::future_status::ready);
}

TEST_CASE("a node that is to end waits for nobody once all others are to end as well") {
  Bench bench;
  bench.other_joins(20);
  bench.wait_for<membership::NodeUp>();
  SUBCASE("and leads") { bench.leads(); }
  SUBCASE("and does not lead") { bench.other_leads(); }
  const auto drained = bench.drain();
  bench.handle_all();
  CHECK_FALSE(bench.is_ready(drained));
  bench.other_says(wire::Heartbeat{1, "", 0, {}, true});
  CHECK(drained.wait_for(kPatience) == std::future_status::ready);
}
