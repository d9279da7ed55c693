// The workers of an attempt as its leader knows them: one on each node that has slots of it, from when the nodes are chosen until
// each is known to be gone. A worker's number is its place among them. A value.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <weir/coordination/cluster_node.hpp>

namespace weir {

struct AttemptWorker {
  ClusterNodeId node = 0;
  std::string address = {};  // of its data channels; empty until it is up
  bool gone = false;
};

class AttemptWorkers {
 public:
  AttemptWorkers() = default;
  /// `slots`: the node of each.
  explicit AttemptWorkers(const std::vector<ClusterNodeId>& slots) {
    for (const ClusterNodeId node : slots) {
      if (on(node) == nullptr) workers_.push_back({node});
    }
  }

  /// Null when there is none.
  AttemptWorker* on(ClusterNodeId node) {
    const auto found = std::find_if(workers_.begin(), workers_.end(), [&](const AttemptWorker& worker) { return worker.node == node; });
    return found == workers_.end() ? nullptr : &*found;
  }
  std::uint32_t number_on(ClusterNodeId node) { return static_cast<std::uint32_t>(on(node) - workers_.data()); }

  bool all_up() const {
    return std::none_of(workers_.begin(), workers_.end(), [](const AttemptWorker& worker) { return worker.address.empty(); });
  }
  bool all_gone() const {
    return std::all_of(workers_.begin(), workers_.end(), [](const AttemptWorker& worker) { return worker.gone; });
  }

  std::size_t size() const { return workers_.size(); }
  auto begin() const { return workers_.begin(); }
  auto end() const { return workers_.end(); }

 private:
  std::vector<AttemptWorker> workers_;
};

}  // namespace weir
