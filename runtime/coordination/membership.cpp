#include <weir/coordination/membership.hpp>

#include <algorithm>

#include <weir/base/text.hpp>

namespace weir {
namespace {

using Status = ClusterMember::Status;

std::string quoted(const std::string& name) { return "'" + name + "'"; }

}  // namespace

Membership::Membership(NodeAnnouncement self, MembershipOptions options, ProcessingTime now)
    : self_(std::move(self)), options_(options), ticked_(now) {}

Result<void> Membership::join(const NodeAnnouncement& node, ProcessingTime now) {
  const ClusterNodeId id = node.node.id;
  const std::string name = quoted(node.node.name);
  if (node.version != self_.version) {
    return Error{"node " + name + " runs Weir " + node.version + " and node " + quoted(self_.node.name) + " Weir " + self_.version +
                 "; all nodes of a cluster run the same"};
  }
  if (id == 0) return Error{"node " + name + " has no id"};
  if (id == self_.node.id) {
    return Error{"node " + name + " at " + node.node.address + " has the id of node " + quoted(self_.node.name) + " at " +
                 self_.node.address + "; is its data directory a copy?"};
  }
  const auto found = members_.find(id);
  if (found != members_.end() && found->second.node.incarnation == node.incarnation) {
    found->second.node = node;
    back(found->second, now);
    return {};
  }
  if (node.incarnation <= newest_incarnation(id)) return over(id, node.node.name, node.incarnation);
  if (found != members_.end()) bury(found, "node " + name + " started anew");
  bury_at_address(node.node);
  members_.emplace(id, ClusterMember{node, Status::Up, ClusterMember::Intent::Stay, now, {}});
  events_.push_back(membership::NodeUp{node});
  return {};
}

Result<void> Membership::heartbeat(ClusterNodeId id, std::uint64_t incarnation, ProcessingTime now) {
  const auto found = find(id, incarnation);
  if (found == members_.end()) return over(id, "", incarnation);
  found->second.heard = now;
  return {};
}

void Membership::connection_lost(ClusterNodeId id, std::uint64_t incarnation, ProcessingTime now) {
  const auto found = find(id, incarnation);
  if (found == members_.end() || found->second.status == Status::Suspect) return;
  found->second.status = Status::Suspect;
  found->second.lost = now;
  events_.push_back(membership::NodeSuspect{id});
}

void Membership::drain(ClusterNodeId id, std::uint64_t incarnation) {
  const auto found = find(id, incarnation);
  if (found == members_.end() || found->second.intent == ClusterMember::Intent::Leave) return;
  found->second.intent = ClusterMember::Intent::Leave;
  events_.push_back(membership::NodeDraining{id});
}

void Membership::leave(ClusterNodeId id, std::uint64_t incarnation) {
  const auto found = find(id, incarnation);
  if (found == members_.end()) return;
  over_[id] = incarnation;
  events_.push_back(membership::NodeLeft{found->second.node.node, incarnation});
  members_.erase(found);
}

void Membership::renew(std::uint64_t incarnation) {
  self_.incarnation = incarnation;
  for (const auto& [id, member] : members_) {
    if (member.status == Status::Up) events_.push_back(membership::NodeReturned{id});
  }
}

void Membership::tick(ProcessingTime now) {
  const bool paused = now - ticked_ > options_.timeout / 2;
  ticked_ = now;
  for (auto member = members_.begin(); member != members_.end();) {
    ClusterMember& one = member->second;
    if (paused) {
      one.heard = now;
      one.lost = now;
    }
    const std::string name = "node " + quoted(one.node.node.name);
    if (one.status == Status::Suspect && now - one.lost >= options_.grace) {
      member = bury(member, name + " lost its connection and was not back within " + to_text(options_.grace));
    } else if (now - one.heard >= options_.timeout) {
      member = bury(member, name + " was silent for " + to_text(options_.timeout));
    } else {
      ++member;
    }
  }
}

const ClusterMember* Membership::member(ClusterNodeId id) const {
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : &found->second;
}

std::uint64_t Membership::newest_incarnation(ClusterNodeId id) const {
  if (const ClusterMember* present = member(id)) return present->node.incarnation;
  const auto found = over_.find(id);
  return found == over_.end() ? 0 : found->second;
}

Membership::Members::iterator Membership::find(ClusterNodeId id, std::uint64_t incarnation) {
  const auto found = members_.find(id);
  return found != members_.end() && found->second.node.incarnation == incarnation ? found : members_.end();
}

Membership::Members::iterator Membership::bury(Members::iterator member, std::string why) {
  const std::uint64_t incarnation = member->second.node.incarnation;
  over_[member->first] = incarnation;
  events_.push_back(membership::NodeDead{member->first, incarnation, std::move(why)});
  return members_.erase(member);
}

/// Two nodes cannot have one address: the one that was there lost its data directory, and its id with it.
void Membership::bury_at_address(const ClusterNode& node) {
  const auto same = [&](const auto& entry) { return entry.second.node.node.address == node.address; };
  const auto found = std::find_if(members_.begin(), members_.end(), same);
  if (found != members_.end()) bury(found, "node " + quoted(node.name) + " has taken its address, " + node.address);
}

void Membership::back(ClusterMember& member, ProcessingTime now) {
  member.heard = now;
  if (member.status == Status::Up) return;
  member.status = Status::Up;
  events_.push_back(membership::NodeReturned{member.node.node.id});
}

Error Membership::over(ClusterNodeId id, const std::string& name, std::uint64_t incarnation) const {
  const std::string who = name.empty() ? "node " + std::to_string(id) : "node " + quoted(name);
  const std::uint64_t newest = newest_incarnation(id);
  if (incarnation > newest) return Error{who + " has not joined as incarnation " + std::to_string(incarnation)};
  return Error{who + " is no member as incarnation " + std::to_string(incarnation) + " any more; it must end what it ran and join as " +
               std::to_string(newest + 1)};
}

}  // namespace weir
