// A full disk stays full for a while, and others have room: nodes whose disks failed lately keep no copies. Pure.
#pragma once

#include <map>
#include <set>

#include <weir/base/time.hpp>
#include <weir/coordination/cluster_node.hpp>

namespace weir {

class FailedDisks {
 public:
  void failed(ClusterNodeId node, ProcessingTime now) { when_[node] = now; }

  /// Those of `nodes` whose disks may do; all of them when none may.
  std::set<ClusterNodeId> usable(const std::set<ClusterNodeId>& nodes, ProcessingTime now) const {
    std::set<ClusterNodeId> usable;
    for (const ClusterNodeId node : nodes) {
      const auto failed = when_.find(node);
      if (failed == when_.end() || now - failed->second >= kLately) usable.insert(node);
    }
    return usable.empty() ? nodes : usable;
  }

 private:
  static constexpr Duration kLately{60'000};

  std::map<ClusterNodeId, ProcessingTime> when_;  // last
};

}  // namespace weir
