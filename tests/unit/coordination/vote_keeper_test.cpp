// Who gets a vote and who loses it as nodes come, go and fail to catch up with the log, and when to look again.
#include <weir/coordination/vote_keeper.hpp>

#include <doctest/doctest.h>

using namespace weir;

namespace {

constexpr Duration kGrace{60'000};
constexpr ProcessingTime kBegin{1'000'000};

const VoteChanges kNothing;

}  // namespace

TEST_CASE("votes that are as they should be are left alone, and nobody looks again") {
  VoteKeeper keeper(kGrace);
  CHECK(keeper.next_event() == std::nullopt);
  CHECK(keeper.look({1}, {1}, kBegin) == kNothing);
  CHECK(keeper.look({1}, {1, 2}, kBegin + 1s) == kNothing);
  CHECK(keeper.look({1, 2, 3}, {1, 2, 3, 4}, kBegin + 2s) == kNothing);
  CHECK(keeper.next_event() == std::nullopt);
  CHECK_FALSE(keeper.due(kBegin + 1h));
}

TEST_CASE("a vote that is not granted is asked for again after five seconds, until it is") {
  VoteKeeper keeper(kGrace);
  const VoteChanges wanted = keeper.look({1}, {1, 2, 3}, kBegin);
  CHECK(wanted == VoteChanges{{3, 2}, {}});
  CHECK_FALSE(keeper.due(kBegin + 4999ms));
  REQUIRE(keeper.due(kBegin + 5s));
  CHECK(keeper.look({1}, {1, 2, 3}, kBegin + 5s) == wanted);
  REQUIRE(keeper.due(kBegin + 10s));
  CHECK(keeper.look({1, 3}, {1, 2, 3}, kBegin + 10s) == VoteChanges{{2}, {}});
  REQUIRE(keeper.due(kBegin + 15s));
  CHECK(keeper.look({1, 2, 3}, {1, 2, 3}, kBegin + 15s) == kNothing);
  CHECK(keeper.next_event() == std::nullopt);
}

TEST_CASE("a node that comes while votes are being granted is looked at once, and the rest again later") {
  VoteKeeper keeper(kGrace);
  keeper.look({1}, {1, 2, 3}, kBegin);
  CHECK(keeper.look({1}, {1, 2, 3, 4, 5}, kBegin + 1s).admit.size() == 4);
  CHECK(keeper.next_event() == kBegin + 6s);
}

TEST_CASE("a vote that is asked for no more, as its node is gone again, is not asked for later either") {
  VoteKeeper keeper(kGrace);
  keeper.look({1}, {1, 2, 3}, kBegin);
  CHECK(keeper.look({1}, {1, 2}, kBegin + 1s) == kNothing);
  CHECK(keeper.next_event() == std::nullopt);
}

TEST_CASE("a voter that is away for the grace loses its vote to a node that has none") {
  VoteKeeper keeper(kGrace);
  CHECK(keeper.look({1, 2, 3}, {1, 2, 4}, kBegin) == kNothing);
  CHECK(keeper.next_event() == kBegin + kGrace);
  CHECK(keeper.look({1, 2, 3}, {1, 2, 4}, kBegin + (kGrace - 1ms)) == kNothing);
  REQUIRE(keeper.due(kBegin + kGrace));
  CHECK(keeper.look({1, 2, 3}, {1, 2, 4}, kBegin + kGrace) == VoteChanges{{4}, {3}});
  CHECK(keeper.next_event() == kBegin + kGrace + 5s);  // whether it is so by then
  CHECK(keeper.look({1, 2, 4}, {1, 2, 4}, kBegin + kGrace + 5s) == kNothing);
  CHECK(keeper.next_event() == std::nullopt);
}

TEST_CASE("a lost voter's place is taken as soon as a node comes that has no vote") {
  VoteKeeper keeper(kGrace);
  keeper.look({1, 2, 3}, {1, 2}, kBegin);
  REQUIRE(keeper.due(kBegin + kGrace));
  CHECK(keeper.look({1, 2, 3}, {1, 2}, kBegin + kGrace) == kNothing);
  CHECK(keeper.next_event() == std::nullopt);  // there is nobody to wait for
  CHECK(keeper.look({1, 2, 3}, {1, 2, 4}, kBegin + 1h) == VoteChanges{{4}, {3}});
}

TEST_CASE("a voter that was back in between has the whole grace again") {
  VoteKeeper keeper(kGrace);
  keeper.look({1, 2, 3}, {1, 2, 4}, kBegin);
  CHECK(keeper.look({1, 2, 3}, {1, 2, 3, 4}, kBegin + 30s) == kNothing);
  CHECK(keeper.next_event() == std::nullopt);
  CHECK(keeper.look({1, 2, 3}, {1, 2, 4}, kBegin + 40s) == kNothing);
  CHECK(keeper.look({1, 2, 3}, {1, 2, 4}, kBegin + kGrace) == kNothing);
  CHECK(keeper.next_event() == kBegin + 40s + kGrace);
}

TEST_CASE("a voter at whose address another node came up is lost at once, and one that is up at another address is not") {
  VoteKeeper keeper(kGrace);
  CHECK(keeper.look({1, 2, 3}, {1, 2, 4}, kBegin, {3}) == VoteChanges{{4}, {3}});
  CHECK(keeper.look({1, 2, 3}, {1, 2, 3, 4}, kBegin, {3}) == kNothing);
}

TEST_CASE("of several voters that are away, each is lost in its own time") {
  VoteKeeper keeper(kGrace);
  keeper.look({1, 2, 3, 4, 5}, {1, 2, 3, 5, 6, 7}, kBegin);
  keeper.look({1, 2, 3, 4, 5}, {1, 2, 3, 6, 7}, kBegin + 10s);
  CHECK(keeper.next_event() == kBegin + kGrace);
  CHECK(keeper.look({1, 2, 3, 4, 5}, {1, 2, 3, 6, 7}, kBegin + kGrace) == VoteChanges{{7}, {4}});
  CHECK(keeper.look({1, 2, 3, 5, 7}, {1, 2, 3, 6, 7}, kBegin + kGrace + 5s) == kNothing);
  CHECK(keeper.next_event() == kBegin + 10s + kGrace);
  CHECK(keeper.look({1, 2, 3, 5, 7}, {1, 2, 3, 6, 7}, kBegin + 10s + kGrace) == VoteChanges{{6}, {5}});
}

TEST_CASE("whoever comes to lead counts from then on") {
  VoteKeeper before(kGrace);
  before.look({1, 2, 3}, {1, 2, 4}, kBegin);
  VoteKeeper keeper(kGrace);
  CHECK(keeper.look({1, 2, 3}, {1, 2, 4}, kBegin + 1h) == kNothing);
  CHECK(keeper.next_event() == kBegin + 1h + kGrace);
}
