#include <weir/state/checkpoint_store.hpp>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <doctest/doctest.h>

#include <support/checkpoint_samples.hpp>
#include <support/temporary_directory.hpp>

using namespace weir;
using namespace weir::testing;

namespace {

using Checkpoints = std::vector<std::uint64_t>;

std::unique_ptr<CheckpointStore> open_orders(const std::filesystem::path& directory) {
  return CheckpointStore::open(directory, orders()).or_throw();
}

/// What the store must hold, kept in the simplest way.
struct Model {
  std::map<std::uint64_t, std::set<ChunkId>> complete;
  std::map<ChunkId, std::size_t> chunks;

  bool referenced(const ChunkId& id) const {
    return std::any_of(complete.begin(), complete.end(),
                       [&](const auto& one) { return one.second.contains(id); });
  }
  void retain(std::size_t count) {
    if (complete.empty()) return;
    const std::uint64_t newest = complete.rbegin()->first;
    const std::set<ChunkId> chunks_of_newest = complete.rbegin()->second;
    const auto shares = [&](const std::set<ChunkId>& other) {
      return std::any_of(other.begin(), other.end(), [&](const ChunkId& id) { return chunks_of_newest.contains(id); });
    };
    const auto independent = std::find_if(complete.rbegin(), complete.rend(), [&](const auto& one) {
      return one.first != newest && !shares(one.second);
    });
    const std::uint64_t spare = count > 1 && independent != complete.rend() ? independent->first : newest;
    std::size_t older = complete.size();
    std::erase_if(complete, [&](const auto& one) { return older-- > count && one.first != spare; });
    std::erase_if(chunks, [&](const auto& one) {
      return one.first.checkpoint <= newest && !referenced(one.first);
    });
  }
  void rewind_to(std::uint64_t checkpoint) {
    std::erase_if(complete, [&](const auto& one) { return one.first > checkpoint; });
    std::erase_if(chunks, [&](const auto& one) { return one.first.checkpoint > checkpoint; });
  }
  Checkpoints newest_first() const {
    Checkpoints list;
    for (const auto& one : complete) list.insert(list.begin(), one.first);
    return list;
  }
};

class RandomRun {
 public:
  explicit RandomRun(std::uint64_t seed) : random_(seed), store_(open_orders(directory_.path())) {}

  void step() {
    switch (draw(8)) {
      case 0:
        store_->retain(1 + draw(3)).or_throw();
        model_.retain(last_draw_ + 1);
        break;
      case 1:
        rewind();
        break;
      case 2:
        store_.reset();
        store_ = open_orders(directory_.path());
        break;
      case 3:
        if (draw(10) == 0) {
          store_->clear().or_throw();
          model_ = {};
        }
        break;
      case 4:
        write(next_);
        break;  // an attempt that may be given up
      default:
        complete();
        break;
    }
  }

  void check() const {
    CHECK(store_->checkpoints() == model_.newest_first());
    for (const auto& chunk : model_.chunks) {
      const auto content = store_->read(chunk.first);
      REQUIRE_MESSAGE(content.ok(), to_text(chunk.first));
      REQUIRE_MESSAGE(*content == sample_bytes(chunk.first, chunk.second), to_text(chunk.first));
    }
    for (const ChunkId& id : written_) {
      if (!model_.chunks.contains(id)) REQUIRE_MESSAGE(!store_->read(id).ok(), to_text(id));
    }
    CHECK(store_->newest().value().warnings.empty());
  }

 private:
  std::uint32_t draw(std::uint32_t below) {
    return last_draw_ = static_cast<std::uint32_t>(random_() % below);
  }

  void write(std::uint64_t checkpoint) {
    std::vector<Chunk> chunks;
    const std::uint32_t count = draw(6);
    for (std::uint32_t i = 0; i < count; ++i) {
      const ChunkId id{checkpoint, draw(3), draw(3), draw(4)};
      if (std::any_of(chunks.begin(), chunks.end(),
                      [&](const Chunk& chunk) { return chunk.id == id; }))
        continue;
      const std::size_t bytes = draw(3) == 0 ? draw(60'000) : draw(3000);
      chunks.push_back(sample_chunk(id, bytes));
      model_.chunks[id] = bytes;
      written_.insert(id);
    }
    std::shuffle(chunks.begin(), chunks.end(), random_);
    store_->write(chunks).or_throw();
  }

  /// Completes a checkpoint that references new chunks, and some of the one before.
  void complete() {
    write(next_);
    std::set<ChunkId> references;
    for (const auto& [id, bytes] : model_.chunks) {
      const bool before = !model_.complete.empty() && model_.complete.rbegin()->second.contains(id);
      if (id.checkpoint == next_ ? draw(5) != 0 : before && draw(3) != 0) references.insert(id);
    }
    std::vector<PartReference> parts;
    for (const ChunkId& id : references) parts.push_back(part_of(id, model_.chunks.at(id)));
    std::shuffle(parts.begin(), parts.end(), random_);
    store_->commit(sample_manifest(next_, parts)).or_throw();
    model_.complete[next_] = references;
    next_ += 1 + draw(2);
  }

  void rewind() {
    if (model_.complete.empty()) return;
    auto to = model_.complete.begin();
    std::advance(to, draw(static_cast<std::uint32_t>(model_.complete.size())));
    const std::uint64_t checkpoint = to->first;
    store_->rewind_to(checkpoint).or_throw();
    model_.rewind_to(checkpoint);
  }

  std::mt19937_64 random_;
  std::uint32_t last_draw_ = 0;
  TemporaryDirectory directory_;
  std::unique_ptr<CheckpointStore> store_;
  Model model_;
  std::set<ChunkId> written_;
  std::uint64_t next_ = 1;
};

}  // namespace

TEST_CASE("dropping old checkpoints keeps the chunks that newer ones reference") {
  const TemporaryDirectory directory;
  auto store = open_orders(directory.path());
  const auto chunk = [](std::uint64_t checkpoint, std::uint32_t sequence) {
    return ChunkId{checkpoint, 2, 0, sequence};
  };
  store->write(std::vector{sample_chunk(chunk(1, 0), 600'000), sample_chunk(chunk(1, 1), 10)})
      .or_throw();
  store->commit(sample_manifest(1, {part_of(chunk(1, 0), 600'000), part_of(chunk(1, 1), 10)}))
      .or_throw();
  store->write(std::vector{sample_chunk(chunk(2, 0), 20)}).or_throw();
  store->commit(sample_manifest(2, {part_of(chunk(1, 0), 600'000), part_of(chunk(2, 0), 20)}))
      .or_throw();
  store->write(std::vector{sample_chunk(chunk(3, 0), 30)}).or_throw();  // never completed
  store->write(std::vector{sample_chunk(chunk(4, 0), 40)}).or_throw();
  store->commit(sample_manifest(4, {part_of(chunk(1, 0), 600'000), part_of(chunk(4, 0), 40)}))
      .or_throw();
  store->write(std::vector{sample_chunk(chunk(5, 0), 50)}).or_throw();  // under way

  REQUIRE(store->retain(2).ok());
  CHECK(store->checkpoints() == Checkpoints{4, 2});
  CHECK(store->read(chunk(1, 0)).ok());
  CHECK_FALSE(store->read(chunk(1, 1)).ok());
  CHECK(store->read(chunk(2, 0)).ok());
  CHECK_FALSE(store->read(chunk(3, 0)).ok());
  CHECK(store->read(chunk(5, 0)).ok());

  REQUIRE(store->retain(1).ok());
  CHECK(store->checkpoints() == Checkpoints{4});
  CHECK(reads_back(*store, store->newest().value().manifest.value()));
  CHECK_FALSE(store->read(chunk(2, 0)).ok());
  CHECK(store->read(chunk(5, 0)).ok());
}

TEST_CASE("one damaged base spoils only its own chain: the last checkpoint of the chain before is kept") {
  const TemporaryDirectory directory;
  auto store = open_orders(directory.path());
  const auto complete = [&](std::uint64_t checkpoint, std::uint64_t base) {
    const ChunkId own{checkpoint, 2, 0, 0};
    store->write(std::vector{sample_chunk(own, 100)}).or_throw();
    std::vector<PartReference> parts;
    for (std::uint64_t before = base; before <= checkpoint; ++before) parts.push_back(part_of({before, 2, 0, 0}, 100));
    store->commit(sample_manifest(checkpoint, parts)).or_throw();
    store->retain(2).or_throw();
  };
  for (std::uint64_t checkpoint = 1; checkpoint <= 4; ++checkpoint) complete(checkpoint, 1);
  CHECK(store->checkpoints() == Checkpoints{4, 3});
  complete(5, 5);
  CHECK(store->checkpoints() == Checkpoints{5, 4});
  for (std::uint64_t checkpoint = 6; checkpoint <= 8; ++checkpoint) complete(checkpoint, 5);
  CHECK(store->checkpoints() == Checkpoints{8, 7, 4});
  CHECK(reads_back(*store, store->manifest(4).value()));
  complete(9, 9);
  CHECK(store->checkpoints() == Checkpoints{9, 8});
  CHECK_FALSE(store->read({1, 2, 0, 0}).ok());
}

TEST_CASE("what was written for a checkpoint that was given up gives its room back") {
  const TemporaryDirectory directory;
  StoreOptions small = orders();
  small.limit_bytes = 8 << 20;
  auto store = CheckpointStore::open(directory.path(), small).or_throw();
  constexpr std::size_t kBytes = 512 * 1024;
  std::uint64_t next = 1;
  const auto fill = [&] {
    std::uint32_t written = 0;
    while (store->write(std::vector{sample_chunk({next, 2, 0, written}, kBytes)}).ok()) ++written;
    while (store->write(std::vector{sample_chunk({next, 2, 0, written}, 3000)}).ok()) ++written;
    CHECK(written > 6);
    ++next;
  };
  for (int round = 0; round < 5; ++round) {
    fill();
    REQUIRE(store->clear().ok());  // none is complete yet
  }
  const std::uint64_t kept = next;
  const Manifest manifest = complete_sample(*store, next++, 3, kBytes);
  for (int round = 0; round < 20; ++round) {
    fill();
    REQUIRE(store->rewind_to(kept).ok());
    REQUIRE(store->rewind_to(kept).ok());  // nothing to do is fine
    CHECK(reads_back(*store, manifest));
  }
  CHECK_NOTHROW(complete_sample(*store, next, 6, kBytes));
}

TEST_CASE("a job that goes on from an older checkpoint gives up the newer ones") {
  const TemporaryDirectory directory;
  auto store = open_orders(directory.path());
  for (std::uint64_t checkpoint = 1; checkpoint <= 4; ++checkpoint)
    complete_sample(*store, checkpoint, 2, 100);
  REQUIRE(store->rewind_to(2).ok());
  CHECK(store->checkpoints() == Checkpoints{2, 1});
  CHECK_FALSE(store->read({3, 2, 0, 0}).ok());
  complete_sample(*store, 3, 1, 77);
  CHECK(store->newest().value().manifest->checkpoint == 3);
}

TEST_CASE("a cleared store is as good as new") {
  const TemporaryDirectory directory;
  auto store = open_orders(directory.path());
  complete_sample(*store, 9, 2, 100);
  store->write(std::vector{sample_chunk({10, 0, 0, 0}, 10)}).or_throw();
  REQUIRE(store->clear().ok());
  CHECK(store->checkpoints().empty());
  CHECK_FALSE(store->read({9, 2, 0, 0}).ok());
  CHECK_FALSE(store->read({10, 0, 0, 0}).ok());
  complete_sample(*store, 1, 2, 100);
  CHECK(store->checkpoints() == Checkpoints{1});
}

TEST_CASE("the file stops growing when as much is dropped as is written") {
  const TemporaryDirectory directory;
  auto store = open_orders(directory.path());
  const auto run = [&](std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t checkpoint = first; checkpoint <= last; ++checkpoint) {
      complete_sample(*store, checkpoint, 8, 100'000);
      store->retain(2).or_throw();
    }
    return std::filesystem::file_size(directory / "data.mdb");
  };
  const auto settled = run(1, 10);
  CHECK(run(11, 100) <= settled * 3 / 2);
}

TEST_CASE("in random histories the store holds exactly what a simple model holds") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    RandomRun run(seed);
    for (int step = 0; step < 60; ++step) {
      CAPTURE(step);
      run.step();
      run.check();
    }
  }
}
