#include <weir/coordination/votes.hpp>

namespace weir {

VoteChanges change_votes(const std::set<VoterId>& voters, const std::set<VoterId>& up, const std::set<VoterId>& lost) {
  VoteChanges changes;
  std::vector<VoterId> spare;
  for (const VoterId id : up) {
    if (!voters.contains(id)) spare.push_back(id);
  }
  std::vector<VoterId> replaceable;
  for (const VoterId id : voters) {
    if (lost.contains(id) && !up.contains(id)) replaceable.push_back(id);
  }
  const auto admit = [&] {
    changes.admit.push_back(spare.back());
    spare.pop_back();
  };
  const auto remove = [&] {
    changes.remove.push_back(replaceable.back());
    replaceable.pop_back();
  };
  std::size_t count = voters.size();
  if (count % 2 == 0 && count > 0) {  // a change that was interrupted
    if (!replaceable.empty()) {
      remove();
      --count;
    } else if (!spare.empty() && count < kMostVoters) {
      admit();
      ++count;
    }
  }
  while (!replaceable.empty() && !spare.empty()) {
    admit();
    remove();
  }
  for (; count + 2 <= kMostVoters && spare.size() >= 2; count += 2) {
    admit();
    admit();
  }
  return changes;
}

}  // namespace weir
