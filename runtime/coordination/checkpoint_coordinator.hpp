// Decides when a checkpoint starts, follows it until every task has stored its part, and says when it is complete.
// A pure state machine: what happened comes in as a call, what to do about it goes out as its result. At most one checkpoint is
// under way. Times are compared with each other only, so they may be readings of any clock that does not step.
//
//   Idle -> Storing (triggered) -> Committing (all parts stored) -> Idle (complete)
//                |                      |
//                +---- abandoned -------+     by timeout or a failed write; the job goes on. A commit has no timeout
//                +---- forgotten -------+     by stop(): what belongs to a dead attempt never becomes a checkpoint
//
// Deltas: a barrier names its parent, the last complete checkpoint; a task that froze for it stores only what changed
// since. When the deltas of a chain outweigh its full part, or the chain is long, the next barrier asks for full ones.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <weir/dataflow/element.hpp>
#include <weir/graph/job_shape.hpp>
#include <weir/state/manifest.hpp>

namespace weir {

struct CheckpointOptions {
  std::optional<Duration> interval;  // empty: only the last one, when the job ends
  Duration timeout{600'000};         // after which a checkpoint is given up
  std::uint32_t longest_chain = 16;  // deltas before a full one
};

/// What a task stored for a checkpoint, by operator.
struct StoredParts {
  SnapshotMode mode = SnapshotMode::Full;
  std::map<NodeId, std::vector<PartReference>> parts;
};

/// A manifest to commit; whoever does it fills in the time.
struct CommitRequest {
  Manifest manifest;
};

class CheckpointCoordinator {
 public:
  CheckpointCoordinator(const JobShape& shape, CheckpointOptions options, std::string weir_version);

  /// All tasks run; `newest` is the checkpoint they were restored from, 0 for none.
  void start(CheckpointId newest, std::uint64_t attempt, ProcessingTime now);
  /// Numbers up to this one are given to no checkpoint any more.
  void skip_to(CheckpointId used) { last_id_ = std::max(last_id_, used); }
  /// The next checkpoint builds on none: what its parents left may be lost.
  void require_full() { full_required_ = true; }
  /// The attempt is over, or its last checkpoint is complete.
  void stop();

  /// The barrier to trigger on every task, when one is due.
  std::optional<Barrier> tick(ProcessingTime now);
  /// The same at once, whatever the interval; empty while one is under way.
  std::optional<Barrier> trigger(Barrier::Mode mode, ProcessingTime now, Barrier::Afterwards afterwards = Barrier::Afterwards::GoOn);
  /// The checkpoint to give up because it takes too long.
  std::optional<CheckpointId> expire(ProcessingTime now);

  /// A task has stored its part. The manifest to commit when it was the last one; said again it is empty.
  std::optional<CommitRequest> stored(std::uint32_t task, CheckpointId checkpoint, StoredParts parts);
  /// The manifest is durable. True when the checkpoint is thereby complete.
  bool committed(CheckpointId checkpoint, ProcessingTime now);
  void abandon(CheckpointId checkpoint);

  /// The highest number given to a checkpoint so far.
  CheckpointId newest_used() const { return last_id_; }
  std::optional<CheckpointId> under_way() const { return pending_ ? std::optional(pending_->barrier.checkpoint) : std::nullopt; }
  /// When to call tick or expire next; empty: not before the next other call.
  std::optional<ProcessingTime> next_event() const;

 private:
  struct Pending {
    Barrier barrier;
    ProcessingTime since;
    std::map<std::uint32_t, StoredParts> stored;
    bool committing = false;
  };
  /// The parts of an operator's task that a restore needs, oldest first.
  using Chains = std::map<std::pair<std::uint32_t, NodeId>, std::vector<PartReference>>;

  Chains extended_chains() const;
  bool wants_full() const;
  Manifest make_manifest(const Chains& chains) const;

  const JobShape& shape_;  // outlives the coordinator
  CheckpointOptions options_;
  std::string weir_version_;
  bool running_ = false;
  std::uint64_t attempt_ = 0;
  CheckpointId last_id_ = 0;
  CheckpointId complete_ = 0;
  bool full_required_ = false;
  bool parent_usable_ = false;  // whether tasks of this attempt froze for complete_
  std::optional<ProcessingTime> due_;
  std::optional<Pending> pending_;
  Chains chains_;               // of complete_
  Chains next_chains_;          // of the checkpoint being committed
  std::uint32_t chain_length_ = 0;
};

}  // namespace weir
