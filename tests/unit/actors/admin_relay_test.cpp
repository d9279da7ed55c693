// Requests that are passed to the leader are answered once, whatever becomes of it.
#include <doctest/doctest.h>

#include <functional>
#include <vector>

#include <caf/all.hpp>

#include <weir/actors/admin_relay.hpp>

using namespace weir;

namespace {

constexpr ProcessingTime kStart{1'000'000};

/// Runs `act` as a part of an actor.
void in_actor(const std::function<void(caf::event_based_actor*)>& act) {
  caf::actor_system_config config;
  caf::actor_system system(config);
  caf::scoped_actor self(system);
  using Act = std::function<void(caf::event_based_actor*)>;
  self->wait_for(system.spawn([](caf::event_based_actor* node, const Act* what) { (*what)(node); }, &act));
}

std::shared_ptr<AdminCall> call_into(std::vector<std::uint32_t>& answers, const std::string& method = "GET") {
  const auto answer = [&answers](std::uint32_t status, const std::string&) { answers.push_back(status); };
  return std::make_shared<AdminCall>(AdminCall{method, "/jobs", "", answer});
}

/// Passed to that leader at once, with the next number.
void ask(AdminRelay& relay, std::shared_ptr<AdminCall> call, ClusterNodeId leader, caf::event_based_actor* node) {
  relay.hold(std::move(call), kStart);
  relay.pass_to(leader, caf::actor_cast<caf::actor>(node), kStart);
}

}  // namespace

TEST_CASE("the leader's answer goes to who asked, once") {
  std::vector<std::uint32_t> first;
  std::vector<std::uint32_t> second;
  in_actor([&](caf::event_based_actor* node) {
    AdminRelay relay(node);
    ask(relay, call_into(first), 7, node);
    ask(relay, call_into(second), 7, node);
    relay.on_reply({2, 409, ""});
    relay.on_reply({1, 200, ""});
    relay.on_reply({1, 500, ""});
    relay.on_reply({9, 500, ""});
    relay.on_gone(7);
    relay.tick(kStart + 2 * AdminRelay::kPatience);
  });
  CHECK(first == std::vector<std::uint32_t>{200});
  CHECK(second == std::vector<std::uint32_t>{409});
}

TEST_CASE("when the leader is lost what it may have done is not said again, and who asked is told") {
  std::vector<std::uint32_t> lost;
  std::vector<std::uint32_t> other;
  in_actor([&](caf::event_based_actor* node) {
    AdminRelay relay(node);
    ask(relay, call_into(lost, "POST"), 7, node);
    ask(relay, call_into(other, "POST"), 8, node);
    relay.on_gone(7);
    CHECK(relay.take_held().empty());
    relay.on_reply({1, 200, ""});
    relay.on_reply({2, 201, ""});
  });
  CHECK(lost == std::vector<std::uint32_t>{504});
  CHECK(other == std::vector<std::uint32_t>{201});
}

TEST_CASE("what only reads is asked again when the leader is lost") {
  std::vector<std::uint32_t> answers;
  in_actor([&](caf::event_based_actor* node) {
    AdminRelay relay(node);
    ask(relay, call_into(answers), 7, node);
    relay.on_gone(7);
    CHECK(answers.empty());
    relay.pass_to(8, caf::actor_cast<caf::actor>(node), kStart);
    relay.on_reply({1, 500, ""});  // of the one that was lost
    relay.on_reply({2, 200, ""});
  });
  CHECK(answers == std::vector<std::uint32_t>{200});
}

TEST_CASE("whatever a node refused because it leads no more is asked again") {
  std::vector<std::uint32_t> answers;
  in_actor([&](caf::event_based_actor* node) {
    AdminRelay relay(node);
    ask(relay, call_into(answers, "POST"), 7, node);
    relay.on_reply({1, 503, ""});
    CHECK(answers.empty());
    const auto held = relay.take_held();
    REQUIRE(held.size() == 1);
    held.front()->answer(202, "");
  });
  CHECK(answers == std::vector<std::uint32_t>{202});
}

TEST_CASE("a request waits for a leader, and not for ever") {
  std::vector<std::uint32_t> answers;
  in_actor([&](caf::event_based_actor* node) {
    AdminRelay relay(node);
    relay.hold(call_into(answers), kStart);
    relay.tick(kStart + (AdminRelay::kPatience - Duration(1)));
    CHECK(answers.empty());
    relay.tick(kStart + AdminRelay::kPatience);
    CHECK(relay.take_held().empty());
  });
  CHECK(answers == std::vector<std::uint32_t>{503});
}

TEST_CASE("a request that is refused again and again, as nobody leads, is answered and not done later") {
  std::vector<std::uint32_t> answers;
  in_actor([&](caf::event_based_actor* node) {
    AdminRelay relay(node);
    ask(relay, call_into(answers, "POST"), 7, node);
    relay.on_reply({1, 503, ""});
    relay.pass_to(7, caf::actor_cast<caf::actor>(node), kStart + (AdminRelay::kPatience - Duration(1)));
    relay.on_reply({2, 503, ""});
    CHECK(answers.empty());
    relay.pass_to(7, caf::actor_cast<caf::actor>(node), kStart + AdminRelay::kPatience);
    relay.on_reply({3, 201, ""});
    CHECK(relay.take_held().empty());
  });
  CHECK(answers == std::vector<std::uint32_t>{503});
}
