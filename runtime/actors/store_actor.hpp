// A node's share of the checkpoints of one job: what its workers store, and copies of what others do. It answers whoever asked, a
// worker or another node's store. The disk blocks, so what concerns it is done on the node's thread for that, in the order in
// which it was asked.
//
//   StoreParts   written where it says, here and on other nodes; PartsStored once all of it is durable everywhere
//   ReadParts    what is here; for a worker also what other nodes have, all of whom are asked for what is missing
//   KeepParts    the checkpoint is complete: what is here of it is kept, older ones are dropped
//   RewindParts  an attempt begins: what older ones still store is refused, and what came after its checkpoint dropped
//   ExportSavepoint  all parts of a checkpoint, from wherever they are, are written as a savepoint; SavepointWritten
//   CloseParts   the job has ended: nothing is open any more, until it is read, and all of it stays
//   ForgetParts  the job was forgotten: all of it is deleted
//
// A full or failing disk fails the request. Other nodes come and go; a request that waits for one that goes fails.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>

#include <weir/base/serial_thread.hpp>
#include <weir/coordination/cluster_state.hpp>

namespace weir {

/// The actors of the other nodes that are up.
using NodeActors = std::map<ClusterNodeId, caf::actor>;

/// Of the directory beside a store's in which a savepoint is gathered.
constexpr const char* kExportExtension = ".savepoint";

struct StoreActorOptions {
  ClusterNodeId node = 0;        // this one
  JobId job = 0;
  std::filesystem::path directory;
  std::uint64_t limit_bytes = 0; // the most that it may take; 0: what the disk holds
  SerialThread* disk = nullptr;  // outlives the actor
  std::shared_ptr<const NodeActors> others;
};

namespace message {

/// To a store: who else is up now.
struct OtherNodes {
  std::shared_ptr<const NodeActors> others;
};
/// To a store: nobody wants any of it any more.
struct ForgetParts {};

}  // namespace message

caf::behavior store_actor(caf::event_based_actor* self, StoreActorOptions options);

}  // namespace weir

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::OtherNodes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::ForgetParts)
