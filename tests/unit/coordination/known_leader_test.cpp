// Who leads, from what the log and other nodes say, in any order.
#include <doctest/doctest.h>

#include <weir/coordination/known_leader.hpp>

using weir::KnownLeader;
using Standing = KnownLeader::Standing;

TEST_CASE("a node without a log believes the heartbeat that names the newest term") {
  KnownLeader leader("d:1");
  leader.heard("a:1", 3);
  CHECK(leader.address() == "a:1");
  leader.heard("b:1", 5);
  CHECK(leader.address() == "b:1");
  leader.heard("a:1", 4);
  CHECK(leader.address() == "b:1");
  leader.heard("", 6);
  CHECK(leader.address() == "b:1");
  CHECK(leader.term() == 5);
  CHECK_FALSE(leader.here());
}

TEST_CASE("a leader that stepped down does not pass itself off as the next term's") {
  KnownLeader old("a:1");
  old.log_says("a:1", 3, Standing::Leads);
  CHECK(old.here());
  old.log_says("", 4, Standing::Follows);  // it gave its vote
  CHECK_FALSE(old.here());
  CHECK(old.address() == "a:1");
  CHECK(old.term() == 3);

  KnownLeader next("b:1");
  next.log_says("b:1", 4, Standing::Leads);
  next.heard(old.address(), old.term());
  CHECK(next.here());
  CHECK(next.address() == "b:1");

  KnownLeader third("c:1");
  third.heard(next.address(), next.term());
  third.heard(old.address(), old.term());
  CHECK(third.address() == "b:1");
}

TEST_CASE("a candidate that nobody voted for hides no leader of a lower term than its own") {
  KnownLeader leader("c:1");
  leader.log_says("a:1", 3, Standing::Follows);
  leader.log_says("", 9, Standing::Follows);  // cut off, it tried in vain
  leader.heard("b:1", 4);
  CHECK(leader.address() == "b:1");
}

TEST_CASE("a leader that hears of a newer one leads no more, and its log cannot take that back") {
  KnownLeader leader("a:1");
  leader.log_says("a:1", 3, Standing::Leads);
  leader.heard("b:1", 4);
  CHECK_FALSE(leader.here());
  leader.log_says("a:1", 3, Standing::Leads);
  CHECK_FALSE(leader.here());
  CHECK(leader.address() == "b:1");
  leader.log_says("a:1", 5, Standing::Leads);
  CHECK(leader.here());
  CHECK(leader.address() == "a:1");
}

TEST_CASE("a leader in the same term as another one's word of it goes on") {
  KnownLeader leader("a:1");
  leader.log_says("a:1", 3, Standing::Leads);
  leader.heard("a:1", 3);
  CHECK(leader.here());
}

TEST_CASE("one that is elected and not settled yet is known to lead, but not here") {
  KnownLeader leader("a:1");
  leader.log_says("a:1", 3, Standing::Follows);
  CHECK_FALSE(leader.here());
  CHECK(leader.address() == "a:1");
  leader.log_says("a:1", 3, Standing::Leads);
  CHECK(leader.here());
}

TEST_CASE("what others say of a node's former life does not make it lead") {
  KnownLeader leader("a:1");
  leader.heard("a:1", 7);
  CHECK(leader.address().empty());
  CHECK_FALSE(leader.here());
}
