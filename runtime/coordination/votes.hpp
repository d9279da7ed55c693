// Who should have a vote in the cluster's log. An even number of voters bears no more losses than one fewer, and of two the loss of
// either stops both: so there are one, three or five. A voter that is away keeps its vote for a while, since nodes are
// restarted; after that a node that has none takes its place. A vote is never taken away without another in its place, unless
// the number would stay even.
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

struct VoteChanges {
  std::vector<VoterId> admit;
  std::vector<VoterId> remove;

  friend bool operator==(const VoteChanges&, const VoteChanges&) = default;
};

/// `voters`: as the log has them. `up`: who is up and may have a vote. `lost`: voters that have been away for too long. Carried out in
/// this order: admit, remove.
VoteChanges change_votes(const std::set<VoterId>& voters, const std::set<VoterId>& up, const std::set<VoterId>& lost);

}  // namespace weir
