// Who a node is must outlive its process, so it stands in the node's data directory: its id, drawn once, the cluster it belongs
// to, and how often it was started, which makes each life of it another incarnation.
//
//   DIR/identity := "weir node" id:16 hex incarnation cluster?      one line, replaced as a whole
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <weir/base/result.hpp>
#include <weir/coordination/cluster_node.hpp>

namespace weir {

struct NodeIdentity {
  ClusterNodeId id = 0;
  std::uint64_t incarnation = 0;
  std::string cluster;  // empty: none yet

  friend bool operator==(const NodeIdentity&, const NodeIdentity&) = default;
};

/// Reads the identity in a data directory, or draws one, and counts the incarnation up. Fails when the directory cannot be
/// written, or the file is damaged: then it says what to do.
Result<NodeIdentity> begin_incarnation(const std::filesystem::path& data);

Result<void> write_identity(const std::filesystem::path& data, const NodeIdentity& identity);

}  // namespace weir
