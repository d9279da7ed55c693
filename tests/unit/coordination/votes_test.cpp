#include <weir/coordination/votes.hpp>

#include <algorithm>
#include <cstddef>
#include <random>

#include <doctest/doctest.h>

using namespace weir;

namespace {

using Ids = std::set<VoterId>;

Ids after(const Ids& voters, const VoteChanges& changes) {
  Ids now = voters;
  now.insert(changes.admit.begin(), changes.admit.end());
  for (const VoterId id : changes.remove) now.erase(id);
  return now;
}

/// The voters once nothing is left to do.
Ids steps(Electorate now) {
  for (VoteChanges next = change_votes(now); next != VoteChanges{}; next = change_votes(now)) {
    now.voters = after(now.voters, next);
    REQUIRE(now.voters.size() <= kMostVoters + 1);
  }
  return now.voters;
}

}  // namespace

TEST_CASE("votes are given in pairs, up to five voters") {
  CHECK(change_votes({{1}, {1, 2}, {}}) == VoteChanges{});
  CHECK(change_votes({{1}, {1, 2, 3}, {}}) == VoteChanges{{3, 2}, {}});
  CHECK(change_votes({{1, 2, 3}, {1, 2, 3, 4}, {}}) == VoteChanges{});
  CHECK(steps({{1}, {1, 2, 3, 4, 5, 6, 7}, {}}) == Ids{1, 4, 5, 6, 7});
}

TEST_CASE("a voter that is away keeps its vote, until it is lost and another takes its place") {
  CHECK(change_votes({{1, 2, 3}, {1, 2, 4}, {}}) == VoteChanges{});
  CHECK(change_votes({{1, 2, 3}, {1, 2, 4}, {3}}) == VoteChanges{{4}, {}});
  CHECK(change_votes({{1, 2, 3, 4}, {1, 2, 4}, {3}}) == VoteChanges{{}, {3}});
  CHECK(change_votes({{1, 2, 3}, {1, 2}, {3}}) == VoteChanges{});
  CHECK(change_votes({{1, 2, 3}, {1, 2, 3, 4}, {3}}) == VoteChanges{});  // it is back
}

TEST_CASE("an even number of voters becomes odd again") {
  CHECK(change_votes({{1, 2, 3, 4}, {1, 2, 4}, {3}}) == VoteChanges{{}, {3}});
  CHECK(change_votes({{1, 2}, {1, 2, 3}, {}}) == VoteChanges{{3}, {}});
  CHECK(change_votes({{1, 2}, {1, 2}, {}}) == VoteChanges{});
}

TEST_CASE("a voter that leaves gives its vote to a node that has none, one that is gone before one that is there") {
  CHECK(steps({{1, 2, 3}, {1, 2, 4}, {3}, {3}}) == Ids{1, 2, 4});
  CHECK(steps({{1, 2, 3}, {1, 4}, {2, 3}, {2}}) == Ids{1, 2, 4});
  CHECK(steps({{1, 2, 3, 4, 5}, {1, 2, 6, 7}, {3, 4, 5}, {3}}) == Ids{1, 2, 3, 6, 7});
}

TEST_CASE("votes are taken away without others in their places only in pairs, and when that is enough") {
  CHECK(change_votes({{1, 2, 3}, {1, 2}, {3}, {3}}) == VoteChanges{});
  CHECK(change_votes({{1, 2, 3}, {1}, {2, 3}, {2}}) == VoteChanges{{}, {3}});
  CHECK(change_votes({{1, 2}, {1}, {2}, {2}}) == VoteChanges{{}, {2}});
  CHECK(change_votes({{1, 2, 3}, {1}, {2}, {2}}) == VoteChanges{});  // 3 may come back, and no less would do
  CHECK(change_votes({{1, 2, 3, 4, 5}, {1, 2, 3, 4}, {5}, {}}) == VoteChanges{});
  CHECK(change_votes({{1, 2, 3, 4, 5}, {1, 2, 3}, {4, 5}, {4}}) == VoteChanges{{}, {5}});
  CHECK(steps({{1, 2, 3, 4, 5}, {1, 2, 3}, {4, 5}, {4}}) == Ids{1, 2, 3});
  CHECK(steps({{1, 2, 3, 4, 5}, {1, 2}, {3, 4, 5}, {3}}) == Ids{1, 2, 3});
}

TEST_CASE("when nobody stays who has a vote another node is given one, and without any nothing changes") {
  CHECK(change_votes({{1}, {2}, {}}) == VoteChanges{{2}, {}});
  CHECK(change_votes({{1}, {2, 3}, {}}) == VoteChanges{{3, 2}, {}});
  CHECK(change_votes({{1, 2, 3}, {}, {2, 3}, {2, 3}}) == VoteChanges{});
  CHECK(change_votes({{1, 2}, {}, {2}, {2}}) == VoteChanges{});
}

TEST_CASE("those who stay decide when they are more than half of the voters") {
  CHECK(can_decide({1, 2, 3}, {1, 2}));
  CHECK_FALSE(can_decide({1, 2, 3}, {1, 4, 5}));
  CHECK_FALSE(can_decide({1, 2}, {1}));
  CHECK(can_decide({1}, {1, 2}));
}

TEST_CASE("whoever comes and goes: the voters that are up never become fewer, nor the losses that they bear, and an odd number stays odd") {
  std::mt19937 random(7);
  for (int round = 0; round < 5000; ++round) {
    Ids voters{1};
    for (int step = 0; step < 10; ++step) {
      Ids up{*voters.begin()};  // who leads
      Ids lost;
      for (VoterId id = 1; id <= 9; ++id) {
        if (random() % 2 == 0) up.insert(id);
        else if (random() % 2 == 0) lost.insert(id);
      }
      if (!can_decide(voters, up)) continue;  // nobody would lead
      const Ids now = steps({voters, up, lost});
      const auto alive = [&](const Ids& ids) { return std::count_if(ids.begin(), ids.end(), [&](VoterId id) { return up.contains(id); }); };
      REQUIRE(alive(now) >= alive(voters));
      REQUIRE(now.size() % 2 == 1);
      const auto losses = [&](const Ids& ids) { return alive(ids) - static_cast<std::ptrdiff_t>(ids.size() / 2 + 1); };
      REQUIRE(losses(now) >= losses(voters));
      REQUIRE(now.size() <= kMostVoters);
      voters = now;
    }
  }
}
