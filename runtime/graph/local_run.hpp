// Runs a pipeline in this process from its first record to its last: what tests do, and programs with a main of their own.
// The node layer implements it; it is declared here so that pipelines need nothing above the graph.
#pragma once

#include <cstdint>
#include <optional>

#include <weir/base/time.hpp>
#include <weir/graph/job_graph.hpp>

namespace weir {

struct LocalRun {
  std::uint32_t parallelism = 1;   // tasks per operator
  std::uint32_t threads = 0;       // worker threads; 0: one per core
  std::uint32_t attempts = 1;      // tries at what fails before the run does; each begins at the beginning
  std::optional<Duration> limit = 60s;  // after which a run that has not ended fails; empty: it may take for ever
};

/// Returns when every source has ended and every sink has everything. Keeps no checkpoints. Throws Failure when the job fails,
/// with its message, when it takes longer than the limit, and when the graph is faulty.
void run_locally(JobGraph graph, const LocalRun& options);

}  // namespace weir
