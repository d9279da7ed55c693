#include <weir/actors/worker_runtime.hpp>

#include <cstdlib>
#include <future>

#include <caf/all.hpp>

#include <weir/actors/actor_process.hpp>
#include <weir/actors/worker_actor.hpp>
#include <weir/base/clock.hpp>
#include <weir/coordination/membership.hpp>

namespace weir {

Result<void> run_worker(WorkerRuntimeOptions options) {
  const SystemClock clock;
  ActorProcessConfig config(options.process);
  caf::actor_system system(config);
  ActorNetwork network(system, options.process.encryption());
  auto node = network.connect(options.node);
  if (!node) return node.error();
  std::promise<void> ended;
  WorkerOptions worker;
  worker.job = options.job;
  worker.attempt = options.attempt;
  worker.node = std::move(*node);
  worker.network = &network;
  worker.clock = &clock;
  worker.lease = lease({.timeout = options.process.connection_timeout}, options.process.heartbeat);
  worker.hang_timeout = options.hang_timeout;
  worker.hung = std::move(options.hung);
  worker.load = std::move(options.load);
  worker.ended = [&ended] { ended.set_value(); };
  system.spawn(worker_actor, std::move(worker));
  ended.get_future().wait();
  // What its tasks are at is of no use to anyone, and waiting for them could take for ever.
  std::_Exit(0);
}

}  // namespace weir
