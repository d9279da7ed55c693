// One job in one thread: real tasks, a real plan, the real checkpoint coordinator and restore, and a scheduler that a seed
// drives. Messages arrive late and interleaved in any order, first in first out on each channel; the clock jumps;
// checkpoints start, are given up, overtake; everything is killed and restored, at the same parallelism or another.
//
// A task runs only when something happened to it, as its actor would, so that a lost wake-up shows as a standstill.
#pragma once

#include <cstdint>
#include <string>

namespace weir::sim {

struct SimResult {
  std::string fault;  // empty: everything came out as it must
  std::uint64_t steps = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t in_flight = 0;  // chunks of channel state in complete checkpoints
  std::uint64_t kills = 0;
  std::uint64_t rescaled = 0;
  std::uint64_t results = 0;  // records that sinks published
};

/// Never throws: what the engine throws is a fault.
SimResult simulate(std::uint64_t seed);

}  // namespace weir::sim
