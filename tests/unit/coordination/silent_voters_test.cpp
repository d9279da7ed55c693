#include <weir/coordination/silent_voters.hpp>

#include <doctest/doctest.h>

using namespace weir;

TEST_CASE("the voters that do not answer are named, by what people call them where that is known") {
  const std::map<VoterId, std::string> voters = {{1, "h:1"}, {2, "h:2"}, {3, "h:3"}};
  const std::map<std::string, std::string> names = {{"h:1", "a"}, {"h:2", "b"}, {"h:9", "none"}};
  CHECK(silent_voters(voters, {1}, names) == "of its 3 voters these do not answer: 'b' at h:2, h:3");
  CHECK(silent_voters(voters, {1, 3}, names) == "of its 3 voters these do not answer: 'b' at h:2");
}

TEST_CASE("where all voters answer, or none is known, nobody is named") {
  CHECK(silent_voters({{1, "h:1"}}, {1, 2}, {}).empty());
  CHECK(silent_voters({}, {}, {}).empty());
}

TEST_CASE("a node without a name of its own is its address") {
  CHECK(name_at("h:1", {{"h:1", "h:1"}}) == "h:1");
}
