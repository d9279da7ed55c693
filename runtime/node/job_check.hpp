// Whether a job can be made of a bundle and options is found out when it is submitted, and not when all nodes have fetched it. The
// job's code may do anything, so a process of its own looks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/node/api_types.hpp>

namespace weir {

struct CheckedJob {
  std::vector<std::string> writes;  // files, as output_files.hpp names them
};

struct JobCheckOptions {
  std::string program;             // the binary `weir`
  std::uint64_t memory_bytes = 0;  // that the process may have, as a worker; 0: no limit
};

/// Runs `weir worker --describe`. The Error is what that says is wrong, or how it ended, in one line. Blocks.
Result<CheckedJob> check_job(const JobCheckOptions& options, const std::filesystem::path& bundle, const api::SubmitRequest& request);

}  // namespace weir
