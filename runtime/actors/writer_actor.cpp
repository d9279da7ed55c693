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

  void new_attempt() {
    waiting_.clear();
    done_.clear();
    waiting_bytes_ = 0;
    parts_.clear();
  }

  void add(const message::StoreChunk& store, const caf::actor& job) {
    if (store.checkpoint < checkpoint_) return;  // of one that was given up before its task heard of it
    if (store.checkpoint != checkpoint_) begin(store.checkpoint);
    if (failed_) return;
    const std::uint32_t vertex = options_.plan->tasks[store.task].vertex;
    const std::uint32_t parallelism = options_.plan->vertices[vertex].parallelism;
    const std::uint32_t index = options_.plan->tasks[store.task].index;
    StateChunk& chunk = *store.chunk;
    PartReference part;
    part.chunk = {checkpoint_, store.node, index, sequence_++};
    part.table = chunk.table;
    part.kind = chunk.kind;
    part.schema = chunk.schema;
    part.rows = chunk.block.rows;
    part.groups = groups_of_task(index, parallelism, options_.plan->options.key_groups);
    std::vector<std::byte> bytes = pack(chunk.block);
    part.bytes = bytes.size();
    waiting_bytes_ += bytes.size();
    waiting_.push_back({part.chunk, std::move(bytes)});
    parts_[store.task].parts[store.node].push_back(std::move(part));
    if (waiting_bytes_ >= kTransactionBytes) flush(job);
  }

  void done(const message::SnapshotDone& done, const caf::actor& job) {
    if (done.checkpoint < checkpoint_) return;
    if (done.checkpoint != checkpoint_) begin(done.checkpoint);
    if (failed_) return;
    parts_[done.task].mode = done.mode;
    done_.push_back(done.task);
    // One transaction for all tasks: the job commits only when the last one is stored.
    if (++done_count_ == options_.plan->tasks.size()) flush(job);
  }

  Result<StoredState> read_newest() {
    auto state = load_newest(*options_.store);
    if (!state) return state;
    // What came after the checkpoint restored from belongs to a history that is given up.
    const CheckpointId newest = state->manifest ? state->manifest->checkpoint : 0;
    if (newest != 0) {
      if (auto rewound = options_.store->rewind_to(newest); !rewound) return rewound.error();
    }
    return state;
  }

  void commit(const message::Commit& commit, const caf::actor& job) {
    if (auto result = options_.store->commit(*commit.manifest); !result) {
      self_->send(job, message::StoreFailed{commit.manifest->checkpoint, result.error().message});
      return;
    }
    self_->send(job, message::Committed{commit.manifest->checkpoint});
    // What cannot be dropped now is dropped next time.
    (void)options_.store->retain(options_.retained);
  }

 private:
  void begin(CheckpointId checkpoint) {
    new_attempt();
    checkpoint_ = checkpoint;
    sequence_ = 0;
    done_count_ = 0;
    failed_ = false;
  }

  void flush(const caf::actor& job) {
    auto result = options_.store->write(waiting_);
    waiting_.clear();
    waiting_bytes_ = 0;
    if (!result) {
      failed_ = true;
      done_.clear();
      self_->send(job, message::StoreFailed{checkpoint_, result.error().message});
      return;
    }
    for (const std::uint32_t task : done_) {
      self_->send(job, message::Stored{task, checkpoint_, std::make_shared<StoredParts>(std::move(parts_[task]))});
    }
    done_.clear();
  }

  caf::event_based_actor* self_;
  WriterOptions options_;
  CheckpointId checkpoint_ = 0;
  std::uint32_t sequence_ = 0;
  std::size_t done_count_ = 0;
  bool failed_ = false;
  std::vector<Chunk> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::map<std::uint32_t, StoredParts> parts_;
  std::vector<std::uint32_t> done_;
};

}  // namespace

caf::behavior writer_actor(caf::event_based_actor* self, WriterOptions options) {
  auto writer = std::make_shared<Writer>(self, std::move(options));
  auto job = std::make_shared<caf::actor>();
  return {
      [=](const message::NewAttempt&) {
        *job = caf::actor_cast<caf::actor>(self->current_sender());
        writer->new_attempt();
      },
      [=](const message::ReadNewest&) {
        auto state = writer->read_newest();
        message::NewestRead reply{nullptr, ""};
        if (state) reply.state = std::make_shared<StoredState>(std::move(state).or_throw());
        else reply.error = state.error().message;
        self->send(*job, std::move(reply));
      },
      [=](const message::StoreChunk& store) { writer->add(store, *job); },
      [=](const message::SnapshotDone& done) { writer->done(done, *job); },
      [=](const message::Commit& commit) { writer->commit(commit, *job); },
  };
}

}  // namespace weir
