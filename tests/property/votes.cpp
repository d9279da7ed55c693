// Votes in a cluster whose nodes are told to end, leave, come back and are told to end again, in any order; a failing seed is printed.
//
//   each step has the agreement of a majority, before and after it
//   as long as somebody stays somebody leads: those who are up are a majority of the voters
//   whoever is told to end may leave in time
//   when all are told to end they keep their votes, and nobody waits
#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <utility>

#include <weir/coordination/vote_keeper.hpp>

using namespace weir;

namespace votes {

using Ids = std::set<VoterId>;

constexpr Duration kStep{100};
constexpr Duration kInTime{20'000};  // the usual drain timeout

class Story {
 public:
  explicit Story(std::uint64_t seed) : random_(seed), nodes_(1 + below(7)) {
    for (VoterId id = 1; id <= nodes_; ++id) staying_.insert(id);
  }

  void run() {
    for (int step = 0; step < 1000; ++step) {
      now_ = now_ + kStep;
      if (one_in(50)) trouble();
      lead();
      REQUIRE(leader_ != 0);
      change_votes();
      let_leave();
    }
    stop_all();
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool one_in(std::uint64_t times) { return below(times) == 0; }
  VoterId any_of(const Ids& ids) { return *std::next(ids.begin(), static_cast<std::ptrdiff_t>(below(ids.size()))); }

  Ids up() const {
    Ids up = staying_;
    for (const auto& [id, since] : ending_) up.insert(id);
    return up;
  }
  Ids voters_of(const Ids& ids) const {
    Ids voters;
    std::set_intersection(ids.begin(), ids.end(), voters_.begin(), voters_.end(), std::inserter(voters, voters.end()));
    return voters;
  }
  VotersInSight in_sight() const {
    VotersInSight seen{leader_, voters_, up()};
    for (VoterId id = 1; id <= nodes_; ++id) {
      if (!staying_.contains(id)) seen.leaving.insert(id);
    }
    return seen;
  }

  /// Somebody is told to end, or is back; one stays at least.
  void trouble() {
    const VoterId id = 1 + below(nodes_);
    if (staying_.contains(id) && staying_.size() > 1) {
      staying_.erase(id);
      ending_.emplace(id, now_);
    } else if (!ending_.contains(id)) {
      staying_.insert(id);
    }
  }

  /// Who leads and is to end hands over at once, if it can.
  void lead() {
    const Ids successors = voters_of(staying_);
    const Ids candidates = voters_of(up());
    const bool able = voters_.contains(leader_) && candidates.contains(leader_);
    if (able && (staying_.contains(leader_) || successors.empty())) return;
    leader_ = !can_decide(voters_, candidates) ? 0 : !successors.empty() ? any_of(successors) : any_of(candidates);
    keeper_ = VoteKeeper({});
    asked_ = {};
  }

  /// What was asked for is done some time; a node may fail to catch up.
  void change_votes() {
    if (asked_ == VoteChanges{}) asked_ = keeper_.look(in_sight(), now_);
    if (one_in(2)) return;
    const VoteChanges doing = std::exchange(asked_, {});
    for (const VoterId id : doing.admit) {
      if (up().contains(id) && !one_in(5)) change_to(id, true);
    }
    for (const VoterId id : doing.remove) change_to(id, false);
  }

  void change_to(VoterId id, bool votes) {
    REQUIRE(can_decide(voters_, up()));
    REQUIRE(id != (votes ? 0 : leader_));
    if (votes) voters_.insert(id);
    else voters_.erase(id);
    REQUIRE(can_decide(voters_, up()));
  }

  void let_leave() {
    for (auto node = ending_.begin(); node != ending_.end();) {
      REQUIRE(now_ - node->second <= kInTime);
      const bool waits = node->first == leader_ || keeper_.needs(node->first, in_sight());
      node = waits ? std::next(node) : ending_.erase(node);
    }
  }

  void stop_all() {
    for (const VoterId id : staying_) ending_.emplace(id, now_);
    staying_.clear();
    CHECK(keeper_.look(in_sight(), now_) == VoteChanges{});
    CHECK(keeper_.look(in_sight(), now_ + Duration(3'600'000)) == VoteChanges{});
    for (const VoterId id : voters_) CHECK_FALSE(is_needed(id, in_sight()));
  }

  std::mt19937_64 random_;
  VoterId nodes_;
  ProcessingTime now_{1'000'000};
  Ids staying_;
  std::map<VoterId, ProcessingTime> ending_;  // still up, since when
  Ids voters_{1};
  VoterId leader_ = 1;
  VoteKeeper keeper_{VoteKeeperOptions{}};
  VoteChanges asked_;
};

}  // namespace votes

TEST_CASE("nodes that are told to end in any order leave in time, and those that stay can decide at any time") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    votes::Story(seed).run();
  }
}
