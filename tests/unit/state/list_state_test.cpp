// State of a task rather than of a key.
#include <doctest/doctest.h>

#include <vector>

#include <weir/state/operator_state.hpp>

using namespace weir;

namespace {

OperatorState make_state(std::uint32_t task, std::uint32_t parallelism, std::vector<StateChunk> restored = {}) {
  StateScope scope{"op", task, parallelism, {}, true};
  return OperatorState(std::move(scope), std::move(restored));
}

std::vector<StateChunk> written(OperatorState& state) {
  std::vector<StateChunk> chunks;
  state.freeze(SnapshotMode::Full);
  while (!state.write_some(3, [&](StateChunk chunk) { chunks.push_back(std::move(chunk)); })) {
  }
  return chunks;
}

StateChunk copy(const StateChunk& chunk) { return {chunk.table, chunk.kind, chunk.schema, chunk.block.copy()}; }

}  // namespace

TEST_CASE("the items of a split list are dealt out among all tasks, each to one; those of a union list go to all") {
  std::vector<StateChunk> chunks;
  std::size_t total = 0;
  for (std::uint32_t task = 0; task < 3; ++task) {
    OperatorState state = make_state(task, 3);
    auto& split = state.list<int>("split", ChunkKind::Split);
    auto& shared = state.list<int>("shared", ChunkKind::Union);
    for (std::uint32_t i = 0; i < 2 + task; ++i) split.push_back(static_cast<int>(++total));
    shared.push_back(static_cast<int>(task));
    for (StateChunk& chunk : written(state)) chunks.push_back(std::move(chunk));
  }
  for (std::uint32_t parallelism : {1u, 2u, 3u, 5u, 12u}) {
    std::vector<int> seen(total + 1);
    for (std::uint32_t task = 0; task < parallelism; ++task) {
      std::vector<StateChunk> copies;
      for (const StateChunk& chunk : chunks) copies.push_back(copy(chunk));
      OperatorState state = make_state(task, parallelism, std::move(copies));
      CHECK(state.restored());
      for (const int item : state.list<int>("split", ChunkKind::Split)) ++seen[static_cast<std::size_t>(item)];
      CHECK(state.list<int>("shared", ChunkKind::Union) == std::vector<int>{0, 1, 2});
      CHECK(state.unclaimed().empty());
    }
    for (std::size_t item = 1; item <= total; ++item) CHECK(seen[item] == 1);
  }
}

TEST_CASE("a list is snapshotted as it was when frozen") {
  OperatorState state = make_state(0, 1);
  auto& items = state.list<std::string>("items", ChunkKind::Split);
  items = {"a", "b"};
  state.freeze(SnapshotMode::Delta);
  items.push_back("c");
  std::uint32_t rows = 0;
  CHECK(state.write_some(100, [&](StateChunk chunk) { rows += chunk.block.rows; }));
  CHECK(rows == 2);
}

TEST_CASE("state is named once, and stored state must be claimed") {
  OperatorState before = make_state(0, 1);
  before.list<int>("old", ChunkKind::Split).push_back(1);
  OperatorState state = make_state(0, 1, written(before));
  state.list<int>("new", ChunkKind::Split);
  CHECK(state.unclaimed() == std::vector<std::string>{"old"});
  CHECK_THROWS_WITH((state.table<int, int>("new")), "operator 'op' declares state 'new' twice; rename one");
  CHECK_THROWS_WITH((state.table<int, int>("")), "operator 'op' declares state without a name; name it");
}

TEST_CASE("a task that is given its own split list keeps all of it, in order, however many chunks it took") {
  OperatorState before = make_state(1, 3);
  auto& items = before.list<std::string>("items", ChunkKind::Split);
  for (int i = 0; i < 20; ++i) items.push_back(std::to_string(i) + std::string(100'000, '.'));
  std::vector<StateChunk> chunks = written(before);
  CHECK(chunks.size() > 3);
  for (StateChunk& chunk : chunks) {
    CHECK(chunk.block.size_bytes() < 700'000);
    CHECK(chunk.kind == ChunkKind::Split);
    chunk.kind = ChunkKind::Own;
  }
  OperatorState after = make_state(1, 3, std::move(chunks));
  CHECK(after.list<std::string>("items", ChunkKind::Split) == items);
}

TEST_CASE("a task whose lists are empty is told from one that never ran") {
  OperatorState before = make_state(0, 1);
  before.list<int>("items", ChunkKind::Split);
  CHECK(make_state(0, 1, written(before)).restored());
  CHECK_FALSE(make_state(0, 1).restored());
}
