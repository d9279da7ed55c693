// What a worker's process does: it loads its job's bundle and runs the tasks that its daemon has for it. When the job's code
// crashes, the operator that ran and a backtrace are the last it prints, for its daemon to pass on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <weir/actors/actor_process_options.hpp>

namespace weir {

struct WorkerProcessOptions {
  std::uint64_t job = 0;
  std::uint64_t attempt = 0;
  std::string node;             // the daemon's address
  ActorProcessOptions process;
  Duration hang_timeout{30'000};  // for a call of the job's code; 0: none
};

/// Begins the line in which a worker says of itself why it ends.
inline constexpr std::string_view kLastWords = "weir worker: error: ";

/// Returns the exit status.
int run_worker_process(const WorkerProcessOptions& options);

}  // namespace weir
