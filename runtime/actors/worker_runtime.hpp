// A worker's actors behind a plain function.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <weir/actors/actor_process_options.hpp>
#include <weir/actors/hang_guard.hpp>
#include <weir/base/result.hpp>
#include <weir/graph/plan.hpp>
#include <weir/wire/control.hpp>

namespace weir {

struct WorkerRuntimeOptions {
  std::uint64_t job = 0;
  std::uint64_t attempt = 0;
  std::string node;             // the daemon's address
  ActorProcessOptions process;
  Duration hang_timeout{30'000};  // for a call of the job's code; 0: none
  HangGuard::Hung hung;           // what to do about one
  /// Loads the job's code and plans it.
  std::function<Result<std::shared_ptr<const Plan>>(const wire::Assign&)> load;
};

/// Runs tasks for the daemon until that goes away. Usually it ends this process before. An Error when it cannot be reached.
Result<void> run_worker(WorkerRuntimeOptions options);

}  // namespace weir
