#include <weir/actors/part_writer_actor.hpp>

#include <map>
#include <set>

#include <caf/all.hpp>

#include <weir/actors/messages.hpp>
#include <weir/actors/remote_messages.hpp>
#include <weir/base/bytes.hpp>
#include <weir/wire/control.hpp>

namespace weir {
namespace {

constexpr std::size_t kRequestBytes = 8 << 20;  // of parts that go to the store together

class PartWriter {
 public:
  PartWriter(caf::event_based_actor* self, PartWriterOptions options) : self_(self), options_(std::move(options)) {}

  void on_keepers(const message::Keepers& keepers) {
    if (!accept(keepers.checkpoint)) return;
    keepers_ = keepers.nodes;
    keepers_known_ = true;
    if (flush_due_) flush();
  }

  void add(const message::StoreChunk& store) {
    const auto task = caf::actor_cast<caf::actor>(self_->current_sender());
    const std::size_t held = store.chunk->block.size_bytes();
    if (!accept(store.checkpoint)) return self_->send(task, message::Taken{held});
    const TaskWiring& wiring = options_.plan->tasks[store.task];
    const StateChunk& chunk = *store.chunk;
    auto bytes = pack(chunk.block);
    if (!bytes) {
      self_->send(task, message::Taken{held});
      return fail("table '" + chunk.table + "' of " + options_.plan->task_name(store.task) + ": " + bytes.error().message);
    }
    const KeyGroupRange groups =
        groups_of_task(wiring.index, options_.plan->vertices[wiring.vertex].parallelism, options_.plan->options.key_groups);
    wire::TaskStored& stored = stored_[store.task];
    stored.parts.push_back({checkpoint_, store.node, wiring.index, sequence_, chunk.table, static_cast<std::uint8_t>(chunk.kind), chunk.schema,
                            chunk.block.rows, bytes->size(), groups.first, groups.end});
    waiting_bytes_ += bytes->size();
    waiting_.push_back({checkpoint_, store.node, wiring.index, sequence_++, std::string(as_text(*bytes))});
    held_.emplace_back(task, held);
    if (waiting_bytes_ >= kRequestBytes) flush();
  }

  void done(const message::SnapshotDone& done) {
    if (!accept(done.checkpoint)) return;
    wire::TaskStored& stored = stored_[done.task];
    stored.task = done.task;
    stored.checkpoint = checkpoint_;
    stored.full = done.mode == SnapshotMode::Full;
    done_.push_back(done.task);
    // One request for all of the worker's tasks: the checkpoint waits for the last one.
    if (++done_count_ == options_.local_tasks) flush();
  }

  void give_up(const message::GiveUp& given_up) {
    if (given_up.checkpoint < checkpoint_) return;
    if (given_up.checkpoint > checkpoint_) start(given_up.checkpoint);
    drop();
  }

  void answered(const message::Packet& packet) {
    if (packet.kind != name_of<wire::PartsStored>() || packet.attempt != options_.attempt) return;
    const auto answer = wire::decode<wire::PartsStored>(packet.bytes);
    if (!answer) return fail(answer.error().message);
    const auto found = requests_.find(answer->request);
    if (found == requests_.end()) return;
    const Request request = std::move(found->second);
    requests_.erase(found);
    release(request.held);
    if (request.checkpoint != checkpoint_ || failed_) return;
    if (!answer->error.empty()) return fail(answer->error, answer->node);
    // A task's parts may be spread over several requests, which are answered in any order.
    for (const std::uint32_t task : request.done) ended_.insert(task);
    for (auto task = ended_.begin(); task != ended_.end();) {
      if (under_way(*task)) {
        ++task;
        continue;
      }
      tell_leader(std::move(stored_[*task]));
      stored_.erase(*task);
      task = ended_.erase(task);
    }
  }

 private:
  using Held = std::vector<std::pair<caf::actor, std::size_t>>;  // tasks, and bytes of theirs that wait here

  struct Request {
    CheckpointId checkpoint = 0;
    std::set<std::uint32_t> tasks;     // whose parts are in it: their indices among all tasks
    std::vector<std::uint32_t> done;   // tasks of which nothing follows
    Held held;
  };

  void start(CheckpointId checkpoint) {
    release(std::exchange(held_, {}));
    release_requests();
    checkpoint_ = checkpoint;
    keepers_known_ = flush_due_ = false;
    sequence_ = 0;
    done_count_ = 0;
    failed_ = false;
    waiting_.clear();
    waiting_bytes_ = 0;
    stored_.clear();
    done_.clear();
    ended_.clear();
  }

  /// The rest of the checkpoint is of no use.
  void drop() {
    failed_ = true;
    flush_due_ = false;
    release_requests();
    release(std::exchange(held_, {}));
    waiting_.clear();
    waiting_bytes_ = 0;
  }

  /// Whether something belongs to the checkpoint being written, which it may begin, and not to one that was given up.
  bool accept(CheckpointId checkpoint) {
    if (checkpoint < checkpoint_) return false;
    if (checkpoint != checkpoint_) start(checkpoint);
    return !failed_;
  }

  bool under_way(std::uint32_t task) const {
    for (const auto& [number, request] : requests_) {
      if (request.checkpoint == checkpoint_ && request.tasks.contains(task)) return true;
    }
    return false;
  }

  /// Whatever still comes in answer is ignored.
  void release_requests() {
    for (const auto& [number, request] : std::exchange(requests_, {})) release(request.held);
  }

  void flush() {
    // A barrier may come by way of another worker, before the leader's word.
    flush_due_ = !keepers_known_;
    if (flush_due_) return;
    Request request{checkpoint_, {}, std::exchange(done_, {}), std::exchange(held_, {})};
    for (const auto& [task, stored] : stored_) {
      if (!stored.parts.empty()) request.tasks.insert(task);
    }
    wire::StoreParts parts;
    parts.request = ++last_request_;
    parts.keepers = keepers_;
    parts.parts = std::exchange(waiting_, {});
    waiting_bytes_ = 0;
    requests_.emplace(parts.request, std::move(request));
    self_->send(options_.node, message::make_packet(options_.job, options_.attempt, parts));
  }

  void fail(const std::string& message, std::uint64_t node = 0) {
    drop();
    tell_leader(wire::StoringFailed{checkpoint_, message, node});
  }

  template <class M>
  void tell_leader(const M& content) {
    self_->send(options_.node, message::make_packet(options_.job, options_.attempt, content));
  }

  void release(const Held& held) {
    for (const auto& [task, bytes] : held) self_->send(task, message::Taken{bytes});
  }

  caf::event_based_actor* self_;
  PartWriterOptions options_;
  CheckpointId checkpoint_ = 0;  // being written
  std::vector<std::uint64_t> keepers_;  // nodes that store its parts
  bool keepers_known_ = false;
  bool flush_due_ = false;       // as soon as they are
  std::uint32_t sequence_ = 0;
  std::size_t done_count_ = 0;
  bool failed_ = false;          // the rest of it is dropped
  std::vector<wire::PartBytes> waiting_;
  std::size_t waiting_bytes_ = 0;
  Held held_;                    // of what waits
  std::map<std::uint32_t, wire::TaskStored> stored_;
  std::vector<std::uint32_t> done_;   // tasks whose last part waits
  std::set<std::uint32_t> ended_;     // tasks whose last part is durable
  std::uint64_t last_request_ = 0;
  std::map<std::uint64_t, Request> requests_;  // not answered yet
};

}  // namespace

caf::behavior part_writer_actor(caf::event_based_actor* self, PartWriterOptions options) {
  // Owned by the behaviour's handlers; gone when the actor is.
  const auto writer = std::make_shared<PartWriter>(self, std::move(options));
  return {
      [writer](const message::Keepers& keepers) { writer->on_keepers(keepers); },
      [writer](const message::StoreChunk& store) { writer->add(store); },
      [writer](const message::SnapshotDone& done) { writer->done(done); },
      [writer](const message::GiveUp& given_up) { writer->give_up(given_up); },
      [writer](const message::Packet& packet) { writer->answered(packet); },
  };
}

}  // namespace weir
