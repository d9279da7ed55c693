// The files that a job's sinks write: what they are called by one name each, and that no two sinks of the job write the same one
// nor any a file that the job reads. Whether another job writes them is for those to say who know of other jobs (output_claims.hpp,
// coordination/cluster_state.hpp).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <weir/graph/job_graph.hpp>

namespace weir {

/// One name for all names of a file, whether it exists yet or not, but for hard links that do not exist yet.
std::filesystem::path one_name(const std::filesystem::path& path);

/// Those of all sinks. Throws Failure naming the first sink whose file is another sink's, or among the input.
std::vector<std::string> output_files(const JobGraph& graph);

}  // namespace weir
