// The files that a job's sinks write: what they are called by one name each, and that no two sinks of the job write the same one
// nor any a file that the job reads. Whether another job writes them is for those to say who know of other jobs (output_claims.hpp,
// coordination/cluster_state.hpp).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <weir/graph/job_graph.hpp>

namespace weir {

/// Those of all sinks, by one name each. Throws Failure naming the first sink whose file is another sink's, or among the input.
std::vector<std::string> output_files(const JobGraph& graph);

/// Throws Failure when a file that the command line names, the value of an option, is among the job's input or output.
void require_own_file(const JobGraph& graph, const std::string& option, const std::filesystem::path& path);

}  // namespace weir
