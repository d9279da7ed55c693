#include <weir/actors/part_store.hpp>

#include <doctest/doctest.h>

#include <weir/base/bytes.hpp>

#include "support/checkpoint_samples.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

constexpr std::size_t kBytes = 100;

/// Task 0 of a job of two stores its parts on this node, task 1 elsewhere.
ChunkId here(CheckpointId checkpoint) { return {checkpoint, 2, 0, 0}; }
ChunkId elsewhere(CheckpointId checkpoint) { return {checkpoint, 2, 1, 0}; }

wire::PartBytes part(const ChunkId& id) {
  return {id.checkpoint, id.operator_index, id.task, id.sequence, std::string(as_text(sample_bytes(id, kBytes)))};
}
wire::PartName name(const ChunkId& id) { return {id.checkpoint, id.operator_index, id.task, id.sequence}; }

Manifest manifest(CheckpointId checkpoint) {
  return sample_manifest(checkpoint, {part_of(here(checkpoint), kBytes), part_of(elsewhere(checkpoint), kBytes)});
}

void complete(PartStore& store, CheckpointId checkpoint) {
  REQUIRE(store.write({part(here(checkpoint))}));
  REQUIRE(store.keep(manifest(checkpoint), 2));
}

bool has(PartStore& store, CheckpointId checkpoint) { return store.read({name(here(checkpoint))}).missing.empty(); }

}  // namespace

TEST_CASE("what was stored is read, and what is elsewhere is missing") {
  const TemporaryDirectory directory;
  PartStore store(7, directory / "7");
  REQUIRE(store.write({part(here(1))}));
  const PartStore::Found found = store.read({name(here(1)), name(elsewhere(1))});
  REQUIRE(found.parts.size() == 1);
  CHECK(found.parts[0].bytes == part(here(1)).bytes);
  CHECK(found.missing == std::vector{name(elsewhere(1))});
}

TEST_CASE("of complete checkpoints the newest ones stay, and nothing is added to them") {
  const TemporaryDirectory directory;
  PartStore store(7, directory / "7");
  for (CheckpointId checkpoint = 1; checkpoint <= 4; ++checkpoint) complete(store, checkpoint);
  CHECK(!has(store, 2));
  CHECK(has(store, 3));
  CHECK(has(store, 4));
  CHECK(!store.write({part(here(4))}));
  CHECK(store.write({part(here(5))}));
}

TEST_CASE("an attempt goes on from its checkpoint, and what came after it is dropped") {
  const TemporaryDirectory directory;
  PartStore store(7, directory / "7");
  complete(store, 1);
  REQUIRE(store.write({part(here(2))}));
  SUBCASE("that was kept here") { REQUIRE(store.rewind(manifest(1), 2)); }
  SUBCASE("that became complete while this node was away") {
    REQUIRE(store.write({part(here(3))}));
    REQUIRE(store.rewind(manifest(2), 2));
    CHECK(has(store, 2));
    CHECK(!has(store, 3));
    return;
  }
  CHECK(has(store, 1));
  CHECK(!has(store, 2));
  CHECK(store.write({part(here(2))}));
}

TEST_CASE("a store outlives its process, and is gone when it is removed") {
  const TemporaryDirectory directory;
  { PartStore store(7, directory / "7"); complete(store, 1); }
  PartStore store(7, directory / "7");
  CHECK(has(store, 1));
  REQUIRE(store.clear());
  CHECK(!has(store, 1));
  store.remove();
  CHECK(!std::filesystem::exists(directory / "7"));
  REQUIRE(store.write({part(here(1))}));
  CHECK(has(store, 1));
}

TEST_CASE("a directory that cannot be used fails what is written and has nothing to read") {
  const TemporaryDirectory directory;
  { PartStore other(8, directory / "7"); complete(other, 1); }
  PartStore store(7, directory / "7");
  CHECK(!store.write({part(here(1))}));
  CHECK(store.read({name(here(1))}).missing.size() == 1);
}
