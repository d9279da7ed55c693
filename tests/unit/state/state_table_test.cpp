// Keyed state against a std::map, with snapshots under way while it changes.
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include <weir/state/state_table.hpp>

using namespace weir;

namespace {

using PlainKey = std::int64_t;
using Value = std::string;
using Model = std::map<PlainKey, Value>;
using Made = StateTable<PlainKey, Value>;

Made make_table(const std::string& name = "table") { return Made(name, KeyOwnership{}, Made::Tracking::On); }

Model content(const Made& table) {
  Model all;
  table.for_each([&](PlainKey key, const Value& value) { CHECK(all.emplace(key, value).second); });
  CHECK(all.size() == table.size());
  return all;
}

/// A table, its model, and random changes to both.
class Pair {
 public:
  Pair(std::uint64_t seed, PlainKey keys) : random_(seed), keys_(keys) {}

  void change() {
    const PlainKey key = static_cast<PlainKey>(random_() % static_cast<std::uint64_t>(keys_));
    switch (random_() % 8) {
      case 0:
      case 1: CHECK(table.erase(key) == (model.erase(key) > 0)); break;
      case 2:
        if (Value* value = table.edit_existing(key)) *value += "!";
        if (const auto found = model.find(key); found != model.end()) found->second += "!";
        break;
      case 3: {
        const Value* value = table.find(key);
        CHECK((value != nullptr) == model.contains(key));
        if (value != nullptr) CHECK(*value == model.at(key));
        break;
      }
      default: {
        const Value value = std::to_string(random_() % 1000);
        table.edit(key) = value;
        model[key] = value;
      }
    }
  }

  /// A snapshot written in small pieces while the table goes on changing.
  std::vector<StateChunk> snapshot(SnapshotMode mode) {
    std::vector<StateChunk> chunks;
    table.freeze(mode);
    while (!table.write_some(1 + random_() % 20, [&](StateChunk chunk) { chunks.push_back(std::move(chunk)); })) {
      for (std::uint64_t changes = random_() % 30; changes > 0; --changes) change();
    }
    return chunks;
  }

  Made table = make_table();
  Model model;

 private:
  std::mt19937_64 random_;
  PlainKey keys_;
};

Model restored(const std::vector<std::vector<StateChunk>>& chain) {
  Made table = make_table();
  for (const auto& chunks : chain) {
    for (const StateChunk& chunk : chunks) table.restore(chunk);
  }
  return content(table);
}

}  // namespace

TEST_CASE("a table does what a map does") {
  Pair pair(1, 5000);
  for (int i = 0; i < 200'000; ++i) pair.change();
  CHECK(content(pair.table) == pair.model);
}

TEST_CASE("a full snapshot holds the table as it was when frozen, whatever happens meanwhile") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Pair pair(seed, 400);
    for (int round = 0; round < 4; ++round) {
      for (int i = 0; i < 500; ++i) pair.change();
      const Model frozen = pair.model;
      CHECK(restored([&] {
        std::vector<std::vector<StateChunk>> chain;
        chain.push_back(pair.snapshot(SnapshotMode::Full));
        return chain;
      }()) == frozen);
      CHECK(content(pair.table) == pair.model);
    }
  }
}

TEST_CASE("a full snapshot and the deltas after it restore the table at any of them") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Pair pair(seed, 300);
    std::vector<std::vector<StateChunk>> chain;
    for (int round = 0; round < 8; ++round) {
      for (int i = 0; i < 200; ++i) pair.change();
      const Model frozen = pair.model;
      const auto mode = round == 0 ? SnapshotMode::Full : SnapshotMode::Delta;
      chain.push_back(pair.snapshot(mode));
      CHECK(restored(chain) == frozen);
    }
  }
}

TEST_CASE("after a snapshot was given up, the next full one is whole and deltas go on from it") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Pair pair(seed, 100);
    for (int i = 0; i < 200; ++i) pair.change();
    (void)pair.snapshot(SnapshotMode::Full);
    pair.table.freeze(seed % 2 == 0 ? SnapshotMode::Full : SnapshotMode::Delta);
    for (int i = 0; i < 50; ++i) pair.change();
    (void)pair.table.write_some(10, [](StateChunk) {});
    pair.table.discard();
    CHECK(pair.table.write_some(1, [](StateChunk) { FAIL("a snapshot that was given up goes on"); }));
    for (int i = 0; i < 50; ++i) pair.change();
    std::vector<std::vector<StateChunk>> chain;
    chain.push_back(pair.snapshot(SnapshotMode::Full));
    for (int i = 0; i < 50; ++i) pair.change();
    const Model frozen = pair.model;
    chain.push_back(pair.snapshot(SnapshotMode::Delta));
    CHECK(restored(chain) == frozen);
  }
}

TEST_CASE("a delta of many chunks gives its tombstones before its entries") {
  Made table = make_table();
  const std::string large(2000, 'x');
  for (PlainKey key = 0; key < 1000; ++key) table.put(key, large);
  std::vector<StateChunk> full;
  table.freeze(SnapshotMode::Full);
  while (!table.write_some(100, [&](StateChunk chunk) { full.push_back(std::move(chunk)); })) {
  }
  CHECK(full.size() > 2);
  for (PlainKey key = 0; key < 1000; ++key) table.erase(key);
  for (PlainKey key = 0; key < 1000; ++key) table.put(key, large);

  table.freeze(SnapshotMode::Delta);
  for (PlainKey key = 0; key < 900; ++key) table.put(key, "later");  // written out by the change itself
  bool entries = false;
  std::size_t rows = 0;
  Made again = make_table();
  for (const StateChunk& chunk : full) again.restore(chunk);
  bool done = false;
  while (!done) {
    done = table.write_some(100, [&](StateChunk chunk) {
      entries |= chunk.kind == ChunkKind::Entries;
      CHECK((!entries || chunk.kind == ChunkKind::Entries));
      rows += chunk.block.rows;
      again.restore(chunk);
    });
  }
  CHECK(rows == 2000);
  CHECK(content(again) == [&] {
    Model all;
    for (PlainKey key = 0; key < 1000; ++key) all[key] = large;
    return all;
  }());
}

TEST_CASE("no chunk grows far beyond its size, however large the entries are and whoever writes them out") {
  constexpr std::size_t kValue = 300'000;
  Made table = make_table();
  for (PlainKey key = 0; key < 40; ++key) table.put(key, std::string(kValue, 'a'));
  for (PlainKey key = 40; key < 60; ++key) table.put(key, "gone");
  for (const auto mode : {SnapshotMode::Full, SnapshotMode::Delta}) {
    for (PlainKey key = 0; key < 60; ++key) table.put(key, std::string(kValue, 'b'));
    for (PlainKey key = 40; key < 60; ++key) table.erase(key);
    const Model frozen = content(table);
    table.freeze(mode);
    for (PlainKey key = 0; key < 20; ++key) table.edit(key) += '!';
    std::vector<std::vector<StateChunk>> chain(1);
    for (bool done = false; !done;) {
      const std::size_t before = chain[0].size();
      done = table.write_some(1'000'000, [&](StateChunk chunk) {
        CHECK(chunk.block.size_bytes() < 3 * kValue);
        chain[0].push_back(std::move(chunk));
      });
      if (before > 0) CHECK(chain[0].size() <= before + 2);  // a step ends with its chunk
    }
    CHECK(restored(chain) == frozen);
  }
}

TEST_CASE("a delta holds what changed and nothing else") {
  Made table = make_table();
  for (PlainKey key = 0; key < 100; ++key) table.put(key, "a");
  table.freeze(SnapshotMode::Full);
  (void)table.write_some(1000, [](StateChunk) {});
  table.put(7, "b");
  (void)table.find(8);
  table.erase(9);
  table.freeze(SnapshotMode::Delta);
  std::map<ChunkKind, std::uint32_t> rows;
  CHECK(table.write_some(1000, [&](StateChunk chunk) { rows[chunk.kind] += chunk.block.rows; }));
  CHECK(rows == std::map<ChunkKind, std::uint32_t>{{ChunkKind::Entries, 1}, {ChunkKind::Tombstones, 1}});
}

TEST_CASE("entries keep their address until they are erased") {
  Made table = make_table();
  Value* first = &table.edit(0);
  *first = "kept";
  for (PlainKey key = 1; key < 20'000; ++key) table.put(key, "filler");
  CHECK(table.find(0) == first);
  CHECK(*first == "kept");
}

TEST_CASE("at another parallelism every entry is restored by exactly one task") {
  Made table = make_table();
  for (PlainKey key = 0; key < 2000; ++key) table.put(key, std::to_string(key));
  std::vector<StateChunk> chunks;
  table.freeze(SnapshotMode::Full);
  CHECK(table.write_some(10'000, [&](StateChunk chunk) { chunks.push_back(std::move(chunk)); }));
  for (std::uint32_t parallelism : {2u, 3u, 7u, 128u}) {
    Model all;
    for (std::uint32_t task = 0; task < parallelism; ++task) {
      Made part("table", KeyOwnership{groups_of_task(task, parallelism, 128), 128}, Made::Tracking::On);
      for (const StateChunk& chunk : chunks) part.restore(chunk);
      part.for_each([&](PlainKey key, const Value& value) { CHECK(all.emplace(key, value).second); });
    }
    CHECK(all == content(table));
  }
}

TEST_CASE("scoped keys stay with their key") {
  using Windows = StateTable<Scoped<PlainKey, EventTime>, std::int64_t>;
  for (PlainKey key = 0; key < 500; ++key) {
    CHECK(group_hash(Scoped<PlainKey, EventTime>{key, {1}}) == group_hash(Scoped<PlainKey, EventTime>{key, {2}}));
    CHECK(group_hash(Scoped<PlainKey, EventTime>{key, {1}}) == group_hash(key));
  }
  Windows table("windows", KeyOwnership{}, Windows::Tracking::On);
  table.edit({1, {10}}) = 5;
  table.edit({1, {20}}) = 6;
  CHECK(*table.find({1, {10}}) == 5);
  CHECK(table.find({2, {10}}) == nullptr);
}

TEST_CASE("erase_some looks at every entry once, however little at a time") {
  Made table = make_table();
  for (PlainKey key = 0; key < 1000; ++key) table.put(key, "x");
  std::uint32_t cursor = 0;
  do cursor = table.erase_some(cursor, 7, [](PlainKey key, const Value&) { return key % 3 == 0; });
  while (cursor != 0);
  CHECK(table.size() == 666);
  table.for_each([](PlainKey key, const Value&) { CHECK(key % 3 != 0); });
}

TEST_CASE("state of another type is refused with its name") {
  StateTable<PlainKey, std::int64_t> numbers("total", KeyOwnership{}, StateTable<PlainKey, std::int64_t>::Tracking::On);
  Made words = make_table("total");
  words.put(1, "one");
  words.freeze(SnapshotMode::Full);
  CHECK(words.write_some(10, [&](StateChunk chunk) {
    CHECK_THROWS_WITH(numbers.restore(chunk), doctest::Contains("state 'total' cannot be restored"));
  }));
}

namespace state_table_test {
struct User {
  std::int32_t id = 0;
  std::string shop;
  friend bool operator==(const User&, const User&) = default;
};
WEIR_RECORD(User, id, shop);
struct Wider {
  std::int64_t id = 0;
  std::string shop;
  friend bool operator==(const Wider&, const Wider&) = default;
};
WEIR_RECORD(Wider, id, shop);
struct Without {
  std::int32_t id = 0;
  friend bool operator==(const Without&, const Without&) = default;
};
WEIR_RECORD(Without, id);
struct Renamed {
  std::int32_t id = 0;
  std::string store;
  friend bool operator==(const Renamed&, const Renamed&) = default;
};
WEIR_RECORD(Renamed, id, store);
}  // namespace state_table_test

TEST_CASE("of a key only numbers may become wider: any other change would lose state and is refused") {
  using namespace state_table_test;
  StateTable<User, int> before("total", KeyOwnership{}, SlotMarks::Tracking::On);
  before.put({7, "north"}, 1);
  before.put({8, "south"}, 2);
  std::vector<StateChunk> chunks;
  const auto take = [&](StateChunk chunk) { chunks.push_back(std::move(chunk)); };
  before.freeze(SnapshotMode::Full);
  CHECK(before.write_some(10, take));
  before.erase({8, "south"});
  before.freeze(SnapshotMode::Delta);
  CHECK(before.write_some(10, take));
  REQUIRE(chunks.size() == 2);

  StateTable<Wider, int> wider("total", KeyOwnership{}, SlotMarks::Tracking::On);
  for (const StateChunk& chunk : chunks) wider.restore(chunk);
  CHECK(wider.size() == 1);
  CHECK(*wider.find({7, "north"}) == 1);
  const auto refusal = [&]<class K>(const K&, const StateChunk& chunk) {
    StateTable<K, int> table("total", KeyOwnership{}, SlotMarks::Tracking::On);
    try {
      table.restore(chunk);
    } catch (const Failure& failure) {
      return std::string(failure.what());
    }
    return std::string("none");
  };
  for (const StateChunk& chunk : chunks) {
    CHECK(refusal(Without{}, chunk) ==
          "state 'total' cannot be restored: its keys were stored as record:User{id int32,shop text} and are now "
          "record:Without{id int32}; keep the type of the key, or start without the checkpoint");
    CHECK(refusal(Renamed{}, chunk) != "none");
    CHECK(refusal(std::string(), chunk) != "none");
  }
}
