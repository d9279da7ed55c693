#include "support/operator_driver.hpp"

#include <map>

namespace weir::testing {
namespace {

StateScope scope_of(const DriverOptions& options) {
  return {"operator", options.task, options.parallelism,
          {groups_of_task(options.task, options.parallelism, kDefaultKeyGroups), kDefaultKeyGroups}, true};
}

/// Lists hold no deltas: the last one of each old task counts.
std::vector<StateChunk> restored_chunks(const std::vector<TaskSnapshot>& stored) {
  std::map<std::pair<std::uint32_t, std::string>, const TaskSnapshot*> last;
  for (const TaskSnapshot& snapshot : stored) {
    for (const StateChunk& chunk : snapshot.chunks) last[{snapshot.task, chunk.table}] = &snapshot;
  }
  std::vector<StateChunk> chunks;
  for (const TaskSnapshot& snapshot : stored) {
    for (const StateChunk& chunk : snapshot.chunks) {
      const bool list = chunk.kind == ChunkKind::Split || chunk.kind == ChunkKind::Union;
      if (list && last[{snapshot.task, chunk.table}] != &snapshot) continue;
      chunks.push_back({chunk.table, chunk.kind, chunk.schema, chunk.block.copy()});
    }
  }
  return chunks;
}

}  // namespace

OperatorDriver::OperatorDriver(const OperatorFactory& make, const DriverOptions& options, const std::vector<TaskSnapshot>& stored)
    : options_(options),
      random_(options.seed),
      state_(scope_of(options), restored_chunks(stored)),
      operator_(make()),
      watermark_(options.watermark),
      now_{options.now_ms} {
  operator_->open(*this);
}

Progress OperatorDriver::step_watermark(EventTime time) {
  watermark_ = time;
  return operator_->on_watermark(time);
}

Progress OperatorDriver::step_clock(std::int64_t now_ms) {
  now_ = {now_ms};
  if (!wake_ || *wake_ > now_) return Progress::Done;
  wake_.reset();
  const Progress progress = operator_->on_processing_time(now_);
  if (progress == Progress::More) wake_ = now_;
  return progress;
}

TaskSnapshot OperatorDriver::snapshot(SnapshotMode mode) {
  TaskSnapshot snapshot{options_.task, options_.parallelism, {}};
  operator_->before_snapshot(1);
  state_.freeze(mode);
  while (!state_.write_some(7, [&](StateChunk chunk) { snapshot.chunks.push_back(std::move(chunk)); })) {
  }
  return snapshot;
}

}  // namespace weir::testing
