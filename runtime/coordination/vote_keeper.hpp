// Keeps the votes as they should be (votes.hpp) for as long as its node leads. That takes time: a voter that is away keeps its vote for
// a while, and one that is given a vote has it only when it has caught up with the log. Should it not do so in time nobody says that,
// and it is asked for again, others first.
//
//   look -> the next step     when the node begins to lead, when nodes or votes come or go, and at next_event()
//
// What is asked for is asked for again by every look until it is so; whoever carries it out must bear that.
//
// Who leaves on purpose is not waited for as long as who is merely away, but for a moment: a cluster that is stopped as a whole must
// find all of its votes when it starts again, and its nodes do not hear of their ends at the same time; and a node that is started
// anew may be back before the next one leaves.
//
// A pure state machine. A value; a node that comes to lead begins with a new one, since it knows nothing of who was there before.
#pragma once

#include <map>
#include <optional>
#include <set>

#include <weir/base/time.hpp>
#include <weir/coordination/votes.hpp>

namespace weir {

struct VoteKeeperOptions {
  Duration grace{60'000};  // for a voter to come back before another takes its place
  Duration settling{3000};  // the same when it leaves on purpose: longer than a node takes to start
};

/// What a leader sees.
struct VotersInSight {
  VoterId leader = 0;
  std::set<VoterId> voters;         // as the log has them
  std::set<VoterId> up;             // nodes that are up and may have a vote, the leader included
  std::set<VoterId> leaving = {};   // that are to end, the leader perhaps included, or have ended on purpose
  std::set<VoterId> replaced = {};  // voters at whose address another node is up, so that they lost their directory and will not be back
};

/// Whether the others would be left too few to decide anything, did a node that is to end leave now. They are more by and by, since
/// others come back, or votes are taken away; unless nobody stays.
bool is_needed(VoterId node, const VotersInSight& seen);

class VoteKeeper {
 public:
  explicit VoteKeeper(VoteKeeperOptions options) : options_(options) {}

  /// What is to be changed now; what is to follow comes when that is done.
  VoteChanges look(const VotersInSight& seen, ProcessingTime now);

  /// As is_needed, also should some of the votes be taken away at any moment for which that was asked.
  bool needs(VoterId node, const VotersInSight& seen) const;

  /// When to look again though nobody came or went.
  std::optional<ProcessingTime> next_event() const { return earliest({next_lost_, again_}); }
  bool due(ProcessingTime now) const {
    const auto next = next_event();
    return next && *next <= now;
  }

 private:
  using Since = std::map<VoterId, ProcessingTime>;

  void note(const VotersInSight& seen, ProcessingTime now);
  VoteChanges next_step(const VotersInSight& seen, const std::set<VoterId>& lost, ProcessingTime now);
  /// Voters of which it has been so for this long; when the next of them will have, is noted.
  std::set<VoterId> overdue(const Since& since, Duration wait, ProcessingTime now);

  VoteKeeperOptions options_;
  Since away_;                               // voters
  Since leaving_;                            // the same
  Since asked_;                              // nodes that are to have votes and have none
  Since removing_;                           // voters that are to lose theirs
  std::optional<ProcessingTime> next_lost_;  // when the next of them has been so for too long
  std::optional<ProcessingTime> again_;      // when to see whether what was asked for is so
};

}  // namespace weir
