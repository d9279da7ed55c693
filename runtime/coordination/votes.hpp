// Who should have a vote in the cluster's log. An even number of voters bears no more losses than one fewer, and of two the loss of
// either stops both: so there are one, three or five. A voter that is away keeps its vote for a while, since nodes are
// restarted; after that, or once it is known to leave on purpose, a node that has none takes its place.
//
// Without another in its place a vote is taken away only when the number would stay even otherwise, or together with a second one: five
// voters of which two are gone bear no loss, the three that are left bear one. Of three voters the first may leave with its vote, and
// comes back to it; when the second is to leave as well, both votes are taken away while it is still there to agree, and the third
// decides alone.
// All votes must not go: when nobody stays everyone keeps its own, so that a cluster that is stopped as a whole comes back as it was.
//
//   {1 2 3}  3 has left, 2 is to leave               remove 3 -> {1 2}    remove 2 -> {1}
//   {1 2 3}  3 has left, 2 is to leave, 4 has none   admit 4 -> {1 2 3 4}  remove 3 -> {1 2 4}
//   {1}      1 leads and is to leave, 2 has none     admit 2 -> {1 2}      2 is handed the lead: remove 1 -> {2}
//
// One step is given at a time, since much may have changed when it is done: each is such that those who are up are a majority of the
// voters before and after it. An admission may fail, a removal that was meant to follow it would then be one too many.
//
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

namespace weir {

using VoterId = std::uint64_t;

constexpr std::size_t kMostVoters = 5;

/// Voters, and who could be one.
struct Electorate {
  std::set<VoterId> voters;    // as the log has them
  std::set<VoterId> staying;   // nodes that are up, may have a vote, and are not to end
  std::set<VoterId> lost;      // voters for which nobody waits any more: that have been away for too long, or leave on purpose
  std::set<VoterId> up = {};   // nodes that are: of the lost they lose their votes last, since they still take part in each step
};

struct VoteChanges {
  std::vector<VoterId> admit;
  std::vector<VoterId> remove;

  friend bool operator==(const VoteChanges&, const VoteChanges&) = default;
};

/// The next step: nothing, one or two votes to give, or one to take away. Of several nodes those with the highest ids.
VoteChanges change_votes(const Electorate& now);

/// Whether those who stay decide without the others.
bool can_decide(const std::set<VoterId>& voters, const std::set<VoterId>& staying);

}  // namespace weir
