// Nodes should be configured alike, so that what starts them need not know which of them comes first, now or after a loss. Still
// one of them has to begin the cluster, once, and none may begin a second one beside a cluster that lives on:
//
//   the node that its own --join names first, once all others named there have said that they belong to no cluster
//
// A node that lost its data hears from the others of their cluster, and joins that. While one of those named is silent nobody
// begins anything: it may be the one that remembers. So a second cluster takes the loss of the data of every node that is named.
//
// A value. Addresses are compared as they are written: those that nodes are named by are those that they listen at.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <weir/coordination/cluster_node.hpp>

namespace weir {

class Founders {
 public:
  /// This node's address, and the list that it was given.
  Founders(std::string self, std::vector<std::string> named) : self_(std::move(self)), named_(std::move(named)) {}

  /// Whether it is this node that is to begin the cluster, should there be none.
  bool begins_here() const { return !named_.empty() && named_.front() == self_; }

  /// What a node says of itself, on a connection that lasts until it is lost. An empty cluster: it belongs to none.
  void heard(ClusterNodeId node, const std::string& address, const std::string& cluster);
  void lost(ClusterNodeId node) { without_cluster_.erase(node); }

  /// Those named, but for this one, that have not said that they belong to no cluster.
  std::vector<std::string> awaited() const;
  bool may_begin() const { return begins_here() && awaited().empty(); }

 private:
  std::string self_;
  std::vector<std::string> named_;
  std::map<ClusterNodeId, std::string> without_cluster_;  // their addresses
};

}  // namespace weir
