#include <weir/coordination/votes.hpp>

#include <algorithm>
#include <iterator>

namespace weir {
namespace {

std::size_t count_staying(const std::set<VoterId>& voters, const std::set<VoterId>& staying) {
  const auto stays = [&](VoterId id) { return staying.contains(id); };
  return static_cast<std::size_t>(std::count_if(voters.begin(), voters.end(), stays));
}

/// Voters that may lose their votes, in the order in which they do, from the back. A vote of one that is gone is of no use for any
/// step, so it goes first.
std::vector<VoterId> replaceable(const Electorate& now) {
  std::vector<VoterId> voters;
  for (const VoterId id : now.voters) {
    if (now.lost.contains(id) && !now.staying.contains(id)) voters.push_back(id);
  }
  std::stable_partition(voters.begin(), voters.end(), [&](VoterId id) { return now.up.contains(id); });
  return voters;
}

std::vector<VoterId> without_vote(const Electorate& now) {
  std::vector<VoterId> nodes;
  std::set_difference(now.staying.begin(), now.staying.end(), now.voters.begin(), now.voters.end(), std::back_inserter(nodes));
  return nodes;
}

VoteChanges admit(const std::vector<VoterId>& spare, std::size_t count) {
  return {{spare.rbegin(), spare.rbegin() + static_cast<std::ptrdiff_t>(count)}, {}};
}

VoteChanges remove(const std::vector<VoterId>& replaceable) { return {{}, {replaceable.back()}}; }

}  // namespace

VoteChanges change_votes(const Electorate& now) {
  const std::vector<VoterId> spare = without_vote(now);
  const std::vector<VoterId> gone = replaceable(now);
  const std::size_t voters = now.voters.size();
  const std::size_t stay = count_staying(now.voters, now.staying);
  if (stay == 0 && spare.empty()) return {};
  if (voters % 2 == 0 && voters > 0) {  // half a change
    if (!gone.empty()) return remove(gone);
    if (!spare.empty() && voters < kMostVoters) return admit(spare, 1);
  }
  if (!gone.empty() && !spare.empty()) return admit(spare, 1);
  if (voters + 2 <= kMostVoters && spare.size() >= 2) return admit(spare, 2);
  if (stay == 0) return admit(spare, 1);  // who leads leaves, too, and needs a successor
  const bool too_few = 2 * stay <= voters;
  const bool are_a_pair = gone.size() >= 2;
  const bool would_do = 2 * stay > voters - gone.size();
  return (too_few || are_a_pair) && would_do ? remove(gone) : VoteChanges{};
}

bool can_decide(const std::set<VoterId>& voters, const std::set<VoterId>& staying) {
  return 2 * count_staying(voters, staying) > voters.size();
}

}  // namespace weir
