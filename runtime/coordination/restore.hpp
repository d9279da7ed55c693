// A checkpoint was written by the tasks of one plan and is read by those of another, whose parallelism may differ. This
// component deals the stored chunks out: which task gets which state, and which channel gets which elements that an
// overtaking barrier left behind. Pure; the same plan and the same checkpoint give the same result.
//
//   keyed            those of every old task whose key groups overlap: with unchanged parallelism, a task's own
//   Split            with unchanged parallelism a task's own, as ChunkKind::Own; otherwise all to all, and each list takes its
//                    share of the items itself
//   Union            all to all
//   in flight        stored at the receiver as "in:<edge>:<sender>:<receiver>", at the sender as "out:…"; what the receiver
//                    had comes first. Unchanged parallelism of both: to the same channel; otherwise the batches are
//                    routed again, as if the sender with the old one's index modulo the number of senders sent them.
//   watermarks       those in flight, and each task's own, are only good where nothing changed; otherwise the ones in flight
//                    are dropped and a vertex continues from the least of its tasks'.
//
// A forward edge that carried records in flight may be fused away by the new parallelism: its records then go to the operator
// behind it, before all others. What a change of parallelism does not keep is the order of a key's records across records in
// flight on edges that are not keyed: a savepoint, which has none, keeps it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <weir/graph/plan.hpp>
#include <weir/state/table.hpp>

namespace weir {

/// What one task of an operator stored.
struct StoredTask {
  std::uint32_t task = 0;
  std::vector<StateChunk> chunks;  // oldest first, in the order in which to apply them
};

struct StoredOperator {
  std::uint32_t parallelism = 1;
  std::vector<StoredTask> tasks;
};

/// What a checkpoint holds of a job.
struct StoredJob {
  std::uint32_t key_groups = kDefaultKeyGroups;
  std::map<std::string, StoredOperator> operators;  // by name
};

/// What one task of the plan starts with.
struct RestoredTask {
  std::vector<std::vector<StateChunk>> nodes;  // TaskNode::restored of each
  std::vector<std::vector<Element>> inputs;    // TaskInput::restored of each
};

/// One RestoredTask for every task of the plan. Throws Failure, before anything has started, when the job lacks an operator
/// that has state or an edge that has records in flight, or has another number of key groups.
std::vector<RestoredTask> restore_tasks(const Plan& plan, const StoredJob& stored);

}  // namespace weir
