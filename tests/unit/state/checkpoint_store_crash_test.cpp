// What is left after the process is killed, after the power is lost, and after the disk refuses.
#include <weir/state/checkpoint_store.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>
#include <string>

#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <support/checkpoint_samples.hpp>
#include <support/disk_observer.hpp>
#include <support/temporary_directory.hpp>
#include <weir/state/lmdb_environment.hpp>

using namespace weir;
using namespace weir::testing;

namespace {

using Checkpoints = std::vector<std::uint64_t>;

std::unique_ptr<CheckpointStore> open_orders(const std::filesystem::path& directory) {
  return CheckpointStore::open(directory, orders()).or_throw();
}

/// One step of a short life of a store, and the checkpoints that are complete after it.
struct Step {
  std::function<void(CheckpointStore&)> run;
  Checkpoints complete_after;
  Durability durability;  // of what the step changes
};

std::vector<Step> short_life() {
  std::vector<Step> steps;
  const auto add = [&](std::function<void(CheckpointStore&)> run, Checkpoints after,
                       Durability durability) {
    steps.push_back({std::move(run), std::move(after), durability});
  };
  for (std::uint64_t checkpoint = 1; checkpoint <= 5; ++checkpoint) {
    const ChunkId delta{checkpoint, 2, 0, 0};
    const ChunkId small{checkpoint, 2, 1, 0};
    const ChunkId base{checkpoint / 4 * 3 + 1, 2, 0, 1};  // a full one at 1 and 4, deltas between
    const Checkpoints before = checkpoint == 1   ? Checkpoints{}
                               : checkpoint == 2 ? Checkpoints{1}
                                                 : Checkpoints{checkpoint - 1, checkpoint - 2};
    Checkpoints after = before;
    after.insert(after.begin(), checkpoint);
    add(
        [=](CheckpointStore& store) {
          store.write(std::vector{sample_chunk(delta, 9000), sample_chunk(small, 40)}).or_throw();
        },
        before, Durability::Later);
    if (base.checkpoint == checkpoint) {
      add(
          [=](CheckpointStore& store) {
            store.write(std::vector{sample_chunk(base, 30'000)}).or_throw();
          },
          before, Durability::Later);
    }
    const Manifest manifest = sample_manifest(
        checkpoint, {part_of(base, 30'000), part_of(delta, 9000), part_of(small, 40)});
    add([=](CheckpointStore& store) { store.commit(manifest).or_throw(); }, after, Durability::Now);
    if (after.size() > 2) after.pop_back();
    add([=](CheckpointStore& store) { store.retain(2).or_throw(); }, after, Durability::Later);
  }
  return steps;
}

/// The store opens, shows one of the possible lists of checkpoints, all of them whole, and can go on.
void check_survivor(const std::filesystem::path& directory,
                    const std::vector<Checkpoints>& possible) {
  auto opened = CheckpointStore::open(directory, orders());
  REQUIRE_MESSAGE(opened.ok(), opened.error().message);
  CheckpointStore& store = **opened;
  const Checkpoints found = store.checkpoints();
  std::string list;
  for (const std::uint64_t checkpoint : found) list += ' ' + std::to_string(checkpoint);
  REQUIRE_MESSAGE(std::find(possible.begin(), possible.end(), found) != possible.end(),
                  "complete:" << list);
  for (const std::uint64_t checkpoint : found) {
    const auto manifest = store.manifest(checkpoint);
    REQUIRE_MESSAGE(manifest.ok(), manifest.error().message);
    REQUIRE(reads_back(store, *manifest));
  }
  const auto restorable = store.newest().or_throw();
  REQUIRE(restorable.warnings.empty());
  REQUIRE(restorable.manifest.has_value() == !found.empty());
  const Manifest next = complete_sample(store, 100, 3, 20'000);
  store.retain(1).or_throw();
  REQUIRE(reads_back(store, next));
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Runs `body` in a child process and returns how it ended, as waitpid tells.
int in_child(const std::function<void()>& body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

/// Lives the short life in a child that is killed at one disk call. The number of finished steps; -1 when
/// the store was not opened, empty when the call was never reached.
std::optional<int> live_until(const std::filesystem::path& directory, std::size_t call) {
  int channel[2];
  REQUIRE(pipe(channel) == 0);
  const int status = in_child([&] {
    DiskObserver observer(directory);
    observer.fail(call, DiskFault::Kill);
    auto store = open_orders(directory);
    if (write(channel[1], "o", 1) != 1) _exit(1);
    for (const Step& step : short_life()) {
      step.run(*store);
      if (write(channel[1], "s", 1) != 1) _exit(1);
    }
    store.reset();
  });
  close(channel[1]);
  int finished = -1;
  char note = 0;
  while (read(channel[0], &note, 1) == 1) ++finished;
  close(channel[0]);
  if (WIFEXITED(status)) {
    REQUIRE(WEXITSTATUS(status) == 0);
    return std::nullopt;
  }
  REQUIRE(WTERMSIG(status) == SIGKILL);
  return finished;
}

/// The file as a disk may hold it when the power fails during call `crash`: what was synced before, and any
/// pages of what was not.
std::string after_power_loss(std::string image, const std::vector<DiskCall>& log, std::size_t crash,
                             std::mt19937_64& random) {
  constexpr std::size_t kSector = 512;
  std::size_t synced = 0;
  for (std::size_t i = 0; i < crash; ++i) {
    if (log[i].kind == DiskCall::Kind::Sync) synced = i;
  }
  const unsigned chance = random() % 5;  // of 4 that a sector has reached the disk
  for (std::size_t i = 0; i <= crash && i < log.size(); ++i) {
    const DiskCall& call = log[i];
    if (call.kind == DiskCall::Kind::Sync) continue;
    const bool certain = i < synced || (call.kind == DiskCall::Kind::SyncedWrite && i < crash);
    for (std::size_t begin = 0; begin < call.bytes.size(); begin += kSector) {
      if (!certain && random() % 4 >= chance) continue;
      const std::size_t bytes = std::min(kSector, call.bytes.size() - begin);
      if (image.size() < call.offset + begin + bytes) image.resize(call.offset + begin + bytes);
      image.replace(call.offset + begin, bytes, call.bytes, begin, bytes);
    }
  }
  return image;
}

/// A file system of 4 MiB in memory over a directory, where the user may mount one.
class SmallDisk {
 public:
  explicit SmallDisk(std::filesystem::path directory)
      : directory_(std::move(directory)),
        mounted_(mount("tmpfs", directory_.c_str(), "tmpfs", 0, "size=4m") == 0) {}
  ~SmallDisk() {
    if (mounted_) umount2(directory_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }

 private:
  std::filesystem::path directory_;
  bool mounted_;
};

/// Completes a checkpoint, fails to write 4 MB for the next, and completes a small third one.
void check_full_disk(
    const std::filesystem::path& directory,
    const std::function<Result<void>(CheckpointStore&, const std::vector<Chunk>&)>& write) {
  {
    auto store = open_orders(directory);
    const Manifest first = complete_sample(*store, 1, 2, 500'000);
    store->write(std::vector{sample_chunk({2, 2, 1, 0}, 500'000)}).or_throw();
    const auto size = std::filesystem::file_size(directory / "data.mdb");
    std::vector<Chunk> chunks;
    for (std::uint32_t i = 0; i < 8; ++i) chunks.push_back(sample_chunk({2, 2, 0, i}, 500'000));
    const auto written = write(*store, chunks);
    REQUIRE_FALSE(written.ok());
    CHECK(written.error().message ==
          "cannot write " + (directory / "data.mdb").string() +
              ": the disk is full; free some space, the next checkpoint tries again");
    CHECK(std::filesystem::file_size(directory / "data.mdb") <= size);
    CHECK(store->checkpoints() == Checkpoints{1});
    CHECK(reads_back(*store, first));
    REQUIRE(store->rewind_to(1).ok());
    CHECK_FALSE(store->read({2, 2, 1, 0}).ok());
    CHECK(reads_back(*store, complete_sample(*store, 3, 2, 500'000)));
  }
  CHECK(open_orders(directory)->newest().value().manifest->checkpoint == 3);
}

}  // namespace

TEST_CASE(
    "killed at any write or sync, the store has exactly the checkpoints whose commit was reached") {
  const std::vector<Step> steps = short_life();
  std::size_t call = 0;
  for (;; ++call) {
    CAPTURE(call);
    const TemporaryDirectory directory;
    const auto finished = live_until(directory.path(), call);
    if (!finished) break;
    CAPTURE(*finished);
    std::vector<Checkpoints> possible{*finished < 1 ? Checkpoints{}
                                                    : steps.at(*finished - 1).complete_after};
    if (*finished >= 0) possible.push_back(steps.at(*finished).complete_after);
    check_survivor(directory.path(), possible);
  }
  CHECK(call > 3 * steps.size());  // every step writes, syncs and writes the meta page
}

TEST_CASE("after a power loss at any moment every committed checkpoint is whole") {
  const std::vector<Step> steps = short_life();
  const TemporaryDirectory directory;
  auto store = open_orders(directory.path());
  const std::string base = content_of(directory / "data.mdb");
  std::vector<std::size_t> ends;  // number of calls when the step was done
  std::vector<DiskCall> log;
  {
    DiskObserver observer(directory.path());
    for (const Step& step : steps) {
      step.run(*store);
      ends.push_back(observer.log().size());
    }
    log = observer.log();
  }
  REQUIRE(log.size() > 3 * steps.size());

  std::mt19937_64 random(20240607);
  for (std::size_t crash = 0; crash <= log.size(); ++crash) {
    std::vector<Checkpoints> possible{{}};
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const bool done = ends[i] <= crash;
      if (done && steps[i].durability == Durability::Now) possible.clear();
      possible.push_back(steps[i].complete_after);
      if (!done) break;  // the step in which the power fails
    }
    for (int image = 0; image < 6; ++image) {
      CAPTURE(crash);
      CAPTURE(image);
      const TemporaryDirectory disk;
      std::ofstream(disk / "data.mdb", std::ios::binary)
          << after_power_loss(base, log, crash, random);
      check_survivor(disk.path(), possible);
    }
  }
}

TEST_CASE("a disk that is full from a moment on fails the checkpoint and leaves the store usable") {
  const TemporaryDirectory directory;
  check_full_disk(directory / "state",
                  [&](CheckpointStore& store, const std::vector<Chunk>& chunks) {
                    DiskObserver observer(directory.path());
                    observer.fail(1, DiskFault::Full);
                    return store.write(chunks);
                  });
}

TEST_CASE(
    "a disk that fills up in the middle of a write fails the checkpoint and leaves the store "
    "usable") {
  // A write that is cut short looks like a failed disk, so it takes a file system that is really full.
  const TemporaryDirectory directory;
  const SmallDisk disk(directory.path());
  if (!disk.mounted()) {
    MESSAGE("skipped: this user cannot mount a small file system");
    return;
  }
  check_full_disk(
      directory / "state",
      [](CheckpointStore& store, const std::vector<Chunk>& chunks) { return store.write(chunks); });
}

TEST_CASE("a store cannot be made on a full disk") {
  const TemporaryDirectory directory;
  {
    DiskObserver observer(directory.path());
    observer.fail(1, DiskFault::Full);  // after the process id in the lock file
    const auto opened = CheckpointStore::open(directory.path(), orders());
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().message ==
          "cannot open " + (directory / "data.mdb.new").string() + ": No space left on device");
  }
  CHECK(CheckpointStore::open(directory.path(), orders()).ok());
}

TEST_CASE("a disk that fails stops the process, and the checkpoint before is there") {
  for (std::size_t call = 0; call < 4; ++call) {  // two writes, the sync, the meta page
    CAPTURE(call);
    const TemporaryDirectory directory;
    const Manifest first = complete_sample(*open_orders(directory.path()), 1, 2, 9000);
    const std::filesystem::path said = directory / "said";
    const int status = in_child([&] {
      if (std::freopen(said.c_str(), "w", stderr) == nullptr) _exit(2);
      auto store = open_orders(directory.path());
      DiskObserver observer(directory / "data.mdb");
      observer.fail(call, DiskFault::BadDisk);
      store->write(std::vector{sample_chunk({2, 2, 0, 0}, 9000)}).or_throw();
      store->commit(sample_manifest(2, {part_of({2, 2, 0, 0}, 9000)})).or_throw();
      store->retain(1).or_throw();
    });
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
    const std::string expected = "cannot write " + (directory / "data.mdb").string() + ": ";
    CHECK(content_of(said).substr(0, expected.size()) == expected);
    auto store = open_orders(directory.path());
    CHECK(store->checkpoints() == Checkpoints{1});
    CHECK(reads_back(*store, first));
  }
}
