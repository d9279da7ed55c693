#include <weir/actors/writer_actor.hpp>

#include <map>

#include <caf/all.hpp>

#include <weir/actors/messages.hpp>
#include <weir/actors/stored_state.hpp>

namespace weir {
namespace {

constexpr std::size_t kTransactionBytes = 32 << 20;  // larger ones gain nothing and cost memory

class Writer {
 public:
  Writer(caf::event_based_actor* self, WriterOptions options) : self_(self), options_(std::move(options)) {}

  void begin(const message::Begin& begin) {
    job_ = caf::actor_cast<caf::actor>(self_->current_sender());
    attempt_ = begin.attempt;
    start(0);
    auto state = load_newest(*options_.store);
    if (!state) return fail(state.error().message);
    // What came after the checkpoint restored from belongs to a history that is given up.
    if (auto dropped = drop_after(state->manifest ? state->manifest->checkpoint : 0); !dropped) return fail(dropped.error().message);
    self_->send(job_, message::NewestRead{attempt_, std::make_shared<StoredState>(std::move(state).or_throw())});
  }

  void add(const message::StoreChunk& store) {
    if (!accept(store.attempt, store.checkpoint)) return;
    const TaskWiring& wiring = options_.plan->tasks[store.task];
    const std::uint32_t parallelism = options_.plan->vertices[wiring.vertex].parallelism;
    const StateChunk& chunk = *store.chunk;
    auto bytes = pack(chunk.block);
    if (!bytes) return fail("table '" + chunk.table + "' of " + options_.plan->task_name(store.task) + ": " + bytes.error().message);
    PartReference part;
    part.chunk = {checkpoint_, store.node, wiring.index, sequence_++};
    part.table = chunk.table;
    part.kind = chunk.kind;
    part.schema = chunk.schema;
    part.rows = chunk.block.rows;
    part.groups = groups_of_task(wiring.index, parallelism, options_.plan->options.key_groups);
    part.bytes = bytes->size();
    waiting_bytes_ += bytes->size();
    waiting_.push_back({part.chunk, std::move(bytes).or_throw()});
    parts_[store.task].parts[store.node].push_back(std::move(part));
    if (waiting_bytes_ >= kTransactionBytes) flush();
  }

  /// Says that the chunk waits no more, whatever became of it.
  void release(const message::StoreChunk& store) {
    self_->send(caf::actor_cast<caf::actor>(self_->current_sender()), message::Taken{store.chunk->block.size_bytes()});
  }

  void done(const message::SnapshotDone& done) {
    if (!accept(done.attempt, done.checkpoint)) return;
    parts_[done.task].mode = done.mode;
    done_.push_back(done.task);
    // One transaction for all tasks: the job commits only when the last one is stored.
    if (++done_count_ == options_.plan->tasks.size()) flush();
  }

  void commit(const message::Commit& commit) {
    const Manifest& manifest = *commit.manifest;
    if (manifest.attempt != attempt_) return;
    if (auto result = options_.store->commit(manifest); !result) return fail(result.error().message);
    self_->send(job_, message::Committed{attempt_, manifest.checkpoint});
    // What cannot be dropped now is dropped next time.
    (void)options_.store->retain(options_.retained);
  }

  /// Makes room again, so that a full disk may have enough of it for the next checkpoint.
  void give_up(const message::GiveUp& given_up) {
    if (given_up.attempt != attempt_ || given_up.checkpoint < checkpoint_) return;
    start(given_up.checkpoint);
    failed_ = true;  // some of its chunks may still be on their way
    const auto complete = options_.store->checkpoints();
    // What cannot be dropped now is dropped when the next one is complete.
    (void)drop_after(complete.empty() ? 0 : complete.front());
  }

  /// An environment that fails, or a bug, costs a checkpoint and no more.
  template <class Act>
  void guarded(Act&& act) {
    try {
      act();
    } catch (const std::exception& exception) {
      fail(exception.what());
    }
  }

 private:
  void start(CheckpointId checkpoint) {
    checkpoint_ = checkpoint;
    sequence_ = 0;
    done_count_ = 0;
    failed_ = false;
    waiting_.clear();
    waiting_bytes_ = 0;
    parts_.clear();
    done_.clear();
  }

  /// Whether something belongs to the checkpoint being written, which it may begin, and not to one that was given up.
  bool accept(std::uint64_t attempt, CheckpointId checkpoint) {
    if (attempt != attempt_ || checkpoint < checkpoint_) return false;
    if (checkpoint != checkpoint_) start(checkpoint);
    return !failed_;
  }

  void flush() {
    auto result = options_.store->write(waiting_);
    waiting_.clear();
    waiting_bytes_ = 0;
    if (!result) return fail(result.error().message);
    for (const std::uint32_t task : std::exchange(done_, {})) {
      auto parts = std::make_shared<StoredParts>(std::move(parts_[task]));
      self_->send(job_, message::Stored{attempt_, task, checkpoint_, std::move(parts)});
    }
  }

  void fail(std::string message) {
    failed_ = true;
    self_->send(job_, message::StoreFailed{attempt_, checkpoint_, std::move(message)});
  }

  Result<void> drop_after(CheckpointId newest) {
    return newest == 0 ? options_.store->clear() : options_.store->rewind_to(newest);
  }

  caf::event_based_actor* self_;
  WriterOptions options_;
  caf::actor job_;
  std::uint64_t attempt_ = 0;
  CheckpointId checkpoint_ = 0;  // being written
  std::uint32_t sequence_ = 0;
  std::size_t done_count_ = 0;
  bool failed_ = false;          // the rest of it is dropped
  std::vector<Chunk> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::map<std::uint32_t, StoredParts> parts_;
  std::vector<std::uint32_t> done_;
};

}  // namespace

caf::behavior writer_actor(caf::event_based_actor* self, WriterOptions options) {
  // Owned by the behaviour's handlers; gone when the actor is.
  auto writer = std::make_shared<Writer>(self, std::move(options));
  return {
      [writer](const message::Begin& begin) { writer->guarded([&] { writer->begin(begin); }); },
      [writer](const message::StoreChunk& store) {
        writer->guarded([&] { writer->add(store); });
        writer->release(store);
      },
      [writer](const message::SnapshotDone& done) { writer->guarded([&] { writer->done(done); }); },
      [writer](const message::Commit& commit) { writer->guarded([&] { writer->commit(commit); }); },
      [writer](const message::GiveUp& given_up) { writer->guarded([&] { writer->give_up(given_up); }); },
  };
}

}  // namespace weir
