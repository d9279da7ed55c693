#include <weir/coordination/vote_keeper.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir {
namespace {

constexpr Duration kAgain{5000};  // a node that is not far behind has caught up with the log by then
constexpr Duration kSlow{10'000};  // one that has not after two attempts may not be able to

std::set<VoterId> without(const std::set<VoterId>& all, const std::set<VoterId>& some) {
  std::set<VoterId> rest;
  std::set_difference(all.begin(), all.end(), some.begin(), some.end(), std::inserter(rest, rest.end()));
  return rest;
}

std::set<VoterId> both(const std::set<VoterId>& one, const std::set<VoterId>& other) {
  std::set<VoterId> common;
  std::set_intersection(one.begin(), one.end(), other.begin(), other.end(), std::inserter(common, common.end()));
  return common;
}

std::set<VoterId> staying(const VotersInSight& seen) { return without(seen.up, seen.leaving); }

/// Of these, since when: what was known before stays.
void keep(std::map<VoterId, ProcessingTime>& since, const std::set<VoterId>& of, ProcessingTime now) {
  const auto before = std::exchange(since, {});
  for (const VoterId id : of) {
    const auto known = before.find(id);
    since.emplace(id, known == before.end() ? now : known->second);
  }
}

}  // namespace

bool is_needed(VoterId node, const VotersInSight& seen) {
  const std::set<VoterId> stay = staying(seen);
  return seen.voters.contains(node) && !stay.empty() && !can_decide(seen.voters, stay);
}

/// The worst that can happen: votes of nodes that stay are gone already, and those of the others are still there.
bool VoteKeeper::needs(VoterId node, const VotersInSight& seen) const {
  const std::set<VoterId> stay = staying(seen);
  VotersInSight soon = seen;
  for (const auto& [voter, since] : removing_) {
    if (stay.contains(voter)) soon.voters.erase(voter);
  }
  return is_needed(node, soon);
}

VoteChanges VoteKeeper::look(const VotersInSight& seen, ProcessingTime now) {
  note(seen, now);
  next_lost_.reset();
  const std::set<VoterId> leaving = overdue(leaving_, options_.settling, now);
  std::set<VoterId> lost = overdue(away_, options_.grace, now);
  lost.insert(leaving.begin(), leaving.end());
  const std::set<VoterId> replaced = both(without(seen.voters, seen.up), seen.replaced);
  lost.insert(replaced.begin(), replaced.end());
  lost.erase(seen.leader);  // the next one takes its vote
  VoteChanges changes;
  const bool leader_settles = seen.leaving.contains(seen.leader) && !leaving.contains(seen.leader);
  if (!leader_settles) changes = next_step(seen, lost, now);
  again_ = changes == VoteChanges{} ? std::nullopt : std::optional(now + kAgain);
  return changes;
}

/// A node that does not catch up must not keep others from a vote, nor one that leaves from giving up its own.
VoteChanges VoteKeeper::next_step(const VotersInSight& seen, const std::set<VoterId>& lost, ProcessingTime now) {
  const std::set<VoterId> stay = staying(seen);
  std::set<VoterId> slow;
  for (const auto& [node, since] : asked_) {
    if (since + kSlow <= now) slow.insert(node);
  }
  VoteChanges step = change_votes({seen.voters, stay, lost, seen.up});
  const auto is_slow = [&](VoterId node) { return slow.contains(node); };
  if (std::any_of(step.admit.begin(), step.admit.end(), is_slow)) {
    const VoteChanges other = change_votes({seen.voters, without(stay, slow), lost, seen.up});
    if (other != VoteChanges{}) step = other;
  }
  for (const VoterId node : step.admit) asked_.emplace(node, now);
  for (const VoterId voter : step.remove) removing_.insert_or_assign(voter, now);
  return step;
}

void VoteKeeper::note(const VotersInSight& seen, ProcessingTime now) {
  keep(away_, without(seen.voters, seen.up), now);
  keep(leaving_, both(seen.voters, seen.leaving), now);
  const std::set<VoterId> spare = without(staying(seen), seen.voters);
  std::erase_if(asked_, [&](const auto& asked) { return !spare.contains(asked.first); });
  std::erase_if(removing_, [&](const auto& asked) { return !seen.voters.contains(asked.first) || asked.second + kSlow <= now; });
}

std::set<VoterId> VoteKeeper::overdue(const Since& since, Duration wait, ProcessingTime now) {
  std::set<VoterId> overdue;
  for (const auto& [voter, begin] : since) {
    if (begin + wait <= now) overdue.insert(voter);
    else next_lost_ = earliest({next_lost_, begin + wait});
  }
  return overdue;
}

}  // namespace weir
