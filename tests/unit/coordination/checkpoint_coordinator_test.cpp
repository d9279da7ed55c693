// The life of a checkpoint: when it starts, what makes it complete, and what becomes of one that fails.
#include <doctest/doctest.h>

#include <algorithm>

#include <weir/coordination/checkpoint_coordinator.hpp>
#include <weir/operators/map.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/operators/rolling.hpp>
#include <weir/operators/sink.hpp>

#include "support/planned_ends.hpp"

using namespace weir;
using weir::testing::Nowhere;
using weir::testing::Numbers;

namespace {

/// Three tasks: one that reads, two that count.
Plan three_tasks() {
  Pipeline pipeline("job");
  pipeline.source("in", Numbers{}, {.parallelism = 1})
      .key_by([](const std::int64_t& n) { return n; })
      .count("count", {.parallelism = 2})
      .sink("out", Nowhere{}, {.parallelism = 2});
  return Plan::make(pipeline.graph(), {});
}

constexpr std::uint64_t kBase = 1000;  // bytes of a full part

struct Bench {
  explicit Bench(CheckpointOptions options = {.interval = Duration(100), .timeout = Duration(1000)})
      : plan(three_tasks()), shape(JobShape::of(plan)), coordinator(shape, options, "test") {
    REQUIRE(plan.tasks.size() == 3);
    coordinator.start(0, 1, {0});
  }

  NodeId counter() const {
    for (NodeId node = 0; node < plan.graph.nodes.size(); ++node) {
      if (plan.graph.nodes[node].name == "count") return node;
    }
    FAIL("no counter");
    return 0;
  }

  /// One task's part: a table if it counts.
  StoredParts parts(std::uint32_t task, const Barrier& barrier, std::uint64_t bytes) const {
    StoredParts stored;
    stored.mode = barrier.parent == 0 ? SnapshotMode::Full : SnapshotMode::Delta;
    const auto& nodes = plan.vertices[plan.tasks[task].vertex].nodes;
    if (std::find(nodes.begin(), nodes.end(), counter()) == nodes.end()) return stored;
    PartReference part;
    part.chunk = {barrier.checkpoint, counter(), plan.tasks[task].index, 0};
    part.table = "count";
    part.bytes = bytes;
    stored.parts[counter()].push_back(part);
    return stored;
  }

  std::optional<CommitRequest> store(std::uint32_t task, const Barrier& barrier, std::uint64_t bytes = kBase) {
    return coordinator.stored(task, barrier.checkpoint, parts(task, barrier, bytes));
  }

  /// All the way.
  Manifest complete(const Barrier& barrier, std::uint64_t bytes = kBase) {
    CHECK(!store(0, barrier, bytes));
    CHECK(!store(2, barrier, bytes));
    auto commit = store(1, barrier, bytes);
    REQUIRE(commit);
    CHECK(coordinator.committed(barrier.checkpoint, {0}));
    return commit->manifest;
  }

  Barrier trigger(Barrier::Mode mode = Barrier::Mode::Aligned) {
    const auto barrier = coordinator.trigger(mode, {0});
    REQUIRE(barrier);
    return *barrier;
  }

  Plan plan;
  JobShape shape;
  CheckpointCoordinator coordinator;
};

/// The checkpoints whose chunks a manifest names, for the counter's first task.
std::vector<std::uint64_t> chain(const Manifest& manifest) {
  std::vector<std::uint64_t> checkpoints;
  for (const OperatorParts& op : manifest.operators) {
    for (const PartReference& part : op.parts) {
      if (op.name == "count" && part.chunk.task == 0) checkpoints.push_back(part.chunk.checkpoint);
    }
  }
  return checkpoints;
}

}  // namespace

TEST_CASE("a checkpoint starts when its time has come, and one at a time") {
  Bench bench;
  CHECK(bench.coordinator.next_event() == ProcessingTime{100});
  CHECK(!bench.coordinator.tick({99}));
  const auto first = bench.coordinator.tick({100});
  REQUIRE(first);
  CHECK(first->checkpoint == 1);
  CHECK(!bench.coordinator.tick({300}));
  CHECK(!bench.coordinator.trigger(Barrier::Mode::Aligned, {300}));
}

TEST_CASE("without an interval a checkpoint starts only when asked for") {
  Bench bench({.interval = {}});
  CHECK(!bench.coordinator.next_event());
  CHECK(!bench.coordinator.tick({1'000'000}));
  CHECK(bench.trigger().checkpoint == 1);
}

TEST_CASE("a barrier says whether the job ends with it") {
  Bench bench;
  CHECK(bench.trigger().afterwards == Barrier::Afterwards::GoOn);
  bench.coordinator.abandon(1);
  CHECK(bench.coordinator.trigger(Barrier::Mode::Savepoint, {0}, Barrier::Afterwards::End)->afterwards == Barrier::Afterwards::End);
}

TEST_CASE("a checkpoint is complete when all tasks have stored their parts and its manifest is committed") {
  Bench bench;
  const Barrier barrier = bench.trigger();
  CHECK(!bench.store(0, barrier));
  CHECK(!bench.store(1, barrier));
  CHECK(!bench.coordinator.committed(1, {0}));
  const auto commit = bench.store(2, barrier);
  REQUIRE(commit);
  CHECK(commit->manifest.checkpoint == 1);
  CHECK(commit->manifest.attempt == 1);
  CHECK(commit->manifest.kind == ManifestKind::Checkpoint);
  CHECK(bench.coordinator.under_way() == 1);
  CHECK(bench.coordinator.committed(1, {0}));
  CHECK(!bench.coordinator.under_way());
  CHECK(!bench.coordinator.committed(1, {0}));
}

TEST_CASE("a checkpoint that takes too long is given up, but not while it is committed") {
  Bench bench;
  const Barrier slow = bench.trigger();
  CHECK(bench.coordinator.next_event() == ProcessingTime{1000});
  CHECK(!bench.coordinator.expire({999}));
  CHECK(bench.coordinator.expire({1000}) == slow.checkpoint);
  CHECK(!bench.coordinator.under_way());
  CHECK(!bench.store(0, slow));

  const Barrier committing = bench.trigger();
  for (std::uint32_t task = 0; task < 3; ++task) (void)bench.store(task, committing);
  CHECK(!bench.coordinator.expire({10'000}));
  CHECK(!bench.coordinator.next_event());
  CHECK(bench.coordinator.committed(committing.checkpoint, {10'000}));
}

TEST_CASE("the checkpoint after one that was given up is full, and has a number of its own") {
  Bench bench;
  bench.complete(bench.trigger());
  const Barrier failed = bench.trigger();
  CHECK(failed.parent == 1);
  bench.coordinator.abandon(failed.checkpoint);
  const Barrier next = bench.trigger();
  CHECK(next.checkpoint == 3);
  CHECK(next.parent == 0);
  CHECK(chain(bench.complete(next)) == std::vector<std::uint64_t>{3});
}

TEST_CASE("abandoning another checkpoint than the one under way changes nothing") {
  Bench bench;
  bench.complete(bench.trigger());
  bench.coordinator.abandon(1);
  const Barrier next = bench.trigger();
  CHECK(next.parent == 1);
  bench.coordinator.abandon(7);
  CHECK(bench.coordinator.under_way() == next.checkpoint);
}

TEST_CASE("deltas build on the last complete checkpoint until they outweigh it") {
  Bench bench;
  bench.complete(bench.trigger());
  CHECK(chain(bench.complete(bench.trigger(), 600)) == std::vector<std::uint64_t>{1, 2});
  CHECK(chain(bench.complete(bench.trigger(), 600)) == std::vector<std::uint64_t>{1, 2, 3});
  const Barrier full = bench.trigger();
  CHECK(full.parent == 0);
  CHECK(chain(bench.complete(full)) == std::vector<std::uint64_t>{4});
}

TEST_CASE("a chain of deltas is no longer than the options say") {
  Bench bench({.interval = {}, .longest_chain = 2});
  bench.complete(bench.trigger());
  CHECK(bench.trigger().parent == 1);
  bench.complete({2, 1}, 1);
  CHECK(bench.trigger().parent == 2);
  bench.complete({3, 2}, 1);
  CHECK(bench.trigger().parent == 0);
}

TEST_CASE("a savepoint's manifest says so") {
  Bench bench;
  bench.complete(bench.trigger());
  Barrier savepoint = bench.trigger(Barrier::Mode::Savepoint);
  savepoint.parent = 0;  // tasks store all of it
  const Manifest manifest = bench.complete(savepoint);
  CHECK(manifest.kind == ManifestKind::Savepoint);
  CHECK(chain(manifest) == std::vector<std::uint64_t>{2});
}

TEST_CASE("what a dead attempt still stores completes nothing") {
  Bench bench;
  const Barrier old = bench.trigger();
  CHECK(!bench.store(0, old));
  CHECK(!bench.store(1, old));
  bench.coordinator.stop();
  CHECK(!bench.store(2, old));
  CHECK(!bench.coordinator.committed(old.checkpoint, {0}));
  CHECK(!bench.coordinator.next_event());
  CHECK(!bench.coordinator.trigger(Barrier::Mode::Aligned, {0}));

  bench.coordinator.start(0, 2, {0});
  CHECK(!bench.store(2, old));
  const Barrier fresh = bench.trigger();
  CHECK(fresh.checkpoint > old.checkpoint);
  CHECK(!bench.store(2, old));
  CHECK(bench.complete(fresh).attempt == 2);
}

TEST_CASE("after a restore numbers go on from the checkpoint restored from, and the first is full") {
  Bench bench;
  bench.coordinator.stop();
  bench.coordinator.start(41, 2, {0});
  const Barrier barrier = bench.trigger();
  CHECK(barrier.checkpoint == 42);
  CHECK(barrier.parent == 0);
}
