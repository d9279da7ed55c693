// Whether a job can be made of a bundle and options is found out when it is submitted, and not when all nodes have fetched it. The
// job's code may do anything, so a process of its own looks.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/node/api_types.hpp>

namespace weir {

struct CheckedJob {
  std::vector<std::string> writes;  // files, as output_files.hpp names them
};

/// Runs `weir worker --describe`. The Error is what that says is wrong, in one line. Blocks.
Result<CheckedJob> check_job(const std::string& program, const std::filesystem::path& bundle, const api::SubmitRequest& request);

}  // namespace weir
