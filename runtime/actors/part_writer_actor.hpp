// A worker's checkpoint writer. The parts of its tasks' checkpoints go to the store of its node, which keeps them with as many
// other nodes as the job wants before it says that they are durable; then the leader is told what each task has stored.
// It takes the same messages from tasks as the embedded engine's writer (writer_actor.hpp).
//
//   StoreChunk* SnapshotDone -> StoreParts … PartsStored -> TaskStored      by task
//                                         \ an error    -> StoringFailed, and what follows for the checkpoint is dropped
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>

#include <weir/graph/plan.hpp>

namespace weir {

struct PartWriterOptions {
  std::uint64_t job = 0;
  std::uint64_t attempt = 0;
  std::shared_ptr<const Plan> plan;
  std::size_t local_tasks = 0;           // of the plan's tasks, on this worker
  caf::actor node;                       // the daemon's
};

namespace message {

/// To the writer, which sends nothing of the checkpoint before: which nodes store its parts.
struct Keepers {
  CheckpointId checkpoint;
  std::vector<std::uint64_t> nodes;
};

}  // namespace message

caf::behavior part_writer_actor(caf::event_based_actor* self, PartWriterOptions options);

}  // namespace weir

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Keepers)
