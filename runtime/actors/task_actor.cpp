#include <weir/actors/task_actor.hpp>

#include <algorithm>
#include <chrono>

#include <caf/all.hpp>

#include <weir/actors/alarms.hpp>
#include <weir/actors/link_actor.hpp>
#include <weir/actors/messages.hpp>
#include <weir/base/clock.hpp>
#include <weir/base/crash_note.hpp>
#include <weir/base/exception_text.hpp>

namespace weir {
namespace {

constexpr std::size_t kStepsPerRun = 16;  // batches between two looks at the mailbox
constexpr std::uint64_t kRunsPerStateSample = 64;

class TaskShell final : public TaskEnvironment, private CrashSite {
 public:
  TaskShell(caf::event_based_actor* self, TaskActorOptions options)
      : self_(self), options_(std::move(options)), operators_(options_.plan->name(wiring().vertex)) {}

  void setup(message::Setup& setup) {
    if (setup.before && steady_now() >= *setup.before) {
      return self_->send(options_.job, message::TooLate{options_.number, std::move(setup)});
    }
    peers_ = setup.peers;
    const CrashNote note(*this);
    guarded([&] {
      task_ = std::make_unique<Task>(options_.task, std::move(*setup.nodes), std::move(*setup.inputs),
                                     options_.plan->make_outputs(options_.number), *this);
      self_->send(options_.job, message::Ready{options_.number});
    });
  }

  /// Calls `act` with the task unless it has failed, then sees to it that the task runs.
  template <class Act>
  void with_task(Act&& act) {
    if (!task_ || failed_) return;
    const CallScope call(cell().call);
    const CrashNote note(*this);
    guarded([&] { act(*task_); });
    schedule();
  }

  /// An element from another worker.
  void arrived(const message::Arrived& arrived) {
    with_task([&](Task& task) {
      const std::uint32_t channel = arrived.item.channel;
      if (channel >= wiring().input_edges.size()) throw Failure("a frame names input channel " + std::to_string(channel) + ", which does not exist");
      const PlanEdge& edge = options_.plan->edges[wiring().input_edges[channel]];
      task.on_element(channel, wire::receive_element(arrived.item, arrived.frame, arrived.blob, *options_.plan->graph_edge(edge).type));
    });
  }

  void credit(const message::Credit& credit) {
    with_task([&](Task& task) {
      const auto& edges = wiring().receivers;
      const bool exists = credit.edge < edges.size() && credit.channel < edges[credit.edge].size();
      if (!exists) throw Failure("credit for channel " + std::to_string(credit.channel) + " of output " + std::to_string(credit.edge) + ", which does not exist");
      task.on_grant(credit.edge, credit.channel, credit.grant);
    });
  }

  void go() {
    running_ = true;
    schedule();
  }

  void run() {
    scheduled_ = false;
    if (!task_ || !running_ || failed_) return;
    const CallScope call(cell().call);
    const CrashNote note(*this);
    guarded([&] {
      const std::int64_t start = ticks_ns();
      const bool more = task_->run(kStepsPerRun);
      report(ticks_ns() - start);
      if (more) schedule();
    });
  }

  void tick(ProcessingTime due) {
    alarms_.rang(due);
    with_task([](Task& task) { task.on_time(); });
  }

  void taken(std::size_t bytes) {
    storing_bytes_ -= std::min(bytes, storing_bytes_);
    schedule();
  }

  void send(std::uint32_t edge, std::uint32_t channel, Element element) override {
    const ChannelEnd& end = wiring().receivers[edge][channel];
    const message::TaskPeer& peer = (*peers_)[end.task];
    if (peer.remote) return send_away(peer, wire::encode_element(end.task, end.channel, element));
    self_->send(peer.actor, message::Deliver{end.channel, std::make_shared<Element>(std::move(element))});
  }
  void grant(std::uint32_t channel, const Grant& grant) override {
    const ChannelEnd& end = wiring().senders[channel];
    const message::TaskPeer& peer = (*peers_)[end.task];
    if (peer.remote) return send_away(peer, wire::encode_credit(end.task, end.edge, end.channel, grant));
    self_->send(peer.actor, message::Credit{end.edge, end.channel, grant});
  }
  void store(CheckpointId checkpoint, std::uint32_t node, StateChunk chunk) override {
    const NodeId id = options_.plan->vertices[wiring().vertex].nodes[node];
    storing_bytes_ += chunk.block.size_bytes();
    self_->send(options_.writer, message::StoreChunk{options_.attempt, options_.number, id, checkpoint,
                                                     std::make_shared<StateChunk>(std::move(chunk))});
  }
  bool may_store() const override { return storing_bytes_ < options_.storing_bytes; }
  void snapshot_done(CheckpointId checkpoint, SnapshotMode mode) override {
    if (options_.writer) {
      self_->send(options_.writer, message::SnapshotDone{options_.attempt, options_.number, checkpoint, mode});
    } else {
      self_->send(options_.job,
                  message::Stored{options_.attempt, options_.number, checkpoint, std::make_shared<StoredParts>()});
    }
  }
  void finished() override { self_->send(options_.job, message::Finished{options_.number}); }
  void completed(CheckpointId checkpoint) {
    report(0);  // whoever hears this looks at the figures next
    self_->send(options_.job, message::Completed{options_.number, checkpoint});
  }
  ProcessingTime now() const override { return options_.clock->now(); }
  std::int64_t ticks_ns() const override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  }
  void wake_at(ProcessingTime time) override {
    if (!alarms_.set(time)) return;
    self_->delayed_send(self_, std::max(Duration(0), time - now()), message::Tick{time});
  }
  Waker waker() override {
    return [handle = caf::actor_cast<caf::actor>(self_)] { caf::anon_send(handle, message::Wake{}); };
  }

 private:
  TaskCell& cell() { return options_.board->tasks[options_.number]; }
  const TaskWiring& wiring() const { return options_.plan->tasks[options_.number]; }
  /// All of them while they are opened.
  std::string_view crash_site() const noexcept override { return task_ ? task_->running_operator() : operators_; }

  /// For the worker at the other end of a link.
  struct Parcel {
    caf::actor link;
    std::vector<wire::EncodedItem> items;
    std::size_t bytes = 0;
  };

  /// Encoded here, since links and the middleman have all channels to serve.
  void send_away(const message::TaskPeer& link, wire::EncodedItem item) {
    auto parcel = std::ranges::find(parcels_, link.actor, &Parcel::link);
    if (parcel == parcels_.end()) parcel = parcels_.insert(parcel, Parcel{link.actor, {}, 0});
    parcel->bytes += item.size_bytes();
    parcel->items.push_back(std::move(item));
    if (parcel->bytes >= kLeastFrame) hand_over(*parcel);  // each message may wake a thread, too
  }

  void hand_over(Parcel& parcel) {
    if (parcel.items.empty()) return;
    parcel.bytes = 0;
    self_->send(parcel.link, message::Outgoing{std::make_shared<std::vector<wire::EncodedItem>>(std::exchange(parcel.items, {}))});
  }

  void schedule() {
    if (scheduled_ || !task_ || !running_ || failed_) return;
    scheduled_ = true;
    self_->send(self_, message::Run{});
  }

  /// The one catch site of a task: whatever user code or the environment throws ends this attempt of it.
  template <class Act>
  void guarded(Act&& act) {
    try {
      act();
      for (Parcel& parcel : parcels_) hand_over(parcel);
    } catch (const PermanentFailure& failure) {
      fail(failure.what(), TaskFailure::Remedy::None);
    } catch (...) {
      fail(current_exception_text(), TaskFailure::Remedy::Restart);
    }
  }

  void fail(std::string text, TaskFailure::Remedy remedy) {
    TaskFailure failure{options_.plan->task_name(options_.number), "", std::move(text), remedy};
    if (task_) {
      const TaskPosition position = task_->position();
      failure.operator_name = position.operator_name;
      if (position.origin.split) failure.position = to_text(position.origin);
    }
    failed_ = true;
    self_->send(options_.job, message::Failed{options_.number, std::move(failure)});
  }

  void report(std::int64_t busy_ns) {
    TaskCell& cell = this->cell();
    const TaskMetrics& metrics = task_->metrics();
    constexpr auto relaxed = std::memory_order_relaxed;
    cell.records_in.store(metrics.records_in, relaxed);
    cell.records_out.store(metrics.records_out, relaxed);
    cell.records_read.store(metrics.records_read, relaxed);
    cell.records_written.store(metrics.records_written, relaxed);
    cell.records_dropped.store(metrics.records_dropped, relaxed);
    cell.busy_ns.store(cell.busy_ns.load(relaxed) + static_cast<std::uint64_t>(busy_ns), relaxed);
    cell.snapshot_ns.store(metrics.snapshot_ns, relaxed);
    cell.longest_pause_ns.store(metrics.longest_pause_ns, relaxed);
    cell.watermark_ms.store(task_->watermark().ms, relaxed);
    cell.blocked.store(task_->blocked(), relaxed);
    if (runs_++ % kRunsPerStateSample == 0) cell.state_bytes.store(task_->state_bytes(), relaxed);
  }

  caf::event_based_actor* self_;
  TaskActorOptions options_;
  std::string operators_;  // of the task
  std::shared_ptr<const std::vector<message::TaskPeer>> peers_;
  std::unique_ptr<Task> task_;
  bool running_ = false;    // told to go
  bool failed_ = false;     // nothing touches the task any more
  bool scheduled_ = false;  // a Run is on its way
  Alarms alarms_;
  std::size_t storing_bytes_ = 0;  // on their way to the writer
  std::vector<Parcel> parcels_;    // for each link that was used; empty between two messages
  std::uint64_t runs_ = 0;
};

}  // namespace

caf::behavior task_actor(caf::event_based_actor* self, TaskActorOptions options) {
  // Owned by the behaviour's handlers; gone when the actor is.
  auto shell = std::make_shared<TaskShell>(self, std::move(options));
  return {
      [shell](message::Deliver& deliver) {
        shell->with_task([&](Task& task) { task.on_element(deliver.channel, std::move(*deliver.element)); });
      },
      [shell](const message::Arrived& arrived) { shell->arrived(arrived); },
      [shell](const message::Credit& credit) { shell->credit(credit); },
      [shell](const message::Run&) { shell->run(); },
      [shell](const message::Tick& tick) { shell->tick(tick.due); },
      [shell](const message::Taken& taken) { shell->taken(taken.bytes); },
      [shell](const message::Wake&) { shell->with_task([](Task& task) { task.on_wake(); }); },
      [shell](const message::Trigger& trigger) {
        shell->with_task([&](Task& task) { task.on_trigger(trigger.barrier); });
      },
      [shell](const message::Complete& complete) {
        shell->with_task([&](Task& task) {
          task.on_complete(complete.checkpoint);
          shell->completed(complete.checkpoint);
        });
      },
      [shell](const message::Abandon& abandon) {
        shell->with_task([&](Task& task) { task.on_abandoned(abandon.checkpoint); });
      },
      [shell](message::Setup& setup) { shell->setup(setup); },
      [shell](const message::Go&) { shell->go(); },
  };
}

}  // namespace weir
