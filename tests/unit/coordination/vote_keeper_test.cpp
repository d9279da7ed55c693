// Who gets a vote and who loses it as nodes come, go and fail to catch up with the log, and when to look again.
#include <weir/coordination/vote_keeper.hpp>

#include <utility>

#include <doctest/doctest.h>

using namespace weir;

namespace {

constexpr Duration kGrace{60'000};
constexpr Duration kSettling{3000};
constexpr VoteKeeperOptions kOptions{.grace = kGrace, .settling = kSettling};
constexpr ProcessingTime kBegin{1'000'000};

const VoteChanges kNothing;

using Ids = std::set<VoterId>;

/// By node 1, which leads.
VotersInSight seen(Ids voters, Ids up, Ids leaving = {}, Ids replaced = {}) {
  return {1, std::move(voters), std::move(up), std::move(leaving), std::move(replaced)};
}

}  // namespace

TEST_CASE("votes that are as they should be are left alone, and nobody looks again") {
  VoteKeeper keeper(kOptions);
  CHECK(keeper.next_event() == std::nullopt);
  CHECK(keeper.look(seen({1}, {1}), kBegin) == kNothing);
  CHECK(keeper.look(seen({1}, {1, 2}), kBegin + 1s) == kNothing);
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 3, 4}), kBegin + 2s) == kNothing);
  CHECK(keeper.next_event() == std::nullopt);
  CHECK_FALSE(keeper.due(kBegin + 1h));
}

TEST_CASE("a vote that is not granted is asked for again after five seconds, until it is") {
  VoteKeeper keeper(kOptions);
  const VoteChanges wanted = keeper.look(seen({1}, {1, 2, 3}), kBegin);
  CHECK(wanted == VoteChanges{{3, 2}, {}});
  CHECK_FALSE(keeper.due(kBegin + 4999ms));
  REQUIRE(keeper.due(kBegin + 5s));
  CHECK(keeper.look(seen({1}, {1, 2, 3}), kBegin + 5s) == wanted);
  REQUIRE(keeper.due(kBegin + 10s));
  CHECK(keeper.look(seen({1, 3}, {1, 2, 3}), kBegin + 10s) == VoteChanges{{2}, {}});
  REQUIRE(keeper.due(kBegin + 15s));
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 3}), kBegin + 15s) == kNothing);
  CHECK(keeper.next_event() == std::nullopt);
}

TEST_CASE("a node that comes while votes are being granted is looked at once, and the rest again later") {
  VoteKeeper keeper(kOptions);
  keeper.look(seen({1}, {1, 2, 3}), kBegin);
  CHECK(keeper.look(seen({1}, {1, 2, 3, 4, 5}), kBegin + 1s) == VoteChanges{{5, 4}, {}});
  CHECK(keeper.next_event() == kBegin + 6s);
}

TEST_CASE("a vote that is asked for no more, as its node is gone again, is not asked for later either") {
  VoteKeeper keeper(kOptions);
  keeper.look(seen({1}, {1, 2, 3}), kBegin);
  CHECK(keeper.look(seen({1}, {1, 2}), kBegin + 1s) == kNothing);
  CHECK(keeper.next_event() == std::nullopt);
}

TEST_CASE("a voter that is away for the grace loses its vote to a node that has none") {
  VoteKeeper keeper(kOptions);
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 4}), kBegin) == kNothing);
  CHECK(keeper.next_event() == kBegin + kGrace);
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 4}), kBegin + (kGrace - 1ms)) == kNothing);
  REQUIRE(keeper.due(kBegin + kGrace));
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 4}), kBegin + kGrace) == VoteChanges{{4}, {}});
  CHECK(keeper.next_event() == kBegin + kGrace + 5s);  // whether it is so by then
  CHECK(keeper.look(seen({1, 2, 3, 4}, {1, 2, 4}), kBegin + kGrace + 1s) == VoteChanges{{}, {3}});
  CHECK(keeper.look(seen({1, 2, 4}, {1, 2, 4}), kBegin + kGrace + 5s) == kNothing);
  CHECK(keeper.next_event() == std::nullopt);
}

TEST_CASE("a lost voter's place is taken as soon as a node comes that has no vote") {
  VoteKeeper keeper(kOptions);
  keeper.look(seen({1, 2, 3}, {1, 2}), kBegin);
  REQUIRE(keeper.due(kBegin + kGrace));
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2}), kBegin + kGrace) == kNothing);
  CHECK(keeper.next_event() == std::nullopt);  // there is nobody to wait for
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 4}), kBegin + 1h) == VoteChanges{{4}, {}});
}

TEST_CASE("a voter that was back in between has the whole grace again") {
  VoteKeeper keeper(kOptions);
  keeper.look(seen({1, 2, 3}, {1, 2, 4}), kBegin);
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 3, 4}), kBegin + 30s) == kNothing);
  CHECK(keeper.next_event() == std::nullopt);
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 4}), kBegin + 40s) == kNothing);
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 4}), kBegin + kGrace) == kNothing);
  CHECK(keeper.next_event() == kBegin + 40s + kGrace);
}

TEST_CASE("a voter at whose address another node came up is lost at once, and one that is up at another address is not") {
  VoteKeeper keeper(kOptions);
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 4}, {}, {3}), kBegin) == VoteChanges{{4}, {}});
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 3, 4}, {}, {3}), kBegin) == kNothing);
}

TEST_CASE("of several voters that are away, each is lost in its own time") {
  VoteKeeper keeper(kOptions);
  keeper.look(seen({1, 2, 3, 4, 5}, {1, 2, 3, 5, 6, 7}), kBegin);
  keeper.look(seen({1, 2, 3, 4, 5}, {1, 2, 3, 6, 7}), kBegin + 10s);
  CHECK(keeper.next_event() == kBegin + kGrace);
  CHECK(keeper.look(seen({1, 2, 3, 4, 5}, {1, 2, 3, 6, 7}), kBegin + kGrace) == VoteChanges{{7}, {}});
  CHECK(keeper.look(seen({1, 2, 3, 5, 7}, {1, 2, 3, 6, 7}), kBegin + kGrace + 5s) == kNothing);
  CHECK(keeper.next_event() == kBegin + 10s + kGrace);
  CHECK(keeper.look(seen({1, 2, 3, 5, 7}, {1, 2, 3, 6, 7}), kBegin + 10s + kGrace) == VoteChanges{{6}, {}});
}

TEST_CASE("whoever comes to lead counts from then on") {
  VoteKeeper before(kOptions);
  before.look(seen({1, 2, 3}, {1, 2, 4}), kBegin);
  VoteKeeper keeper(kOptions);
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 4}), kBegin + 1h) == kNothing);
  CHECK(keeper.next_event() == kBegin + 1h + kGrace);
}

TEST_CASE("a voter that is to end loses its vote to a node that has none, after a moment") {
  VoteKeeper keeper(kOptions);
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 3, 4}, {3}), kBegin) == kNothing);
  CHECK(keeper.next_event() == kBegin + kSettling);
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 3, 4}, {3}), kBegin + kSettling) == VoteChanges{{4}, {}});
  CHECK(keeper.look(seen({1, 2, 3, 4}, {1, 2, 3, 4}, {3}), kBegin + kSettling + 1s) == VoteChanges{{}, {3}});
}

TEST_CASE("one of three voters leaves with its vote, however long it is away") {
  VoteKeeper keeper(kOptions);
  CHECK_FALSE(is_needed(3, seen({1, 2, 3}, {1, 2, 3}, {3})));
  keeper.look(seen({1, 2, 3}, {1, 2, 3}, {3}), kBegin);
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 3}, {3}), kBegin + kSettling) == kNothing);
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2}, {3}), kBegin + 1h) == kNothing);
}

TEST_CASE("the second of three voters stays until its vote and the absent one's are taken away, so that the third decides alone") {
  VoteKeeper keeper(kOptions);
  keeper.look(seen({1, 2, 3}, {1, 2}, {3}), kBegin);
  const VotersInSight both_leave = seen({1, 2, 3}, {1, 2}, {2, 3});
  CHECK(is_needed(2, both_leave));
  CHECK(keeper.look(both_leave, kBegin + 1min) == kNothing);
  CHECK(keeper.next_event() == kBegin + 1min + kSettling);
  CHECK(keeper.look(both_leave, kBegin + 1min + kSettling) == VoteChanges{{}, {3}});
  CHECK(is_needed(2, seen({1, 2}, {1, 2}, {2, 3})));
  CHECK(keeper.look(seen({1, 2}, {1, 2}, {2, 3}), kBegin + 1min + kSettling + 1s) == VoteChanges{{}, {2}});
  CHECK_FALSE(is_needed(2, seen({1}, {1, 2}, {2, 3})));
  CHECK(keeper.look(seen({1}, {1, 2}, {2, 3}), kBegin + 2min) == kNothing);
}

TEST_CASE("the second of three voters keeps its vote when the first one is back in time") {
  VoteKeeper keeper(kOptions);
  keeper.look(seen({1, 2, 3}, {1, 2}, {3}), kBegin);
  keeper.look(seen({1, 2, 3}, {1, 2}, {2, 3}), kBegin + 10s);
  CHECK_FALSE(is_needed(2, seen({1, 2, 3}, {1, 2, 3}, {2})));
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 3}, {2}), kBegin + 12s) == kNothing);
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2, 3}, {2}), kBegin + 10s + kSettling) == kNothing);
  CHECK(keeper.next_event() == std::nullopt);
}

TEST_CASE("a voter that is merely away keeps its vote, and one that is to end waits for it, until it was away for too long") {
  VoteKeeper keeper(kOptions);
  keeper.look(seen({1, 2, 3}, {1, 2}), kBegin);
  const VotersInSight one_leaves = seen({1, 2, 3}, {1, 2}, {2});
  CHECK(is_needed(2, one_leaves));
  CHECK(keeper.look(one_leaves, kBegin + 30s) == kNothing);
  CHECK(keeper.look(one_leaves, kBegin + 40s) == kNothing);
  CHECK(keeper.look(one_leaves, kBegin + kGrace) == VoteChanges{{}, {3}});
}

TEST_CASE("a leader that is to end, and has the only vote, gives one to another node after a moment") {
  VoteKeeper keeper(kOptions);
  CHECK(keeper.look(seen({1}, {1, 2}, {1}), kBegin) == kNothing);
  CHECK(keeper.next_event() == kBegin + kSettling);
  CHECK(keeper.look(seen({1}, {1, 2}, {1}), kBegin + kSettling) == VoteChanges{{2}, {}});
  CHECK(keeper.look(seen({1, 2}, {1, 2}, {1}), kBegin + kSettling + 1s) == kNothing);  // the other one leads soon
}

TEST_CASE("when all are to end all votes stay, and nobody waits") {
  for (const Ids& voters : {Ids{1}, Ids{1, 2}, Ids{1, 2, 3}}) {
    VoteKeeper keeper(kOptions);
    const VotersInSight all_leave = seen(voters, {1, 2, 3}, {1, 2, 3});
    keeper.look(all_leave, kBegin);
    CHECK(keeper.look(all_leave, kBegin + 1h) == kNothing);
    for (const VoterId voter : voters) CHECK_FALSE(is_needed(voter, all_leave));
  }
}

TEST_CASE("a node that has no vote is not needed for it, and gets none when it is to end") {
  VoteKeeper keeper(kOptions);
  CHECK_FALSE(is_needed(2, seen({1}, {1, 2, 3}, {2})));
  CHECK(keeper.look(seen({1}, {1, 2, 3}, {2}), kBegin) == kNothing);
}

TEST_CASE("a node that does not catch up keeps neither another from a vote nor one that leaves from giving up its own") {
  VoteKeeper keeper(kOptions);
  const VotersInSight others = seen({1, 2, 3}, {1, 2, 4, 5}, {}, {3});
  CHECK(keeper.look(others, kBegin) == VoteChanges{{5}, {}});
  CHECK(keeper.look(others, kBegin + 5s) == VoteChanges{{5}, {}});
  CHECK(keeper.look(others, kBegin + 10s) == VoteChanges{{4}, {}});

  VoteKeeper with_one(kOptions);
  const VotersInSight leaving = seen({1, 2, 3}, {1, 2, 4}, {2, 3});
  with_one.look(leaving, kBegin);
  CHECK(with_one.look(leaving, kBegin + kSettling) == VoteChanges{{4}, {}});
  CHECK(with_one.look(leaving, kBegin + kSettling + 10s) == VoteChanges{{}, {3}});
}

TEST_CASE("who is to end does not rely on a vote that may be taken away at any moment, though its node is back") {
  VoteKeeper keeper(kOptions);
  keeper.look(seen({1, 2, 3}, {1, 2}, {2, 3}), kBegin);
  const VotersInSight is_back = seen({1, 2, 3}, {1, 2, 3}, {2});
  CHECK_FALSE(keeper.needs(2, is_back));
  CHECK(keeper.look(seen({1, 2, 3}, {1, 2}, {2, 3}), kBegin + kSettling) == VoteChanges{{}, {3}});
  CHECK(keeper.needs(2, is_back));
  CHECK(keeper.look(is_back, kBegin + kSettling + 10s) == kNothing);  // it was not logged
  CHECK_FALSE(keeper.needs(2, is_back));
}

TEST_CASE("who is to end does not rely on votes that may be taken away in any order") {
  VoteKeeper keeper(kOptions);
  keeper.look(seen({1, 2, 3, 4, 5}, {1, 2, 3, 4}, {3, 4, 5}), kBegin);
  CHECK(keeper.look(seen({1, 2, 3, 4, 5}, {1, 2, 3, 4}, {3, 4, 5}), kBegin + kSettling) == VoteChanges{{}, {5}});
  CHECK(keeper.look(seen({1, 2, 3, 4, 5}, {1, 2, 3, 5}, {3, 4, 5}), kBegin + kSettling + 1s) == VoteChanges{{}, {4}});
  const VotersInSight is_back = seen({1, 2, 3, 4, 5}, {1, 2, 3, 5}, {3, 4});
  CHECK_FALSE(is_needed(3, is_back));
  CHECK(keeper.needs(3, is_back));  // of 1, 2, 3 and 4, should the vote of 5 go first, 1 and 2 would be too few
}
