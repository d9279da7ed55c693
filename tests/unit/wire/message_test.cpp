// Control messages as bytes and back.
#include <doctest/doctest.h>

#include <weir/wire/control.hpp>
#include <weir/wire/message.hpp>

using namespace weir;

TEST_CASE("a message comes as it was sent") {
  const wire::Refused sent{"of another cluster", 7};
  const auto read = wire::decode<wire::Refused>(wire::encode(sent));
  REQUIRE(read.ok());
  CHECK(read->why == sent.why);
  CHECK(read->over == sent.over);
}

TEST_CASE("a message that says all by its name has no fields, and bytes nonetheless") {
  const std::string bytes = wire::encode(wire::KillWorker{});
  CHECK_FALSE(bytes.empty());
  CHECK(wire::decode<wire::KillWorker>(bytes).ok());
}

TEST_CASE("bytes that are no message, or another one, are an error") {
  CHECK_FALSE(wire::decode<wire::Refused>("nonsense").ok());
  CHECK_FALSE(wire::decode<wire::KillWorker>("").ok());
  CHECK_FALSE(wire::decode<wire::KillWorker>("nonsense").ok());
  CHECK_FALSE(wire::decode<wire::KillWorker>(wire::encode(wire::Refused{"", 0})).ok());
  CHECK_FALSE(wire::decode<wire::Refused>(wire::encode(wire::KillWorker{})).ok());
}
