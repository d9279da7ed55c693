// The root of a worker process: it runs the share of one attempt at one job that was placed on its node. Everything it is told
// comes from its node's daemon, with which it lives and dies; other workers of the attempt only open links to it.
//
//   WorkerHello -> Assign: load the job and plan it -> WorkerUp
//   Deploy: read state, link up with the other workers -> ReadyToOpen
//   Open: set up tasks -> TaskReady, once all links stand
//   Go, Trigger, Complete, GiveUp go to the tasks; what they say goes to the leader
//
// A worker does not try again: what goes wrong here ends the attempt, and with it this process.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>

#include <weir/actors/actor_network.hpp>
#include <weir/actors/hang_guard.hpp>
#include <weir/base/clock.hpp>
#include <weir/graph/plan.hpp>
#include <weir/wire/control.hpp>

namespace weir {

struct WorkerOptions {
  std::uint64_t job = 0;
  std::uint64_t attempt = 0;
  caf::actor node;                  // the daemon's actor
  ActorNetwork* network = nullptr;  // outlives the actors
  const Clock* clock = nullptr;     // outlives the actors
  Duration lease{3000};             // for how long the leader's word counts that the attempt still is the job's
  Duration hang_timeout{30'000};    // for a call of the job's code; 0: none
  HangGuard::Hung hung;
  /// Loads the job's code and plans it.
  std::function<Result<std::shared_ptr<const Plan>>(const wire::Assign&)> load;
  /// Called once: nothing is left to do, since the daemon is gone.
  std::function<void()> ended;
};

caf::behavior worker_actor(caf::event_based_actor* self, WorkerOptions options);

}  // namespace weir
