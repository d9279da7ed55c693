// What a running job shows to the outside without being asked: counters that tasks write and anyone reads. One cell per
// task, atomics only; a reader sees each value whole, not all at one moment.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include <weir/actors/hang_guard.hpp>
#include <weir/base/time.hpp>

namespace weir {

struct TaskCell {
  CallCell call;  // of the task
  std::atomic<std::uint64_t> records_in{0};
  std::atomic<std::uint64_t> records_out{0};
  std::atomic<std::uint64_t> records_read{0};     // by a source
  std::atomic<std::uint64_t> records_written{0};  // by sinks
  std::atomic<std::uint64_t> records_dropped{0};  // on outputs that nobody reads
  std::atomic<std::uint64_t> busy_ns{0};
  std::atomic<std::uint64_t> snapshot_ns{0};
  std::atomic<std::uint64_t> longest_pause_ns{0};
  std::atomic<std::uint64_t> state_bytes{0};
  std::atomic<std::int64_t> watermark_ms{EventTime::min().ms};
  std::atomic<bool> blocked{false};
};

struct JobBoard {
  explicit JobBoard(std::size_t task_count) : tasks(std::make_unique<TaskCell[]>(task_count)), task_count(task_count) {}

  std::unique_ptr<TaskCell[]> tasks;
  std::size_t task_count;
  std::atomic<std::uint64_t> checkpoints{0};      // completed in this run
  std::atomic<std::uint64_t> last_checkpoint{0};  // its id
  std::atomic<std::int64_t> last_checkpoint_ms{0};  // how long it took
  std::atomic<std::uint64_t> restarts{0};
};

}  // namespace weir
