// The checkpoint writer: a detached actor, since storing blocks. Tasks send it their chunks as they come; it packs them,
// writes them in transactions of some tens of MiB, and tells the job when all that a task sent for a checkpoint is
// durable. It owns the store.
//
//   Begin -> NewestRead                          the store now ends with the checkpoint that was read
//   StoreChunk* SnapshotDone -> Stored           by task; a task learns when a chunk waits no more, so that few do
//   Commit -> Committed
//   any of these -> StoreFailed -> GiveUp        what was written for the checkpoint is dropped
#pragma once

#include <memory>

#include <caf/event_based_actor.hpp>

#include <weir/graph/plan.hpp>
#include <weir/state/checkpoint_store.hpp>

namespace weir {

struct WriterOptions {
  std::shared_ptr<CheckpointStore> store;  // used by this actor alone while tasks run
  const Plan* plan = nullptr;              // outlives the actor
  std::size_t retained = 2;                // complete checkpoints to keep
};

caf::behavior writer_actor(caf::event_based_actor* self, WriterOptions options);

}  // namespace weir
