// The cluster's log and its snapshots as bytes.
#include <doctest/doctest.h>

#include <algorithm>

#include <weir/wire/cluster_state_codec.hpp>

#include "support/cluster_samples.hpp"

using namespace weir;
using weir::testing::any_cluster_state;
using weir::testing::ClusterSamples;

TEST_CASE("every kind of command is the same after it was read back") {
  ClusterSamples samples(1);
  const std::vector<ClusterCommand> all = {
      command::Submit{samples.spec(), std::string("a\0b", 3), -1},
      command::BeginAttempt{1, 2, {3, ~std::uint64_t{0}}, 4},
      command::CommitCheckpoint{1, samples.manifest(5, 2), Barrier::Afterwards::End},
      command::CommitCheckpoint{1, samples.manifest(6, 2), Barrier::Afterwards::GoOn},
      command::Wish{1, JobWish::Savepoint, "/savepoints/1"},
      command::EndJob{1, 2, {JobOutcome::State::Failed, "no good", 3, 4}, 5, {6, 7}},
      command::ForgetJob{1},
      command::AdmitNode{{7, "a", "a:1", "a:2", ClusterNode::Role::WorkerOnly}},
      command::ForgetNode{7},
  };
  for (const ClusterCommand& command : all) {
    const auto read = wire::decode_command(wire::encode(command));
    REQUIRE_MESSAGE(read.ok(), (read.ok() ? "" : read.error().message));
    CHECK(*read == command);
  }
}

TEST_CASE("a state is the same after it was read back") {
  ClusterSamples samples(2);
  for (int i = 0; i < 50; ++i) {
    const ClusterState state = any_cluster_state(samples, 100);
    const auto read = wire::decode_cluster_state(wire::encode(state));
    REQUIRE_MESSAGE(read.ok(), (read.ok() ? "" : read.error().message));
    CHECK(*read == state);
  }
}

TEST_CASE("bytes that are cut off, and none, are refused") {
  const auto whole = wire::encode(command::ForgetJob{1});
  CHECK(wire::decode_command({}).error().message == "a command of the cluster's log is cut off: 0 bytes are not whole words");
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK(!wire::decode_command(std::span(whole).first(size)).ok());
}

TEST_CASE("a command of a later Weir is refused by its number") {
  auto bytes = wire::encode(command::ForgetJob{1});
  // The segment table and the root pointer are a word each; then comes the union's number.
  REQUIRE(bytes.size() > 16);
  REQUIRE(bytes[16] == std::byte{5});
  bytes[16] = std::byte{77};
  CHECK(wire::decode_command(bytes).error().message == "a command of the cluster's log cannot be read: this Weir does not know command 77");
}

TEST_CASE("a state that contradicts itself is refused") {
  ClusterState state;
  REQUIRE(state.apply(command::AdmitNode{{7, "a", "a:1", "a:2"}}));
  auto bytes = wire::encode(state);
  const auto id = std::find(bytes.rbegin(), bytes.rend(), std::byte{7});
  REQUIRE(id != bytes.rend());
  *id = std::byte{0};
  CHECK(wire::decode_cluster_state(bytes).error().message ==
        "a cluster's state cannot be read: a cluster's state contradicts itself: node 'a' is there twice");
}
