// Runs a plan in this process from the command line: claims its output, opens the state directory, shows progress, stops on
// Ctrl-C after a last checkpoint, writes the savepoint, and reports the end in one line. A second Ctrl-C ends it at once. With a savepoint wanted, that last checkpoint is one:
// aligned, so that it holds no records in flight, and full.
#pragma once

#include <filesystem>

#include <weir/actors/embedded_job.hpp>
#include <weir/node/state_directory.hpp>

namespace weir {

struct RunOptions {
  PlanOptions plan;
  EmbeddedJobOptions job;
  std::filesystem::path state_dir;       // empty: no checkpoints
  std::uint64_t state_limit_bytes = StoreOptions{}.limit_bytes;
  StartMode start = StartMode::Start;
  std::filesystem::path from_savepoint;  // empty: none
  std::filesystem::path savepoint;       // where to write one at the end; empty: none
  std::filesystem::path stats;           // where to write figures; empty: nowhere
  bool quiet = false;
};

/// The exit status: 0 when the job finished, now or before, or was stopped; 1 when it failed. Throws Failure when state or output
/// cannot be used, or no savepoint could be written.
int run_embedded(Plan plan, RunOptions options);

}  // namespace weir
