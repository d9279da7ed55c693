// Which node begins a cluster, and when none may.
#include <doctest/doctest.h>

#include <weir/coordination/founders.hpp>

using namespace weir;

namespace {

const std::vector<std::string> kNamed = {"a:7070", "b:7070", "c:7070"};

}  // namespace

TEST_CASE("the node that is named first begins once all others say that they have no cluster") {
  Founders founders("a:7070", kNamed);
  CHECK(founders.begins_here());
  CHECK(founders.awaited() == std::vector<std::string>{"b:7070", "c:7070"});
  CHECK_FALSE(founders.may_begin());
  founders.heard(2, "b:7070", "");
  CHECK(founders.awaited() == std::vector<std::string>{"c:7070"});
  CHECK_FALSE(founders.may_begin());
  founders.heard(3, "c:7070", "");
  CHECK(founders.may_begin());
}

TEST_CASE("the nodes that are named after it never begin") {
  Founders founders("b:7070", kNamed);
  founders.heard(1, "a:7070", "");
  founders.heard(3, "c:7070", "");
  CHECK(founders.awaited().empty());
  CHECK_FALSE(founders.begins_here());
  CHECK_FALSE(founders.may_begin());
}

TEST_CASE("a node that is named nowhere, or to which nobody is named, begins nothing") {
  Founders stranger("d:7070", {"a:7070"});
  stranger.heard(1, "a:7070", "");
  CHECK_FALSE(stranger.may_begin());
  CHECK_FALSE(Founders("a:7070", {}).may_begin());
}

TEST_CASE("a node that is named alone may begin at once") { CHECK(Founders("a:7070", {"a:7070"}).may_begin()); }

TEST_CASE("while one of those named belongs to a cluster there is no second one") {
  Founders founders("a:7070", kNamed);
  founders.heard(2, "b:7070", "");
  founders.heard(3, "c:7070", "17");
  CHECK_FALSE(founders.may_begin());
}

TEST_CASE("what a node said counts while it is connected, and until it says otherwise") {
  Founders founders("a:7070", kNamed);
  founders.heard(2, "b:7070", "");
  founders.heard(3, "c:7070", "");
  founders.lost(2);
  CHECK_FALSE(founders.may_begin());
  founders.heard(2, "b:7070", "");
  CHECK(founders.may_begin());
  founders.heard(3, "c:7070", "17");
  CHECK_FALSE(founders.may_begin());
}

TEST_CASE("a node that listens at an address other than the one it is named by is awaited for ever") {
  Founders founders("a:7070", {"a:7070", "b:7070"});
  founders.heard(2, "10.0.0.2:7070", "");
  CHECK(founders.awaited() == std::vector<std::string>{"b:7070"});
}
