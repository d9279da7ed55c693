// The machine's own load as a live source: every interval how busy its processors were since the last sample, and how much
// of its memory is in use, from Linux's /proc.
//
// Guarantee: not replayable. A job that restarts goes on with new samples; those taken since its last checkpoint are gone,
// those of the time in between were never taken.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <weir/dataflow/source.hpp>

namespace weir {

struct SystemSample {
  std::string host;
  double cpu = 0;  // busy share of all processors since the last sample, 0 to 1
  std::int64_t memory_used_bytes = 0;
  std::int64_t memory_total_bytes = 0;
  EventTime at;
};
WEIR_RECORD(SystemSample, host, cpu, memory_used_bytes, memory_total_bytes, at);

/// Time that all processors together spent since the machine started, in ticks.
struct CpuTicks {
  std::uint64_t busy = 0;
  std::uint64_t total = 0;
  friend bool operator==(const CpuTicks&, const CpuTicks&) = default;
};

struct MemoryUse {
  std::int64_t used_bytes = 0;  // what is not available to programs
  std::int64_t total_bytes = 0;
  friend bool operator==(const MemoryUse&, const MemoryUse&) = default;
};

/// Reads the text of /proc/stat: its line "cpu". Waiting for a disk is not busy; a guest's time is in its host's.
Result<CpuTicks> parse_cpu_ticks(std::string_view proc_stat);

/// Reads the text of /proc/meminfo: MemTotal and MemAvailable.
Result<MemoryUse> parse_memory(std::string_view proc_meminfo);

/// The busy share between two readings; 0 where no time has passed.
double busy_share(const CpuTicks& before, const CpuTicks& after);

struct SystemStats {
  using Record = SystemSample;
  static constexpr bool has_event_time = false;

  Duration every{1000};
  std::optional<std::int64_t> samples = {};  // after which the source ends; empty: never
  std::string host = {};                     // empty: the machine's name
  std::string proc = "/proc";

  std::unique_ptr<Source<SystemSample>> make() const;
};

}  // namespace weir
