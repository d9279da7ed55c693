// The checkpoint writer and its store, with the test as job and tasks.
#include <doctest/doctest.h>

#include <caf/all.hpp>

#include <weir/actors/messages.hpp>
#include <weir/actors/writer_actor.hpp>
#include <weir/weir.hpp>

#include "support/temporary_directory.hpp"

using namespace weir;
using weir::testing::TemporaryDirectory;

namespace {

constexpr std::chrono::seconds kPatience(60);  // bounds a hung run; no test waits for it to pass

Plan one_task() {
  Pipeline pipeline("job");
  Collected<std::int64_t> rows;
  pipeline.source("numbers", collection(std::vector<std::int64_t>{})).sink("rows", rows);
  return Plan::make(std::move(pipeline.graph()), {});
}

class Bench {
 public:
  explicit Bench(std::uint64_t limit_bytes = 64 << 20) : plan_(one_task()), system_(config_), self_(system_) {
    REQUIRE(plan_.tasks.size() == 1);
    store_ = CheckpointStore::open(directory_.path(), {.job = "job", .weir_version = "test", .limit_bytes = limit_bytes}).or_throw();
    writer_ = self_->spawn<caf::detached>(writer_actor, WriterOptions{store_, &plan_, 2});
  }
  ~Bench() { self_->send_exit(writer_, caf::exit_reason::user_shutdown); }

  /// The checkpoint that the attempt goes on from.
  CheckpointId begin(std::uint64_t attempt) {
    attempt_ = attempt;
    self_->send(writer_, message::Begin{attempt});
    const auto read = receive<message::NewestRead>();
    CHECK(read.attempt == attempt);
    return read.state->manifest ? read.state->manifest->checkpoint : 0;
  }
  /// One chunk of so many bytes; the writer says when it has taken it.
  void chunk(CheckpointId checkpoint, std::size_t bytes = 100) {
    StateChunk chunk{"table", ChunkKind::Split, "text", Columns(Codec<std::string>::columns)};
    Codec<std::string>::write(chunk.block, 0, std::string(bytes, 'x'));
    chunk.block.rows = 1;
    const std::size_t size = chunk.block.size_bytes();
    self_->send(writer_, message::StoreChunk{attempt_, 0, 0, checkpoint, std::make_shared<StateChunk>(std::move(chunk))});
    CHECK(receive<message::Taken>().bytes == size);
  }
  void done(CheckpointId checkpoint) { self_->send(writer_, message::SnapshotDone{attempt_, 0, checkpoint, SnapshotMode::Full}); }
  void commit(const message::Stored& stored) {
    Manifest manifest;
    manifest.checkpoint = stored.checkpoint;
    manifest.job = "job";
    manifest.attempt = stored.attempt;
    manifest.operators.push_back({"numbers", 0, 1, stored.parts->parts[0]});
    self_->send(writer_, message::Commit{std::make_shared<Manifest>(std::move(manifest))});
  }
  void give_up(CheckpointId checkpoint) { self_->send(writer_, message::GiveUp{attempt_, checkpoint}); }
  void complete(CheckpointId checkpoint) {
    chunk(checkpoint);
    done(checkpoint);
    commit(receive<message::Stored>());
    CHECK(receive<message::Committed>().checkpoint == checkpoint);
  }

  template <class Message>
  Message receive() {
    std::optional<Message> received;
    std::string failure;
    self_->receive([&](const Message& message) { received = message; },
                   [&](const message::StoreFailed& failed) {
                     failure = failed.message;
                     if constexpr (std::is_same_v<Message, message::StoreFailed>) received = failed;
                   },
                   caf::after(kPatience) >> [&] { failure = "the writer says nothing"; });
    CAPTURE(failure);
    REQUIRE(received);
    return *received;
  }

  const CheckpointStore& store() const { return *store_; }

 private:
  TemporaryDirectory directory_;
  Plan plan_;
  std::shared_ptr<CheckpointStore> store_;  // shared with the writer; looked at only when it has nothing to do
  caf::actor_system_config config_;
  caf::actor_system system_;
  caf::scoped_actor self_;
  caf::actor writer_;
  std::uint64_t attempt_ = 0;
};

}  // namespace

TEST_CASE("a checkpoint is read again once it is committed, and not before") {
  Bench bench;
  CHECK(bench.begin(1) == 0);
  bench.complete(1);
  bench.chunk(2);
  bench.done(2);
  CHECK(bench.receive<message::Stored>().checkpoint == 2);
  CHECK(bench.begin(2) == 1);
}

TEST_CASE("what a dead attempt left without a complete checkpoint is dropped") {
  Bench bench;
  CHECK(bench.begin(1) == 0);
  bench.chunk(1);
  bench.done(1);
  const auto stored = bench.receive<message::Stored>();
  const ChunkId id = stored.parts->parts[0].front().chunk;
  CHECK(bench.store().read(id).ok());
  CHECK(bench.begin(2) == 0);
  CHECK(!bench.store().read(id).ok());
  bench.commit(stored);
  CHECK(bench.begin(3) == 0);
}

TEST_CASE("a checkpoint that does not fit is given up, and the next one that fits is complete") {
  Bench bench(8 << 20);
  CHECK(bench.begin(1) == 0);
  bench.complete(1);
  for (int i = 0; i < 10; ++i) bench.chunk(2, 1 << 20);
  bench.done(2);
  const auto failed = bench.receive<message::StoreFailed>();
  CHECK(failed.attempt == 1);
  CHECK(failed.checkpoint == 2);
  CHECK(failed.message.find("is full") != std::string::npos);
  bench.give_up(2);
  bench.chunk(2);  // its task had not heard of it
  bench.done(2);
  bench.complete(3);
  CHECK(bench.begin(2) == 3);
}

TEST_CASE("the chunks of a checkpoint that is given up are dropped") {
  Bench bench(8 << 20);
  CHECK(bench.begin(1) == 0);
  // Each would fit once; together they would not.
  for (CheckpointId checkpoint = 1; checkpoint < 10; ++checkpoint) {
    for (int i = 0; i < 3; ++i) bench.chunk(checkpoint, 1 << 20);
    bench.done(checkpoint);
    CHECK(bench.receive<message::Stored>().checkpoint == checkpoint);
    bench.give_up(checkpoint);
  }
  bench.complete(10);
}
