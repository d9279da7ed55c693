#include <weir/state/checkpoint_store.hpp>

#include <fstream>
#include <iterator>
#include <map>
#include <random>

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

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void replace_file(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
}

/// Flips one bit in the middle of the one place in the file that holds these bytes.
void damage(const std::filesystem::path& file, const std::vector<std::byte>& bytes) {
  std::string content = content_of(file);
  const std::string wanted(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto found = content.find(wanted);
  REQUIRE(found != std::string::npos);
  REQUIRE(content.find(wanted, found + 1) == std::string::npos);
  content[found + wanted.size() / 2] ^= 0x10;
  replace_file(file, content);
}

bool completes(CheckpointStore& store, std::uint64_t checkpoint) {
  try {
    complete_sample(store, checkpoint, 3, 9000);
    return true;
  } catch (const Failure&) {
    return false;
  }
}

/// Cuts the checksums, which a test cannot know, out of a message.
std::string without_checksums(std::string message) {
  for (auto at = message.find("0x"); at != std::string::npos; at = message.find("0x", at + 2))
    message.erase(at + 2, 16);
  return message;
}

}  // namespace

TEST_CASE("a corrupt newest checkpoint falls back to the one before and says why") {
  const TemporaryDirectory directory;
  Manifest before;
  {
    auto store = open_orders(directory.path());
    complete_sample(*store, 15, 3, 40'000);
    before = complete_sample(*store, 16, 3, 40'000);
    complete_sample(*store, 17, 3, 40'000);
  }
  damage(directory / "data.mdb", sample_bytes({17, 2, 1, 1}, 40'000));
  auto store = open_orders(directory.path());
  CHECK(store->checkpoints() == Checkpoints{17, 16, 15});
  const auto restorable = store->newest().or_throw();
  CHECK(restorable.manifest.value() == before);
  REQUIRE(restorable.warnings.size() == 1);
  CHECK(without_checksums(restorable.warnings[0]) ==
        "checkpoint 17 is corrupt: part 1 (chunk 17/2/1/1 of operator count), expected checksum "
        "0x, found 0x; "
        "restoring 16");
  CHECK(store->read({17, 2, 0, 0}).ok());
  CHECK(without_checksums(store->read({17, 2, 1, 1}).error().message) ==
        "chunk 17/2/1/1 in " + directory.path().string() +
            " is damaged: expected checksum 0x, found 0x");
  const auto exported =
      store->export_savepoint(store->manifest(17).value(), directory / "savepoint");
  CHECK_FALSE(exported.ok());
  CHECK_FALSE(std::filesystem::exists(directory / "savepoint"));

  REQUIRE(store->rewind_to(16).ok());
  CHECK(store->newest().value().warnings.empty());
}

TEST_CASE("a corrupt manifest falls back too, and is dropped with the old ones") {
  const TemporaryDirectory directory;
  {
    auto store = open_orders(directory.path());
    complete_sample(*store, 1, 2, 5000);
    complete_sample(*store, 2, 2, 5000);
    damage(directory / "data.mdb", encode(complete_sample(*store, 3, 2, 5000)));
  }
  auto store = open_orders(directory.path());
  const auto restorable = store->newest().or_throw();
  CHECK(restorable.manifest.value().checkpoint == 2);
  REQUIRE(restorable.warnings.size() == 1);
  CHECK(without_checksums(restorable.warnings[0]) ==
        "checkpoint 3 is corrupt: its manifest is damaged: expected checksum 0x, found 0x; "
        "restoring 2");
  REQUIRE(store->retain(2).ok());
  CHECK(store->checkpoints() == Checkpoints{2, 1});
}

TEST_CASE("when no checkpoint is intact the error names them all") {
  const TemporaryDirectory directory;
  {
    auto store = open_orders(directory.path());
    const ChunkId base{1, 2, 0, 0};
    complete_sample(*store, 1, 1, 5000);
    store->commit(sample_manifest(2, {part_of(base, 5000)})).or_throw();
  }
  damage(directory / "data.mdb", sample_bytes({1, 2, 0, 0}, 5000));
  const auto newest = open_orders(directory.path())->newest();
  REQUIRE_FALSE(newest.ok());
  const std::string part =
      "part 0 (chunk 1/2/0/0 of operator count), expected checksum 0x, found 0x";
  CHECK(without_checksums(newest.error().message) ==
        "no checkpoint in " + directory.path().string() +
            " can be restored; checkpoint 2 is corrupt: " + part +
            "; checkpoint 1 is corrupt: " + part);
}

TEST_CASE("a file that is cut off or is none of LMDB's is refused") {
  const TemporaryDirectory directory;
  complete_sample(*open_orders(directory.path()), 1, 3, 50'000);
  const auto file = directory / "data.mdb";
  const std::string whole = content_of(file);
  for (const std::size_t left : {std::size_t{0}, std::size_t{100}, std::size_t{5000},
                                 whole.size() / 2, whole.size() - 4096}) {
    CAPTURE(left);
    replace_file(file, whole.substr(0, left));
    const auto opened = CheckpointStore::open(directory.path(), orders());
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().message.starts_with(file.string() + " is corrupt: "));
  }
  replace_file(file, std::string(20'000, 'x'));
  CHECK_FALSE(CheckpointStore::open(directory.path(), orders()).ok());
  replace_file(file, whole);
  CHECK(open_orders(directory.path())->checkpoints() == Checkpoints{1});
}

TEST_CASE(
    "whatever bytes of the file are damaged, the store is refused or restores a true checkpoint") {
  const TemporaryDirectory directory;
  std::map<std::uint64_t, Manifest> truth;
  {
    auto store = open_orders(directory.path());
    for (std::uint64_t checkpoint = 1; checkpoint <= 8; ++checkpoint) {
      truth[checkpoint] = complete_sample(*store, checkpoint, 30, checkpoint * 700);
      store->retain(3).or_throw();
    }
  }
  const auto file = directory / "data.mdb";
  const std::string whole = content_of(file);
  std::mt19937_64 random(7);
  int refused = 0;
  int fallen_back = 0;
  int gone_on = 0;
  for (int round = 0; round < 1500; ++round) {
    CAPTURE(round);
    std::string content = whole;
    for (std::uint64_t flips = 1 + random() % 3; flips > 0; --flips) {
      // Half of the damage hits a page's head, where the structure is.
      const std::size_t page = random() % (whole.size() / 4096);
      const std::size_t within = random() % 2 == 0 ? random() % 176 : random() % 4096;
      content[page * 4096 + within] ^= static_cast<char>(1 << random() % 8);
    }
    replace_file(file, content);
    auto opened = CheckpointStore::open(directory.path(), orders());
    if (!opened.ok()) {
      ++refused;
      continue;
    }
    CheckpointStore& store = **opened;
    const auto restorable = store.newest();
    if (!restorable.ok()) continue;
    if (!restorable->warnings.empty()) ++fallen_back;
    if (!restorable->manifest) continue;
    REQUIRE(truth.contains(restorable->manifest->checkpoint));
    REQUIRE(*restorable->manifest == truth[restorable->manifest->checkpoint]);
    REQUIRE(reads_back(store, *restorable->manifest));
    // Going on may fail, with an error; what it makes is true.
    if (store.checkpoints().front() > 8) continue;
    if (!store.rewind_to(restorable->manifest->checkpoint).ok()) continue;
    if (!completes(store, 9)) continue;
    if (!store.retain(2).ok()) continue;
    const auto newest = store.newest();
    if (!newest.ok()) continue;
    REQUIRE(newest->manifest.has_value());
    REQUIRE(reads_back(store, *newest->manifest));
    if (newest->manifest->checkpoint == 9) ++gone_on;
  }
  CHECK(refused > 20);
  CHECK(fallen_back > 20);
  CHECK(gone_on > 20);
}
