#include <weir/state/checkpoint_store.hpp>

#include <cstring>
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

TEST_CASE("who reads the chunks himself is offered the checkpoints until he takes one") {
  const TemporaryDirectory directory;
  auto store = open_orders(directory.path());
  for (std::uint64_t checkpoint = 1; checkpoint <= 3; ++checkpoint) complete_sample(*store, checkpoint, 1, 100);
  Checkpoints offered;
  const auto restorable = store->newest([&](const Manifest& manifest) -> Result<void> {
    offered.push_back(manifest.checkpoint);
    if (manifest.checkpoint == 3) return Error{"it is not liked"};
    return {};
  });
  CHECK(offered == Checkpoints{3, 2});
  CHECK(restorable.value().manifest->checkpoint == 2);
  CHECK(restorable.value().warnings == std::vector<std::string>{"checkpoint 3 is corrupt: it is not liked; restoring 2"});
  CHECK_FALSE(store->newest([](const Manifest&) -> Result<void> { return Error{"never"}; }).ok());
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

namespace {

/// A store of several checkpoints, damaged over and over.
class Ruins {
 public:
  Ruins() {
    auto store = open_orders(directory_.path());
    for (std::uint64_t checkpoint = 1; checkpoint <= 8; ++checkpoint) {
      truth_[checkpoint] = complete_sample(*store, checkpoint, 30, checkpoint * 700);
      if (checkpoint < 8) store->retain(3).or_throw();
    }
    whole_ = content_of(file());
  }

  const std::string& whole() const { return whole_; }

  /// Opens the store with this content, restores and goes on: refused, or true.
  void visit(const std::string& content) {
    replace_file(file(), content);
    auto opened = CheckpointStore::open(directory_.path(), orders());
    if (!opened.ok()) {
      ++refused;
      CHECK(opened.error().message.find('\n') == std::string::npos);
      CHECK(opened.error().message.find(directory_.path().string()) != std::string::npos);
      return;
    }
    CheckpointStore& store = **opened;
    const auto restorable = store.newest();
    if (!restorable.ok()) return;
    if (!restorable->warnings.empty()) {
      const bool undone = restorable->warnings[0].find("its last change is undone") != std::string::npos;
      ++(undone ? this->undone : fallen_back);
    }
    if (!restorable->manifest) return;
    REQUIRE(truth_.contains(restorable->manifest->checkpoint));
    REQUIRE(*restorable->manifest == truth_[restorable->manifest->checkpoint]);
    REQUIRE(reads_back(store, *restorable->manifest));
    // Going on may fail, with an error; what it makes is true.
    if (store.checkpoints().front() > 8) return;
    if (!store.rewind_to(restorable->manifest->checkpoint).ok()) return;
    if (!completes(store, 9)) return;
    if (!store.retain(2).ok()) return;
    const auto newest = store.newest();
    if (!newest.ok()) return;
    REQUIRE(newest->manifest.has_value());
    REQUIRE(reads_back(store, *newest->manifest));
    if (newest->manifest->checkpoint == 9) ++gone_on;
  }

  int refused = 0;
  int undone = 0;
  int fallen_back = 0;
  int gone_on = 0;

 private:
  std::filesystem::path file() const { return directory_ / "data.mdb"; }

  TemporaryDirectory directory_;
  std::map<std::uint64_t, Manifest> truth_;
  std::string whole_;
};

constexpr std::size_t kPage = 4096;

}  // namespace

TEST_CASE(
    "whatever bytes of the file are damaged, the store is refused or restores a true checkpoint") {
  Ruins ruins;
  std::mt19937_64 random(7);
  for (int round = 0; round < 1500; ++round) {
    CAPTURE(round);
    std::string content = ruins.whole();
    for (std::uint64_t flips = 1 + random() % 3; flips > 0; --flips) {
      // Half of the damage hits a page's head, where the structure is.
      const std::size_t page = random() % (content.size() / kPage);
      const std::size_t within = random() % 2 == 0 ? random() % 176 : random() % kPage;
      content[page * kPage + within] ^= static_cast<char>(1 << random() % 8);
    }
    ruins.visit(content);
  }
  CHECK(ruins.refused > 20);
  CHECK(ruins.undone > 0);
  CHECK(ruins.fallen_back > 20);
  CHECK(ruins.gone_on > 20);
}

TEST_CASE("whatever pages are overwritten or cut off, the store is refused or restores a true checkpoint") {
  Ruins ruins;
  std::mt19937_64 random(11);
  for (int round = 0; round < 1500; ++round) {
    CAPTURE(round);
    std::string content = ruins.whole();
    const std::size_t pages = content.size() / kPage;
    for (std::uint64_t left = 1 + random() % 3; left > 0; --left) {
      // The structure is in few pages: half of the damage goes there, by what a page says of itself.
      std::size_t page = random() % pages;
      if (random() % 2 == 0) {
        while (content[page * kPage + 10] != 1 && content[page * kPage + 10] != 2 && page > 1) page = random() % pages;
      }
      std::string fresh(kPage, '\0');
      switch (random() % 3) {
        case 0: break;
        case 1: for (char& byte : fresh) byte = static_cast<char>(random()); break;
        default: fresh = content.substr(random() % pages * kPage, kPage); break;  // a write that went astray
      }
      content.replace(page * kPage, kPage, fresh);
    }
    if (random() % 4 == 0) content.resize(random() % content.size());
    ruins.visit(content);
  }
  CHECK(ruins.refused > 20);
  CHECK(ruins.undone > 0);
  CHECK(ruins.fallen_back > 20);
  CHECK(ruins.gone_on > 20);
}

TEST_CASE("damage to what the last change wrote undoes that change alone") {
  const TemporaryDirectory directory;
  const auto file = directory / "data.mdb";
  Manifest second;
  {
    auto store = open_orders(directory.path());
    complete_sample(*store, 1, 3, 5000);
    second = complete_sample(*store, 2, 3, 5000);
  }
  complete_sample(*open_orders(directory.path()), 3, 3, 5000);
  const std::string whole = content_of(file);
  // The meta page of the last transaction names the page where its tree begins.
  std::uint64_t transactions[2];
  for (std::size_t meta : {0, 1}) std::memcpy(&transactions[meta], &whole[meta * kPage + 144], 8);
  const std::size_t newest = transactions[1] > transactions[0] ? 1 : 0;
  std::uint64_t root = 0;
  std::memcpy(&root, &whole[newest * kPage + 128], sizeof root);

  for (const std::size_t page : {static_cast<std::size_t>(root), newest}) {
    CAPTURE(page);
    std::string content = whole;
    content.replace(page * kPage, kPage, std::string(kPage, 'x'));
    replace_file(file, content);
    CHECK_FALSE(CheckpointStore::open(directory.path(), reading()).ok());  // nothing is mended where nothing is written
    auto store = open_orders(directory.path());
    const auto restorable = store->newest().or_throw();
    REQUIRE(restorable.warnings.size() == 1);
    CHECK(restorable.warnings[0].starts_with(file.string() + " was damaged: page " + std::to_string(page) + ' '));
    CHECK(restorable.warnings[0].ends_with("; its last change is undone"));
    CHECK(restorable.manifest.value() == second);
    CHECK(reads_back(*store, second));
    store->rewind_to(2).or_throw();
    CHECK(reads_back(*store, complete_sample(*store, 3, 3, 5000)));
    store.reset();
    CHECK(open_orders(directory.path())->newest().or_throw().warnings.empty());
  }
}
