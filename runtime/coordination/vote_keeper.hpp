// Keeps the votes as they should be (votes.hpp) for as long as its node leads. That takes time: a voter that is away keeps its vote for
// a while, and one that is given a vote has it only when it has caught up with the log. Should it not do so in time nobody says that,
// and it is asked for again.
//
//   look -> who gets a vote, and who loses it     when the node begins to lead, when nodes come or go, and at next_event()
//
// What is asked for is asked for again by every look until it is so; whoever carries it out must bear that.
//
// A pure state machine. A value; a node that comes to lead begins with a new one, since it knows nothing of who was there before.
#pragma once

#include <map>
#include <optional>
#include <set>

#include <weir/base/time.hpp>
#include <weir/coordination/votes.hpp>

namespace weir {

class VoteKeeper {
 public:
  /// `grace`: for a voter to come back before another takes its place.
  explicit VoteKeeper(Duration grace) : grace_(grace) {}

  /// What is to be changed now. `voters`: as the log has them. `up`: who is up and may have a vote, this node included. `replaced`: voters
  /// at whose address another node is up, so that they lost their directory and will not be back.
  VoteChanges look(const std::set<VoterId>& voters, const std::set<VoterId>& up, ProcessingTime now, const std::set<VoterId>& replaced = {});

  /// When to look again though nobody came or went.
  std::optional<ProcessingTime> next_event() const { return earliest({next_lost_, again_}); }
  bool due(ProcessingTime now) const {
    const auto next = next_event();
    return next && *next <= now;
  }

 private:
  void note_away(const std::set<VoterId>& voters, const std::set<VoterId>& up, ProcessingTime now);

  Duration grace_;
  std::map<VoterId, ProcessingTime> away_;   // voters, since when
  std::optional<ProcessingTime> next_lost_;  // when the next of them has been so for too long
  std::optional<ProcessingTime> again_;      // when to see whether what was asked for is so
};

}  // namespace weir
