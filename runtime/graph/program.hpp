// A job as a program: `./cpu_average --input f --parallelism 2 --state-dir d`. The node layer implements it; it is declared
// here so that pipelines need nothing above the graph.
#pragma once

#include <functional>
#include <string>

#include <weir/graph/job_graph.hpp>
#include <weir/graph/options.hpp>

namespace weir {

struct JobDefinition {
  std::string name;
  std::string summary;  // one line for --help
  std::function<JobGraph(const Options&)> build;
};

/// Runs the job as the command line says and returns the exit status: 0 finished or stopped, 1 failed, 2 misused. Prints one
/// line per error.
int run_program(int argc, char** argv, const JobDefinition& job);

}  // namespace weir
