#include <weir/actors/node_peers.hpp>

#include <algorithm>

#include <caf/all.hpp>

#include <weir/base/clock.hpp>

namespace weir {

bool NodePeers::take(const ClusterNode& peer, const caf::actor& actor) {
  waits_for_call_.erase(peer.address);
  const auto known = actors_.find(peer.id);
  if (known != actors_.end() && known->second == actor) return false;
  forget(peer.id);
  actors_[peer.id] = actor;
  connected_at_[peer.id] = peer.address;
  nodes_by_process_[actor.node()] = peer.id;
  node_->monitor(actor);
  return true;
}

bool NodePeers::forget(ClusterNodeId peer) {
  const auto known = actors_.find(peer);
  if (known == actors_.end()) return false;
  nodes_by_process_.erase(known->second.node());
  connected_at_.erase(peer);
  actors_.erase(known);
  return true;
}

bool NodePeers::hear_of(ClusterNodeId peer, const std::string& address) {
  return peer != options_.self.id && addresses_.insert_or_assign(address, peer).second;
}

void NodePeers::call() {
  std::set<std::string> wanted(options_.seeds.begin(), options_.seeds.end());
  for (const auto& [address, peer] : addresses_) wanted.insert(address);
  wanted.erase(options_.self.address);
  for (const auto& [peer, address] : connected_at_) wanted.erase(address);
  for (const std::string& address : wanted) {
    if (!is_to_call(address) || !calling_.insert(address).second) continue;
    calls_[++last_tag_] = address;
    options_.network->connect_in_background(caf::actor_cast<caf::actor>(node_), address, last_tag_);
  }
}

bool NodePeers::is_to_call(const std::string& address) {
  const auto known = addresses_.find(address);
  if (known == addresses_.end() || options_.self.id < known->second) return true;
  const ProcessingTime now = steady_now();
  const auto [last, is_new] = waits_for_call_.try_emplace(address, now);
  if (now - last->second < options_.call_interval) return false;
  last->second = now;
  return true;
}

std::string NodePeers::on_connected(const message::Connected& connected) {
  const auto call = calls_.extract(connected.tag);
  if (call.empty()) return "";
  calling_.erase(call.mapped());
  return call.mapped();
}

const caf::actor* NodePeers::find(ClusterNodeId peer) const {
  const auto found = actors_.find(peer);
  return found == actors_.end() ? nullptr : &found->second;
}

const caf::actor* NodePeers::find_at(const std::string& address) const {
  const auto at = [&](const auto& entry) { return entry.second == address; };
  const auto found = std::find_if(connected_at_.begin(), connected_at_.end(), at);
  return found == connected_at_.end() ? nullptr : find(found->first);
}

std::optional<ClusterNodeId> NodePeers::node_of(const caf::node_id& process) const {
  const auto found = nodes_by_process_.find(process);
  return found == nodes_by_process_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace weir
