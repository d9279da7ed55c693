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
  step(now_ms, [&] { changes_.push_back({.wanted = std::move(wanted), .given_up = {}}); });
}

void RaftServer::next_change() {
  while (!changes_.empty() && !changes_.front().submitted) {
    if (!leads()) {
      // An elected member will lead soon.
      if (raft_state(&raft_->server) == RAFT_LEADER) return;
      finish_change(refused("this member does not lead the cluster"));
      continue;
    }
    Change& change = changes_.front();
    raft_->change.data = this;
    Submitted submitted = change.wanted.kind == VoterChange::Kind::Add ? submit_add(change) : submit_remove(change);
    if (submitted.over) {
      finish_change(std::move(*submitted.over));
    } else if (submitted.code == 0) {
      change.submitted = true;
    } else if (submitted.code == RAFT_CANTCHANGE || submitted.code == RAFT_NOTLEADER) {
      return;  // a change that an earlier leader began is not committed yet, or the leadership is being handed over
    } else if (submitted.code == RAFT_IOERR) {
      // libraft has freed the members that it could not store, and keeps them nevertheless: it must not free them again.
      raft_configuration_init(&raft_->server.configuration);
      failure_ = last_error(submitted.code);
      return;
    } else {
      finish_change(refused(last_error(submitted.code)));
    }
  }
}

RaftServer::Submitted RaftServer::submit_add(const Change& change) {
  ::raft* server = &raft_->server;
  const Voter& voter = change.wanted.voter;
  const std::vector<Member> all = members();
  const Member* known = find(all, voter.id);
  if (change.given_up) {
    if (known == nullptr) return {.over = change.given_up};
    return {.code = raft_remove(server, &raft_->change, voter.id, Callbacks::changed)};
  }
  if (known != nullptr) {
    if (known->address != voter.address)
      return {.over = refused("member " + std::to_string(voter.id) + " has address " + known->address + ", not " + voter.address +
                              ": remove it first")};
    if (known->role == Role::Voter) return {.over = Outcome()};
    return {.code = raft_assign(server, &raft_->change, voter.id, RAFT_VOTER, Callbacks::changed)};
  }
  if (voter.id == 0 || voter.address.empty() || voter.address.size() > kLongestAddress ||
      voter.address.find('\0') != std::string::npos)
    return {.over = refused("a voter has an id that is not 0 and an address of 1 to 512 bytes")};
  if (const auto same = std::ranges::find(all, voter.address, &Member::address); same != all.end()) {
    if (same->role == Role::Voter)
      return {.over = refused(voter.address + " is the address of voter " + std::to_string(same->id) + ": remove it first")};
    // Was never promoted, and is gone.
    return {.code = raft_remove(server, &raft_->change, same->id, Callbacks::changed)};
  }
  if (all.size() >= kMostMembers) return {.over = refused("the cluster has " + std::to_string(all.size()) + " members already")};
  return {.code = raft_add(server, &raft_->change, voter.id, voter.address.c_str(), Callbacks::changed)};
}

RaftServer::Submitted RaftServer::submit_remove(const Change& change) {
  const std::vector<Member> all = members();
  const Member* known = find(all, change.wanted.voter.id);
  if (known == nullptr) return {.over = Outcome()};
  if (known->role == Role::Voter && std::ranges::count(all, Role::Voter, &Member::role) == 1)
    return {.over = refused("the last voter cannot be removed: add another one first")};
  if (known->id == identity().self)
    return {.over = refused("the leader cannot remove itself: have it step down, then ask the next one")};
  return {.code = raft_remove(&raft_->server, &raft_->change, change.wanted.voter.id, Callbacks::changed)};
}

void RaftServer::Callbacks::changed(raft_change* request, int status) {
  auto& self = *static_cast<RaftServer*>(request->data);
  if (self.changes_.empty() || !self.changes_.front().submitted) return;
  Change& change = self.changes_.front();
  change.submitted = false;
  if (status == 0) return;
  if (status == RAFT_NOCONNECTION && change.wanted.kind == VoterChange::Kind::Add) {
    change.given_up = refused("member " + std::to_string(change.wanted.voter.id) + " at " + change.wanted.voter.address +
                              " did not catch up with the log in time: see that it runs and can be reached, then add it again");
    return;
  }
  self.finish_change({Fate::Unknown, std::string("the change of the members was interrupted: ") + raft_strerror(status)});
}

void RaftServer::finish_change(Outcome outcome) {
  Change change = std::move(changes_.front());
  changes_.pop_front();
  answer(std::move(change.wanted.done), std::move(outcome));
}

}  // namespace weir
