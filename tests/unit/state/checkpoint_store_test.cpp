#include <weir/state/checkpoint_store.hpp>

#include <cstdlib>
#include <fstream>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <support/checkpoint_samples.hpp>
#include <support/temporary_directory.hpp>
#include <weir/state/lmdb_environment.hpp>
#include <weir/state/store_layout.hpp>

using namespace weir;
using namespace weir::testing;

namespace {

using Checkpoints = std::vector<std::uint64_t>;

std::unique_ptr<CheckpointStore> open_orders(const std::filesystem::path& directory) {
  return CheckpointStore::open(directory, orders()).or_throw();
}

std::string refusal(const std::filesystem::path& directory, const StoreOptions& options) {
  const auto opened = CheckpointStore::open(directory, options);
  return opened.ok() ? "opened" : opened.error().message;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a completed checkpoint is there after the store was closed and opened again") {
  const TemporaryDirectory directory;
  Manifest written;
  {
    auto store = open_orders(directory / "state");
    CHECK(store->checkpoints().empty());
    CHECK_FALSE(store->newest().value().manifest.has_value());
    written = complete_sample(*store, 17, 5, 300'000);
  }
  auto store = open_orders(directory / "state");
  CHECK(store->job() == "orders");
  CHECK(store->kind() == ManifestKind::Checkpoint);
  CHECK(store->checkpoints() == Checkpoints{17});
  CHECK(store->manifest(17).value() == written);
  const auto restorable = store->newest().value();
  CHECK(restorable.warnings.empty());
  REQUIRE(restorable.manifest.has_value());
  CHECK(*restorable.manifest == written);
  CHECK(reads_back(*store, *restorable.manifest));
}

TEST_CASE("a checkpoint does not complete in a directory that was deleted or replaced meanwhile") {
  const TemporaryDirectory directory;
  auto store = open_orders(directory / "state");
  complete_sample(*store, 1, 5, 3000);
  std::filesystem::remove_all(directory / "state");
  const std::string expected = (directory / "state/data.mdb").string() + " was removed or replaced while it was in use, so nothing can be kept there: stop the job";
  CHECK(store->commit(sample_manifest(2, {})).error().message == expected);
  const auto other = open_orders(directory / "state");
  CHECK(store->commit(sample_manifest(3, {})).error().message == expected);
  CHECK(store->checkpoints() == Checkpoints{1});
}

TEST_CASE("every field and kind of part of a manifest comes back") {
  Manifest manifest = sample_manifest(~std::uint64_t{0}, {});
  manifest.kind = ManifestKind::Savepoint;
  manifest.operators.push_back(
      {.name = "", .operator_index = 9, .parallelism = 32768, .parts = {}});
  std::uint32_t sequence = 0;
  for (const ChunkKind kind : {ChunkKind::Entries, ChunkKind::Tombstones, ChunkKind::Split,
                               ChunkKind::Union, ChunkKind::InFlight}) {
    manifest.operators[sequence % 2].parts.push_back({.chunk = {1, 2, 3, ++sequence},
                                                      .table = "t" + std::to_string(sequence % 3),
                                                      .kind = kind,
                                                      .schema = "s" + std::to_string(sequence % 2),
                                                      .rows = ~std::uint32_t{0},
                                                      .bytes = ~std::uint64_t{0},
                                                      .groups = {sequence, 32768}});
  }
  CHECK(decode_manifest(encode(manifest)).value() == manifest);
  const auto bytes = encode(manifest);
  CHECK_FALSE(decode_manifest(std::span(bytes).first(bytes.size() - 8)).ok());
  CHECK_FALSE(decode_manifest({}).ok());
}

TEST_CASE("chunks without a manifest are no checkpoint") {
  const TemporaryDirectory directory;
  {
    auto store = open_orders(directory.path());
    complete_sample(*store, 1, 1, 1000);
    store->write(std::vector{sample_chunk({2, 0, 0, 0}, 1000)}).or_throw();
  }
  auto store = open_orders(directory.path());
  CHECK(store->checkpoints() == Checkpoints{1});
  CHECK(store->newest().value().manifest->checkpoint == 1);
}

TEST_CASE("a chunk that is written again before its checkpoint completes is replaced") {
  const TemporaryDirectory directory;
  auto store = open_orders(directory.path());
  const ChunkId id{1, 0, 0, 0};
  store->write(std::vector{Chunk{id, std::vector<std::byte>(90'000)}}).or_throw();
  store->write(std::vector{sample_chunk(id, 500)}).or_throw();
  CHECK(store->read(id).value() == sample_bytes(id, 500));
  store->write(std::vector{Chunk{id, {}}}).or_throw();
  CHECK(store->read(id).value().empty());
}

TEST_CASE(
    "a checkpoint does not complete while a chunk that it names is missing or of another size") {
  const TemporaryDirectory directory;
  auto store = open_orders(directory.path());
  const ChunkId id{1, 2, 0, 0};
  const auto missing = store->commit(sample_manifest(1, {part_of(id, 100)}));
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().message ==
        "checkpoint 1 cannot complete: chunk 1/2/0/0 of operator count is not stored as 100 bytes");
  store->write(std::vector{sample_chunk(id, 99)}).or_throw();
  CHECK_FALSE(store->commit(sample_manifest(1, {part_of(id, 100)})).ok());
  CHECK(store->checkpoints().empty());
  CHECK(store->commit(sample_manifest(1, {part_of(id, 99)})).ok());
}

TEST_CASE("misuse of the store is a bug of the caller") {
  const TemporaryDirectory directory;
  auto store = open_orders(directory.path());
  complete_sample(*store, 5, 1, 100);
  CHECK_THROWS_AS((void)store->write(std::vector{sample_chunk({5, 0, 0, 9}, 10)}), Bug);
  CHECK_THROWS_AS((void)store->commit(sample_manifest(5, {})), Bug);
  CHECK_THROWS_AS((void)store->commit(sample_manifest(4, {})), Bug);
  CHECK_THROWS_AS((void)store->rewind_to(4), Bug);
  CHECK_THROWS_AS((void)store->retain(0), Bug);
  store.reset();
  auto reader = CheckpointStore::open(directory.path(), reading()).or_throw();
  CHECK_THROWS_AS((void)reader->write(std::vector{sample_chunk({6, 0, 0, 0}, 10)}), Bug);
  CHECK_THROWS_AS((void)reader->commit(sample_manifest(6, {})), Bug);
  CHECK_THROWS_AS((void)reader->clear(), Bug);
}

TEST_CASE("a chunk or checkpoint that is not there is named in the error") {
  const TemporaryDirectory directory;
  auto store = open_orders(directory.path());
  CHECK(store->read({3, 1, 4, 1}).error().message ==
        "chunk 3/1/4/1 in " + directory.path().string() + " is missing");
  CHECK(store->manifest(9).error().message ==
        "there is no checkpoint 9 in " + directory.path().string());
}

TEST_CASE("the store of another job is refused and both jobs are named") {
  const TemporaryDirectory directory;
  complete_sample(*open_orders(directory.path()), 1, 1, 100);
  StoreOptions other = orders();
  other.job = "payments";
  CHECK(refusal(directory.path(), other) ==
        directory.path().string() +
            " holds the checkpoints of job orders, not of payments: take another state directory");
  CHECK(open_orders(directory.path())->checkpoints() == Checkpoints{1});
  CHECK(CheckpointStore::open(directory.path(), reading()).value()->job() == "orders");
}

TEST_CASE("a newer format is refused and both formats are named") {
  const TemporaryDirectory directory;
  open_orders(directory.path());
  {
    auto environment = LmdbEnvironment::open(directory / "data.mdb").or_throw();
    environment
        ->write(Durability::Now,
                [](LmdbTransaction& transaction) {
                  return put_sealed(
                      transaction, kIdentityKey,
                      encode(StoreIdentity{2, ManifestKind::Checkpoint, "orders", "7.0.0"}));
                })
        .or_throw();
  }
  const std::string message = refusal(directory.path(), orders());
  CHECK(message == directory.path().string() +
                       " has store format 2, made by Weir 7.0.0; this Weir 0.1.0 reads up to "
                       "format 1: run a newer Weir, or take "
                       "another state directory");
  CHECK(refusal(directory.path(), reading()) != "opened");
}

TEST_CASE("a place that is no directory or cannot be made is refused") {
  const TemporaryDirectory directory;
  std::ofstream(directory / "file") << "text";
  CHECK(refusal(directory / "file", orders()) ==
        (directory / "file").string() + " is not a directory: name one for the job's state");
  CHECK(contains(refusal(directory / "file/below", orders()), "cannot make directory "));
  CHECK(contains(refusal("/proc/weir", orders()), "cannot make directory /proc/weir: "));
}

TEST_CASE("what is to be read must be a savepoint") {
  const TemporaryDirectory directory;
  std::ofstream(directory / "file") << "text";
  std::filesystem::create_directory(directory / "empty");
  CHECK(refusal(directory / "absent", reading()) ==
        "there is no savepoint at " + (directory / "absent").string() + ": no such directory");
  CHECK(refusal(directory / "file", reading()) ==
        (directory / "file").string() + " is no savepoint: it is not a directory");
  CHECK(refusal(directory / "empty", reading()) ==
        (directory / "empty").string() + " is no savepoint: it has no file data.mdb");
}

TEST_CASE("a store is open once in a process and in one process at a time") {
  const TemporaryDirectory directory;
  auto store = open_orders(directory.path());
  const std::string here = directory.path().string() + " is in use by this process";
  CHECK(contains(refusal(directory.path(), orders()), here));
  CHECK(contains(refusal(directory.path(), reading()), here));
  std::filesystem::create_directory_symlink(directory.path(), directory / "alias");
  CHECK(contains(refusal(directory / "alias", orders()), " is in use by this process"));

  const pid_t child = fork();
  if (child == 0) {
    const std::string message = refusal(directory.path(), orders());
    _exit(
        contains(message, " is in use by process " + std::to_string(getppid()) + ": stop it first")
            ? 0
            : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);

  store.reset();
  store = open_orders(directory.path());
  store.reset();
  auto reader = CheckpointStore::open(directory.path(), reading()).or_throw();
  CHECK(CheckpointStore::open(directory.path(), reading()).ok());
  CHECK(contains(refusal(directory.path(), orders()), " is in use by "));
}

TEST_CASE("an unfinished attempt to make a store is no obstacle") {
  const TemporaryDirectory directory;
  std::ofstream(directory / "data.mdb.new") << "cut of";
  complete_sample(*open_orders(directory.path()), 1, 1, 100);
  CHECK(open_orders(directory.path())->checkpoints() == Checkpoints{1});
  CHECK_FALSE(std::filesystem::exists(directory / "data.mdb.new"));
}

TEST_CASE("a full map fails the checkpoint, and after older ones are dropped the next succeeds") {
  const TemporaryDirectory directory;
  StoreOptions small = orders();
  small.limit_bytes = 8 << 20;
  auto store = CheckpointStore::open(directory.path(), small).or_throw();
  constexpr std::size_t kBytes = 512 * 1024;
  std::uint64_t next = 1;
  // Many rounds: the room that dropping takes must not eat up the map.
  for (int round = 0; round < 20; ++round) {
    Result<void> written;
    std::uint64_t completed = 0;
    while ((written = store->write(std::vector{sample_chunk({next, 2, 0, 0}, kBytes)})).ok()) {
      store->commit(sample_manifest(next, {part_of({next, 2, 0, 0}, kBytes)})).or_throw();
      completed = next++;
      REQUIRE(next < 1000);
    }
    CHECK(written.error().message == (directory / "data.mdb").string() +
                                         " is full: it may hold 8 MiB; keep fewer checkpoints or "
                                         "raise the limit of the checkpoint store, a program's --state-limit or a node's --checkpoint-store");
    REQUIRE(completed > 0);
    // The last page too: dropping must not need a free one.
    for (std::uint32_t i = 0; store->write(std::vector{sample_chunk({next, 2, 1, i}, 3000)}).ok();
         ++i) {
    }
    CHECK(store->checkpoints().front() == completed);
    CHECK(store->newest().value().warnings.empty());
    REQUIRE(store->retain(1).ok());
    CHECK(store->checkpoints() == Checkpoints{completed});
    ++next;
  }
  CHECK(store->clear().ok());
  CHECK_NOTHROW(complete_sample(*store, next, 12, kBytes));
  CHECK(std::filesystem::file_size(directory / "data.mdb") < (12 << 20) + 4096);
}

TEST_CASE("the map grows with the store, also when it is opened again") {
  const TemporaryDirectory directory;
  StoreOptions growing = orders();
  growing.map_bytes = 1 << 20;
  Manifest last;
  for (std::uint64_t checkpoint = 1; checkpoint <= 3; ++checkpoint) {
    auto store = CheckpointStore::open(directory.path(), growing).or_throw();
    last = complete_sample(*store, checkpoint, 20, 512 * 1024);
    CHECK(reads_back(*store, last));
  }
  CHECK(std::filesystem::file_size(directory / "data.mdb") > (30 << 20));
  CHECK(reads_back(*CheckpointStore::open(directory.path(), growing).value(), last));
}

TEST_CASE("a savepoint is a whole copy of one checkpoint that outlives its store") {
  const TemporaryDirectory directory;
  Manifest second;
  {
    auto store = open_orders(directory / "state");
    complete_sample(*store, 1, 4, 200'000);
    store->write(std::vector{sample_chunk({2, 2, 1, 0}, 70)}).or_throw();
    second = sample_manifest(2, {part_of({1, 2, 1, 1}, 200'000), part_of({2, 2, 1, 0}, 70),
                                 part_of({1, 2, 1, 1}, 200'000)});
    store->commit(second).or_throw();
    REQUIRE(store->export_savepoint(second, directory / "savepoints/first/").ok());
    const auto again = store->export_savepoint(second, directory / "savepoints/first");
    CHECK(again.error().message == "cannot write savepoint " +
                                       (directory / "savepoints/first").string() +
                                       ": it exists already; name a directory that does not");
  }
  std::filesystem::remove_all(directory / "state");
  std::filesystem::rename(directory / "savepoints/first", directory / "moved");
  CHECK(std::filesystem::is_empty(directory / "savepoints"));

  CHECK(refusal(directory / "moved", orders()) ==
        (directory / "moved").string() +
            " is a savepoint of job orders and is never written: take another state directory and "
            "start from the savepoint");
  auto savepoint = CheckpointStore::open(directory / "moved", reading()).or_throw();
  CHECK(savepoint->kind() == ManifestKind::Savepoint);
  CHECK(savepoint->job() == "orders");
  CHECK(savepoint->checkpoints() == Checkpoints{2});
  const Manifest manifest = savepoint->newest().value().manifest.value();
  second.kind = ManifestKind::Savepoint;
  CHECK(manifest == second);
  CHECK(reads_back(*savepoint, manifest));
  CHECK_FALSE(savepoint->read({1, 2, 0, 0}).ok());
  CHECK(savepoint->export_savepoint(manifest, directory / "copy of a copy").ok());
  CHECK(reads_back(*CheckpointStore::open(directory / "copy of a copy", reading()).value(),
                   manifest));
}

TEST_CASE("what killed writers of a savepoint left behind is removed, and nobody's who is at it") {
  const TemporaryDirectory directory;
  auto store = open_orders(directory / "state");
  const Manifest manifest = complete_sample(*store, 1, 2, 100);
  for (const char* name : {".savepoint.unfinished-1", ".savepoint.unfinished-2", ".savepoint"}) {
    std::filesystem::create_directory(directory / name);
  }
  const int at_it = ::open((directory / ".savepoint.unfinished-2").c_str(), O_RDONLY | O_DIRECTORY);
  REQUIRE(::flock(at_it, LOCK_EX | LOCK_NB) == 0);
  REQUIRE(store->export_savepoint(manifest, directory / "savepoint").ok());
  CHECK_FALSE(std::filesystem::exists(directory / ".savepoint.unfinished-1"));
  CHECK(std::filesystem::exists(directory / ".savepoint.unfinished-2"));
  CHECK(std::filesystem::exists(directory / ".savepoint"));
  ::close(at_it);
}

TEST_CASE("a savepoint that cannot be written leaves nothing behind") {
  const TemporaryDirectory directory;
  auto store = open_orders(directory / "state");
  Manifest manifest = complete_sample(*store, 1, 2, 100);
  manifest.operators[0].parts.push_back(part_of({1, 9, 9, 9}, 5));
  const auto exported = store->export_savepoint(manifest, directory / "savepoint");
  CHECK(exported.error().message == "cannot write savepoint " + (directory / "savepoint").string() +
                                        ": chunk 1/9/9/9 in " + (directory / "state").string() +
                                        " is missing");
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) CHECK(entry.path().filename() == "state");
  std::ofstream(directory / "file") << "text";
  CHECK_FALSE(store->export_savepoint(manifest, directory / "file").ok());
}
