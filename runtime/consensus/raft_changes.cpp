// Changes of the members, one after the other. Each is a few steps of libraft's; after every step the list of members says
// what the next one is, so a change that another leader left half done is simply asked for again.
#include <algorithm>
#include <utility>

#include <weir/consensus/raft_library.hpp>

namespace weir {
namespace {

Outcome refused(std::string why) { return {Fate::Refused, std::move(why)}; }

const Member* find(const std::vector<Member>& members, std::uint64_t id) {
  const auto found = std::ranges::find(members, id, &Member::id);
  return found == members.end() ? nullptr : &*found;
}

}  // namespace

void RaftServer::change(std::uint64_t now_ms, VoterChange wanted) {
  if (!running_) {
    answer(std::move(wanted.done), refused(stopped_));
    return give_answers();
  }
  step(now_ms, [&] { changes_.push_back({.wanted = std::move(wanted)}); });
}

void RaftServer::next_change() {
  while (!changes_.empty() && !failure_) {
    Change& change = changes_.front();
    if (change.begun_in != 0 && (change.begun_in != vote_.term || !leads())) {
      finish_change({Fate::Unknown, "the change of the members was interrupted: this member lost the leadership"});
      continue;
    }
    if (!leads()) {
      // An elected member will lead soon.
      if (raft_state(&raft_->server) == RAFT_LEADER) return;
      finish_change(refused("this member does not lead the cluster"));
      continue;
    }
    const ::raft& server = raft_->server;
    if (server.transfer != nullptr) {
      change.promoting = false;  // libraft may give it up now, which is no fault of the new member
      return;
    }
    // libraft is at a step, perhaps at one that an earlier leader began.
    if (server.configuration_uncommitted_index != 0 || server.leader_state.promotee_id != 0) return;
    Submitted submitted = change.wanted.kind == VoterChange::Kind::Add ? submit_add(change) : submit_remove(change);
    if (submitted.over) {
      finish_change(std::move(*submitted.over));
    } else if (submitted.code == 0) {
      change.begun_in = vote_.term;
    } else {
      finish_change(refused(last_error(submitted.code)));
    }
  }
}

RaftServer::Submitted RaftServer::submit_add(Change& change) {
  ::raft* server = &raft_->server;
  const Voter& voter = change.wanted.voter;
  const std::vector<Member> all = members();
  const Member* known = find(all, voter.id);
  const bool promoted = std::exchange(change.promoting, false);
  if (promoted && known != nullptr && known->role != Role::Voter) {
    change.given_up = refused("member " + std::to_string(voter.id) + " at " + voter.address +
                              " did not catch up with the log in time: see that it runs and can be reached, then add it again");
  }
  if (change.given_up) {
    if (known == nullptr) return {.over = change.given_up};
    return {.code = raft_remove(server, &raft_->change, voter.id, nullptr)};
  }
  if (known != nullptr) {
    if (known->address != voter.address)
      return {.over = refused("member " + std::to_string(voter.id) + " has address " + known->address + ", not " + voter.address +
                              ": remove it first")};
    if (known->role == Role::Voter) return {.over = Outcome()};
    change.promoting = true;
    return {.code = raft_assign(server, &raft_->change, voter.id, RAFT_VOTER, nullptr)};
  }
  if (voter.id == 0 || voter.address.empty() || voter.address.size() > kLongestAddress ||
      voter.address.find('\0') != std::string::npos)
    return {.over = refused("a voter has an id that is not 0 and an address of 1 to 512 bytes")};
  if (const auto same = std::ranges::find(all, voter.address, &Member::address); same != all.end()) {
    if (same->role == Role::Voter)
      return {.over = refused(voter.address + " is the address of voter " + std::to_string(same->id) + ": remove it first")};
    // Was never promoted, and is gone.
    return {.code = raft_remove(server, &raft_->change, same->id, nullptr)};
  }
  if (all.size() >= kMostMembers) return {.over = refused("the cluster has " + std::to_string(all.size()) + " members already")};
  return {.code = raft_add(server, &raft_->change, voter.id, voter.address.c_str(), nullptr)};
}

RaftServer::Submitted RaftServer::submit_remove(const Change& change) {
  const std::vector<Member> all = members();
  const Member* known = find(all, change.wanted.voter.id);
  if (known == nullptr) return {.over = Outcome()};
  if (known->role == Role::Voter && std::ranges::count(all, Role::Voter, &Member::role) == 1)
    return {.over = refused("the last voter cannot be removed: add another one first")};
  if (known->id == identity().self)
    return {.over = refused("the leader cannot remove itself: have it step down, then ask the next one")};
  return {.code = raft_remove(&raft_->server, &raft_->change, change.wanted.voter.id, nullptr)};
}

void RaftServer::finish_change(Outcome outcome) {
  Change change = std::move(changes_.front());
  changes_.pop_front();
  answer(std::move(change.wanted.done), std::move(outcome));
}

}  // namespace weir
