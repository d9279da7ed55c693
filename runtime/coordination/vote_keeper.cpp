#include <weir/coordination/vote_keeper.hpp>

#include <utility>

namespace weir {
namespace {

constexpr Duration kAgain{5000};  // a node that is not far behind has caught up with the log by then

}  // namespace

VoteChanges VoteKeeper::look(const std::set<VoterId>& voters, const std::set<VoterId>& up, ProcessingTime now,
                             const std::set<VoterId>& replaced) {
  note_away(voters, up, now);
  std::set<VoterId> lost;
  next_lost_.reset();
  for (const auto& [voter, since] : away_) {
    if (since + grace_ <= now || replaced.contains(voter)) lost.insert(voter);
    else next_lost_ = earliest({next_lost_, since + grace_});
  }
  VoteChanges changes = change_votes(voters, up, lost);
  again_ = changes == VoteChanges{} ? std::nullopt : std::optional(now + kAgain);
  return changes;
}

void VoteKeeper::note_away(const std::set<VoterId>& voters, const std::set<VoterId>& up, ProcessingTime now) {
  const auto before = std::exchange(away_, {});
  for (const VoterId voter : voters) {
    if (up.contains(voter)) continue;
    const auto known = before.find(voter);
    away_.emplace(voter, known == before.end() ? now : known->second);
  }
}

}  // namespace weir
