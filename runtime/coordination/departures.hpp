// Nodes that are to end, as one job sees them. A node keeps copies of checkpoints, and the last full one's may be the only other ones
// there are: so the job takes a full checkpoint of which it keeps nothing, and once that is complete it can do without the node. Pure.
//
//   began(c, full, keepers, leaving) -> completed(c): all of `leaving` that keep nothing of c are released
//   began(c, ..., keepers, ...): who keeps something again is not released any more
#pragma once

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include <weir/coordination/cluster_node.hpp>
#include <weir/dataflow/element.hpp>

namespace weir {

class Departures {
 public:
  /// `keepers`: among them are all nodes that get copies of it.
  void began(CheckpointId checkpoint, bool full, const std::set<ClusterNodeId>& keepers, const std::set<ClusterNodeId>& leaving) {
    for (const ClusterNodeId node : keepers) released_.erase(node);
    if (!full) return;
    std::set<ClusterNodeId>& spared = spared_[checkpoint];
    std::set_difference(leaving.begin(), leaving.end(), keepers.begin(), keepers.end(), std::inserter(spared, spared.end()));
  }

  void completed(CheckpointId checkpoint) {
    const auto full = spared_.find(checkpoint);
    if (full == spared_.end()) return;
    released_ = full->second;
    spared_.erase(spared_.begin(), std::next(full));
  }

  bool released(ClusterNodeId node) const { return released_.contains(node); }
  bool all_released(const std::set<ClusterNodeId>& leaving) const {
    return std::includes(released_.begin(), released_.end(), leaving.begin(), leaving.end());
  }

 private:
  std::map<CheckpointId, std::set<ClusterNodeId>> spared_;  // of full checkpoints under way: nodes that are to end and keep nothing of it
  std::set<ClusterNodeId> released_;
};

}  // namespace weir
