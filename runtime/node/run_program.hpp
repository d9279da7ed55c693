// A daemon does not load code that it does not know; where it wants to know something of it, it has another process look. Runs a
// program to its end, within bounds, and returns what it said.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <weir/base/result.hpp>

namespace weir {

struct ProgramRun {
  int status = 0;      // of its exit; 128 + signal when one ended it
  std::string output;  // of standard output and standard error together; the first MiB
};

/// Fails when it cannot be started, or has not ended by the limit; it is killed then. Any thread. It dies with the thread that calls.
Result<ProgramRun> run_program(const std::vector<std::string>& command, std::chrono::milliseconds limit);

}  // namespace weir
