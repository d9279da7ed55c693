// Which nodes a job can do without.
#include <doctest/doctest.h>

#include <weir/coordination/departures.hpp>

using namespace weir;

TEST_CASE("a node is released by a full checkpoint of which it keeps nothing, once that is complete") {
  Departures departures;
  CHECK(departures.all_released({}));
  departures.began(1, true, {1, 2}, {3});
  CHECK(!departures.released(3));
  departures.completed(1);
  CHECK(departures.released(3));
  CHECK(departures.all_released({3}));
  CHECK(!departures.all_released({2, 3}));
}

TEST_CASE("a checkpoint that only adds to an older one releases nobody") {
  Departures departures;
  departures.began(1, false, {1, 2}, {3});
  departures.completed(1);
  CHECK(!departures.released(3));
}

TEST_CASE("a node that leaves but has to keep copies, for want of others, is not released") {
  Departures departures;
  departures.began(1, true, {2, 3}, {2, 3});
  departures.completed(1);
  CHECK(!departures.released(2));
  CHECK(!departures.released(3));
}

TEST_CASE("a node that keeps something again is not released any more, nor by a checkpoint before that") {
  Departures departures;
  departures.began(1, true, {1, 2}, {3});
  departures.completed(1);
  departures.began(2, false, {1, 3}, {});
  CHECK(!departures.released(3));
  departures.completed(2);
  CHECK(!departures.released(3));
}

TEST_CASE("of full checkpoints that were given up the next one that completes counts") {
  Departures departures;
  departures.began(1, true, {1, 2}, {3});
  departures.began(2, true, {1}, {2, 3});
  departures.completed(2);
  CHECK(departures.all_released({2, 3}));
  departures.completed(1);  // too late to mean anything
  CHECK(departures.all_released({2, 3}));
}
