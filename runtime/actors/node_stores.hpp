// A node's stores, one for each job of which it keeps parts of checkpoints (store_actor.hpp): made when the first message for one
// comes, and let go when the job is forgotten. One whose job has ended stays, with nothing open: what is read of it then is
// read by the same store, since two must not have one directory open.
//
// Part of the node's actor, whose thread it uses.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>

#include <weir/actors/remote_messages.hpp>
#include <weir/actors/store_actor.hpp>
#include <weir/base/serial_thread.hpp>
#include <weir/wire/cluster_messages.hpp>

namespace weir {

struct NodeStoresOptions {
  ClusterNodeId self = 0;
  std::filesystem::path directory;  // of all stores; each has one below it, named by its job's number
  std::uint64_t limit_bytes = 0;    // the most that one may take; 0: what the disk holds
  SerialThread* disk = nullptr;     // outlives the stores
};

class NodeStores {
 public:
  /// Removes what the life before left of savepoints that it did not come to finish.
  NodeStores(caf::event_based_actor* node, NodeStoresOptions options);

  /// To the store of the packet's job, as from `sender`, which gets the answer.
  void pass_on(const message::Packet& packet, const caf::strong_actor_ptr& sender);
  /// Stores of jobs that were forgotten, also while this node was away, are removed.
  void forget_others(const wire::KnownJobs& known);
  /// Other nodes came or went.
  void meet(const NodeActors& others);

 private:
  const caf::actor& store_of(JobId job);

  caf::event_based_actor* node_;
  NodeStoresOptions options_;
  std::shared_ptr<const NodeActors> others_ = std::make_shared<const NodeActors>();
  std::map<JobId, caf::actor> stores_;
};

}  // namespace weir
