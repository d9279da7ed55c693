// A node's share of the checkpoints of one job: what its workers store, and copies of what others do. A detached actor, since
// disks block. It answers whoever asked, a worker or another node's store.
//
//   StoreParts   written here and, where it names other nodes, there; PartsStored once all of it is durable everywhere
//   ReadParts    what is here; for a worker also what other nodes have, all of whom are asked for what is missing
//   KeepParts    the checkpoint is complete: what is here of it is kept, older ones are dropped
//   RewindParts  an attempt begins: what older ones still store is refused, and what came after its checkpoint dropped
//   ForgetJob    all of it is deleted
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

#include <weir/coordination/cluster_state.hpp>

namespace weir {

/// The actors of the other nodes that are up.
using NodeActors = std::map<ClusterNodeId, caf::actor>;

struct StoreActorOptions {
  JobId job = 0;
  std::filesystem::path directory;
  std::shared_ptr<const NodeActors> others;
};

namespace message {

/// To a store: who else is up now.
struct OtherNodes {
  std::shared_ptr<const NodeActors> others;
};

}  // namespace message

caf::behavior store_actor(caf::event_based_actor* self, StoreActorOptions options);

}  // namespace weir

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::OtherNodes)
