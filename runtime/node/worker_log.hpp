// What a node's worker of a job wrote last, from its log file: DIR/<job>-<attempt>.log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/coordination/cluster_state.hpp>

namespace weir {

struct WorkerLog {
  std::uint64_t attempt = 0;
  std::vector<std::string> lines;  // oldest first
};

/// The last lines of a job's attempt, or of the newest that has a log; nothing when there is none. No more than the last MiB is
/// read, and of a line no more than its first 4000 bytes are given.
std::optional<WorkerLog> read_worker_log(const std::filesystem::path& directory, JobId job, std::optional<std::uint64_t> attempt, std::size_t most_lines);

}  // namespace weir
