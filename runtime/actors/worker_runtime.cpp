#include <weir/actors/worker_runtime.hpp>

#include <cstdlib>
#include <future>

#include <caf/all.hpp>

#include <weir/actors/actor_process.hpp>
#include <weir/actors/worker_actor.hpp>
#include <weir/base/clock.hpp>

namespace weir {

Result<void> run_worker(WorkerRuntimeOptions options) {
  const SystemClock clock;
  ActorProcessConfig config(options.process);
  caf::actor_system system(config);
  auto node = connect_to(system, options.node, options.process.encryption());
  if (!node) return node.error();
  std::promise<void> ended;
  WorkerOptions worker{options.job, options.attempt, std::move(*node), options.process.encryption(), &clock, std::move(options.load),
                       [&ended] { ended.set_value(); }};
  system.spawn(worker_actor, std::move(worker));
  ended.get_future().wait();
  // What its tasks are at is of no use to anyone, and waiting for them could take for ever.
  std::_Exit(0);
}

}  // namespace weir
