#include <weir/coordination/founders.hpp>

#include <algorithm>

namespace weir {

void Founders::heard(ClusterNodeId node, const std::string& address, const std::string& cluster) {
  if (cluster.empty()) without_cluster_.insert_or_assign(node, address);
  else without_cluster_.erase(node);
}

std::vector<std::string> Founders::awaited() const {
  std::vector<std::string> awaited;
  for (const std::string& address : named_) {
    const auto said = [&](const auto& entry) { return entry.second == address; };
    if (address != self_ && std::none_of(without_cluster_.begin(), without_cluster_.end(), said)) awaited.push_back(address);
  }
  return awaited;
}

}  // namespace weir
