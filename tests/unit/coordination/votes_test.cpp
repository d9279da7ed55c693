#include <weir/coordination/votes.hpp>

#include <algorithm>
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

}  // namespace

TEST_CASE("votes are given in pairs, up to five voters") {
  CHECK(change_votes({1}, {1, 2}, {}) == VoteChanges{});
  CHECK(after({1}, change_votes({1}, {1, 2, 3}, {})) == Ids{1, 2, 3});
  CHECK(after({1, 2, 3}, change_votes({1, 2, 3}, {1, 2, 3, 4}, {})) == Ids{1, 2, 3});
  CHECK(after({1, 2, 3}, change_votes({1, 2, 3}, {1, 2, 3, 4, 5, 6, 7}, {})).size() == 5);
}

TEST_CASE("a voter that is away keeps its vote, until it is lost and another takes its place") {
  CHECK(change_votes({1, 2, 3}, {1, 2, 4}, {}) == VoteChanges{});
  CHECK(change_votes({1, 2, 3}, {1, 2, 4}, {3}) == VoteChanges{{4}, {3}});
  CHECK(change_votes({1, 2, 3}, {1, 2}, {3}) == VoteChanges{});
  CHECK(change_votes({1, 2, 3}, {1, 2, 3, 4}, {3}) == VoteChanges{});  // it is back
}

TEST_CASE("an even number of voters becomes odd again") {
  CHECK(change_votes({1, 2, 3, 4}, {1, 2, 4}, {3}) == VoteChanges{{}, {3}});
  CHECK(after({1, 2}, change_votes({1, 2}, {1, 2, 3}, {})) == Ids{1, 2, 3});
  CHECK(change_votes({1, 2}, {1, 2}, {}) == VoteChanges{});
}

TEST_CASE("whoever comes and goes: the voters that are up never become fewer, and an odd number stays odd") {
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
      const Ids now = after(voters, change_votes(voters, up, lost));
      const auto alive = [&](const Ids& ids) { return std::count_if(ids.begin(), ids.end(), [&](VoterId id) { return up.contains(id); }); };
      REQUIRE(alive(now) >= alive(voters));
      REQUIRE(now.size() % 2 == 1);
      REQUIRE(now.size() >= voters.size());
      REQUIRE(now.size() <= kMostVoters);
      voters = now;
    }
  }
}
