// A daemon does not load code that it does not know; where it wants to know something of it, it has another process look. Runs a
// program to its end, within bounds, and returns what it said.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/node/child_process.hpp>

namespace weir {

struct ProgramRun {
  int status = 0;      // of its exit; 128 + signal when one ended it; kNotStarted when there is no such program
  int signal = 0;      // that ended it; 0: none
  std::string output;  // of standard output and standard error together; the first MiB
};

struct ProgramLimits {
  std::chrono::milliseconds time;
  std::uint64_t memory_bytes = 0;  // 0: no limit
};

/// Fails when there can be no process, or it has not ended in time; it is killed then. Any thread. It dies with the thread that calls.
Result<ProgramRun> run_program(const std::vector<std::string>& command, const ProgramLimits& limits);

}  // namespace weir
