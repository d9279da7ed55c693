// A file sink that runs in a worker of a cluster holds the lock on what it writes (graph/output_lock.hpp): a program on the same
// machine that writes the same file would destroy the job's rows, and the job the program's. For the sinks of a job that has its
// process to itself the program holds it, so that they hold none.
//
// Given up with the checkpoint that the job ends with, with the lock's file, since a worker's process ends without destroying its sinks.
// A worker that is killed, and one that only publishes what another left, leave that file behind, which locks nothing. Between two
// attempts nobody holds the lock: who writes the file then is not refused, and the next attempt finds what it did (committed_file.hpp).
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include <weir/dataflow/operator.hpp>
#include <weir/graph/output_lock.hpp>

namespace weir {

class WorkerClaim {
 public:
  /// Throws PermanentFailure naming the file when a program writes it.
  void open(OperatorContext& context, const WrittenFiles& files) {
    context_ = &context;
    if (const auto job = context.attempt().job; job != 0) lock_ = OutputLock::of_worker(context.name(), files, job);
  }
  void before_snapshot(CheckpointId checkpoint) {
    last_ = context_->last_snapshot() ? std::optional(checkpoint) : std::nullopt;  // the job goes on when that one fails
  }
  /// All that the checkpoint covers is published.
  void on_complete(CheckpointId checkpoint) {
    if (lock_ && last_ && checkpoint >= *last_) std::exchange(lock_, nullptr)->remove();
  }

 private:
  OperatorContext* context_ = nullptr;
  std::unique_ptr<OutputLock> lock_;
  std::optional<CheckpointId> last_;
};

}  // namespace weir
