// What a node's workers of a job wrote last, from their log files, DIR/<job>-<attempt>.log and the .log.old before each, and how they
// ended, from DIR/<job>-<attempt>.end. When a worker crashes the next attempt begins a log of its own, with nothing in it yet, so the
// lines of older attempts are looked for, too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include <weir/coordination/cluster_state.hpp>
#include <weir/wire/cluster_messages.hpp>

namespace weir {

/// The most that is read for one request, whatever is wanted.
inline constexpr std::uint32_t kMostLogLines = 10'000;
inline constexpr std::uint64_t kMostLogBytes = 1 << 20;  // each line counts some for itself

/// The last lines of a job's workers by attempt, the newest last: of the attempt that is wanted, or of the newest that has a log
/// and, where it has fewer lines than are wanted, of those before it. Nothing when there is none. Of a line no more than its first
/// 4000 bytes are given.
std::vector<wire::WorkerLog> read_worker_logs(const std::filesystem::path& directory, JobId job,
                                              const wire::ReadWorkerLogs& wanted);

}  // namespace weir
