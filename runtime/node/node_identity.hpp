// Who a node is must outlive its process, so it stands in the node's data directory: its id, drawn once, and its last
// incarnation: each life of it has a higher one, the time at which it began. Which cluster it belongs to, its log knows.
//
//   DIR/identity := "weir node" id:16 hex incarnation      one line, replaced as a whole
//   DIR/lock                                               held by the node that runs
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <weir/base/result.hpp>
#include <weir/coordination/cluster_node.hpp>
#include <weir/state/store_lock.hpp>

namespace weir {

struct NodeIdentity {
  ClusterNodeId id = 0;
  std::uint64_t incarnation = 0;

  friend bool operator==(const NodeIdentity&, const NodeIdentity&) = default;
};

/// Makes a data directory, if there is none, and keeps it to this node for as long as the lock is held. To be done before all else
/// with it: two nodes of one identity would undo each other's work. Fails when another node has it, and says what to do then.
Result<std::unique_ptr<StoreLock>> claim_data_directory(const std::filesystem::path& data);

/// Reads the identity in a data directory, or draws one, and begins a new incarnation. Fails when the directory cannot be
/// written, or the file is damaged: then it says what to do.
Result<NodeIdentity> begin_incarnation(const std::filesystem::path& data);

}  // namespace weir
