// State in buckets against a std::map, with snapshots under way while buckets come and go.
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include <weir/state/bucket_table.hpp>
#include <weir/state/state_table.hpp>

using namespace weir;

namespace {

using Made = BucketTable<std::int64_t, std::string>;
using Place = std::pair<std::int64_t, std::int64_t>;  // bucket, key
using Model = std::map<Place, std::string>;

Made make_table() { return Made("table", KeyOwnership{}, Made::Tracking::On); }

std::string& edit(Made& table, std::int64_t bucket, std::int64_t key) {
  return table.edit(table.bucket(bucket), key, {hash_of(key), SlotIndex::kNone}).entry.value;
}

void drop_oldest(Made& table) {
  auto& bucket = *table.oldest();
  while (bucket.last()) table.drop_last(bucket);
  table.drop(bucket);
}

Model content(const Made& table) {
  Model all;
  table.for_each([&](const Made::Bucket& bucket) {
    std::size_t entries = 0;
    bucket.for_each([&](const Made::Entry& entry) {
      CHECK(all.emplace(Place(bucket.number(), entry.key), entry.value).second);
      ++entries;
    });
    CHECK(bucket.size() == entries);
  });
  return all;
}

/// Windows that move on: entries are made and changed in the last few buckets, and the oldest one goes a little at a time.
class Pair {
 public:
  explicit Pair(std::uint64_t seed) : random_(seed) {}

  void change() {
    if (draw(300) == 0) ++newest_;
    auto* oldest = table.oldest();
    const bool dropping = oldest && oldest->number() < newest_ - 3;
    if (dropping && draw(2) == 0) {
      const auto entries = oldest->last_some(1 + draw(5));
      for (const auto& entry : entries) model.erase({oldest->number(), entry.key});
      if (entries.empty()) table.drop(*oldest);
      else if (entries.size() == 1) table.drop_last(*oldest);
      else table.drop_last(*oldest, entries.size());
      return;
    }
    const std::int64_t bucket = newest_ - static_cast<std::int64_t>(draw(3));
    const auto key = static_cast<std::int64_t>(draw(40));
    const std::string value = std::to_string(draw(1000));
    edit(table, bucket, key) = value;
    model[{bucket, key}] = value;
  }

  std::vector<StateChunk> snapshot(SnapshotMode mode) {
    std::vector<StateChunk> chunks;
    table.freeze(mode);
    while (!table.write_some(1 + draw(20), [&](StateChunk chunk) { chunks.push_back(std::move(chunk)); })) {
      for (std::uint64_t changes = draw(60); changes > 0; --changes) change();
    }
    return chunks;
  }

  Made table = make_table();
  Model model;

 private:
  std::uint64_t draw(std::uint64_t below) { return random_() % below; }

  std::mt19937_64 random_;
  std::int64_t newest_ = 3;
};

using Chain = std::vector<std::vector<StateChunk>>;

Model restored(const Chain& chain) {
  Made table = make_table();
  for (const auto& chunks : chain) {
    for (const StateChunk& chunk : chunks) table.restore(chunk);
  }
  return content(table);
}

std::map<ChunkKind, std::uint32_t> rows_of_delta(Made& table) {
  std::map<ChunkKind, std::uint32_t> rows;
  table.freeze(SnapshotMode::Delta);
  CHECK(table.write_some(1000, [&](StateChunk chunk) { rows[chunk.kind] += chunk.block.rows; }));
  return rows;
}

}  // namespace

TEST_CASE("buckets do what a map of maps does, at any snapshot and after it") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Pair pair(seed);
    Chain chain;
    for (int round = 0; round < 8; ++round) {
      for (int i = 0; i < 400; ++i) pair.change();
      const Model frozen = pair.model;
      const bool full = round % 5 == 0;
      if (full) chain.clear();
      chain.push_back(pair.snapshot(full ? SnapshotMode::Full : SnapshotMode::Delta));
      CHECK(restored(chain) == frozen);
      CHECK(content(pair.table) == pair.model);
    }
  }
}

TEST_CASE("after a snapshot of buckets was given up, the next full one is whole and deltas go on from it") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Pair pair(seed);
    for (int i = 0; i < 500; ++i) pair.change();
    (void)pair.snapshot(SnapshotMode::Full);
    pair.table.freeze(seed % 2 == 0 ? SnapshotMode::Full : SnapshotMode::Delta);
    for (int i = 0; i < 50; ++i) pair.change();
    (void)pair.table.write_some(10, [](StateChunk) {});
    pair.table.discard();
    CHECK(pair.table.write_some(1, [](StateChunk) { FAIL("a snapshot that was given up goes on"); }));
    Chain chain;
    chain.push_back(pair.snapshot(SnapshotMode::Full));
    for (int i = 0; i < 500; ++i) pair.change();
    const Model frozen = pair.model;
    chain.push_back(pair.snapshot(SnapshotMode::Delta));
    CHECK(restored(chain) == frozen);
  }
}

TEST_CASE("what was restored goes on: later deltas say what was dropped of it") {
  Pair pair(7);
  for (int i = 0; i < 500; ++i) pair.change();
  Chain chain;
  chain.push_back(pair.snapshot(SnapshotMode::Full));
  Made again = make_table();
  for (const StateChunk& chunk : chain[0]) again.restore(chunk);
  Model left = content(again);
  std::erase_if(left, [&](const auto& entry) { return entry.first.first == again.oldest()->number(); });
  drop_oldest(again);
  chain.emplace_back();
  again.freeze(SnapshotMode::Delta);
  CHECK(again.write_some(100'000, [&](StateChunk chunk) { chain[1].push_back(std::move(chunk)); }));
  CHECK(restored(chain) == left);
}

TEST_CASE("what comes and goes between two snapshots is in neither") {
  Made table = make_table();
  edit(table, 1, 5) = "stays";
  CHECK(rows_of_delta(table) == std::map<ChunkKind, std::uint32_t>{{ChunkKind::Entries, 1}});
  edit(table, 0, 5) = "goes";
  drop_oldest(table);
  CHECK(rows_of_delta(table).empty());
  drop_oldest(table);
  CHECK(rows_of_delta(table) == std::map<ChunkKind, std::uint32_t>{{ChunkKind::Tombstones, 1}});
}

TEST_CASE("entries of a bucket keep their address, and a bucket in the place of an old one begins empty") {
  Made table = make_table();
  for (std::int64_t number = 0; number < 20; ++number) {
    CHECK(table.bucket(number).size() == 0);
    const std::string* first = &edit(table, number, 0);
    CHECK(first->empty());
    for (std::int64_t key = 0; key < 5000; ++key) edit(table, number, key) = std::to_string(number);
    CHECK(&edit(table, number, 0) == first);
    if (number > 0) drop_oldest(table);
  }
  CHECK(content(table).size() == 5000);
}

TEST_CASE("a bucket's last entries go some at a time, each once, whether or not changes are tracked") {
  for (const auto tracking : {Made::Tracking::Off, Made::Tracking::On}) {
    Made table("table", KeyOwnership{}, tracking);
    for (std::int64_t key = 0; key < 100; ++key) edit(table, 3, key) = "a text that is too long to lie inside the string itself";
    auto& bucket = table.bucket(3);
    std::map<std::int64_t, int> seen;
    while (bucket.size() > 0) {
      const auto entries = bucket.last_some(7);
      REQUIRE(!entries.empty());
      CHECK(entries.size() <= 7);
      for (const Made::Entry& entry : entries) ++seen[entry.key];
      const std::size_t before = bucket.size();
      table.drop_last(bucket, entries.size());
      CHECK(bucket.size() == before - entries.size());
      CHECK(content(table).size() == bucket.size());
    }
    CHECK(bucket.last_some(7).empty());
    table.drop(bucket);
    CHECK(table.oldest() == nullptr);
    CHECK(seen.size() == 100);
    for (const auto& [key, times] : seen) CHECK(times == 1);
  }
}

TEST_CASE("every place of a bucket is visited once, however few at a time") {
  Made table = make_table();
  for (std::int64_t key = 0; key < 100; ++key) edit(table, 3, key);
  std::map<std::int64_t, int> seen;
  std::uint32_t place = 0;
  do place = table.bucket(3).visit_some(place, 7, [&](const Made::Entry& entry) { ++seen[entry.key]; });
  while (place != 0);
  CHECK(seen.size() == 100);
  for (const auto& [key, times] : seen) CHECK(times == 1);
  CHECK(table.below(3) == nullptr);
  CHECK(table.below(4)->number() == 3);
}

TEST_CASE("a bucket with entries is not dropped") {
  Made table = make_table();
  edit(table, 1, 1);
  CHECK_THROWS_AS(table.drop(table.bucket(1)), Bug);
}

TEST_CASE("at another parallelism every entry of every bucket is restored by exactly one task") {
  Made table = make_table();
  for (std::int64_t key = 0; key < 2000; ++key) edit(table, key % 5, key) = std::to_string(key);
  std::vector<StateChunk> chunks;
  table.freeze(SnapshotMode::Full);
  CHECK(table.write_some(10'000, [&](StateChunk chunk) { chunks.push_back(std::move(chunk)); }));
  for (const std::uint32_t parallelism : {2U, 3U, 7U}) {
    Model all;
    for (std::uint32_t task = 0; task < parallelism; ++task) {
      Made part("table", KeyOwnership{groups_of_task(task, parallelism, 128), 128}, Made::Tracking::On);
      for (const StateChunk& chunk : chunks) part.restore(chunk);
      all.merge(content(part));
    }
    CHECK(all == content(table));
  }
}

TEST_CASE("a table of keys and buckets, and buckets, read each other's snapshots") {
  StateTable<Scoped<std::int64_t, std::int64_t>, std::string> flat("table", KeyOwnership{}, SlotMarks::Tracking::On);
  flat.put({5, 1}, "a");
  flat.put({5, 2}, "b");
  Made table = make_table();
  flat.freeze(SnapshotMode::Full);
  CHECK(flat.write_some(10, [&](StateChunk chunk) { table.restore(chunk); }));
  CHECK(content(table) == Model{{{1, 5}, "a"}, {{2, 5}, "b"}});
}
