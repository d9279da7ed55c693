// Requests that are passed to the leader are answered once, whatever becomes of it.
#include <doctest/doctest.h>

#include <functional>
#include <vector>

#include <caf/all.hpp>

#include <weir/actors/admin_relay.hpp>

using namespace weir;

namespace {

/// Runs `act` as a part of an actor.
void in_actor(const std::function<void(caf::event_based_actor*)>& act) {
  caf::actor_system_config config;
  caf::actor_system system(config);
  caf::scoped_actor self(system);
  using Act = std::function<void(caf::event_based_actor*)>;
  self->wait_for(system.spawn([](caf::event_based_actor* node, const Act* what) { (*what)(node); }, &act));
}

std::shared_ptr<AdminCall> call_into(std::vector<std::uint32_t>& answers) {
  return std::make_shared<AdminCall>(AdminCall{"GET", "/jobs", "", [&answers](std::uint32_t status, const std::string&) { answers.push_back(status); }});
}

}  // namespace

TEST_CASE("the leader's answer goes to who asked, once") {
  std::vector<std::uint32_t> first;
  std::vector<std::uint32_t> second;
  in_actor([&](caf::event_based_actor* node) {
    AdminRelay relay(node);
    relay.ask(call_into(first), 7, caf::actor_cast<caf::actor>(node));
    relay.ask(call_into(second), 7, caf::actor_cast<caf::actor>(node));
    relay.on_reply({2, 409, ""});
    relay.on_reply({1, 200, ""});
    relay.on_reply({1, 500, ""});
    relay.on_reply({9, 500, ""});
    relay.on_gone(7);
  });
  CHECK(first == std::vector<std::uint32_t>{200});
  CHECK(second == std::vector<std::uint32_t>{409});
}

TEST_CASE("when the leader is lost those who wait are told, and nobody else") {
  std::vector<std::uint32_t> lost;
  std::vector<std::uint32_t> other;
  in_actor([&](caf::event_based_actor* node) {
    AdminRelay relay(node);
    relay.ask(call_into(lost), 7, caf::actor_cast<caf::actor>(node));
    relay.ask(call_into(other), 8, caf::actor_cast<caf::actor>(node));
    relay.on_gone(7);
    relay.on_reply({1, 200, ""});
    relay.on_reply({2, 201, ""});
  });
  CHECK(lost == std::vector<std::uint32_t>{503});
  CHECK(other == std::vector<std::uint32_t>{201});
}
