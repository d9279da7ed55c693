#include <weir/actors/worker_actor.hpp>

#include <map>
#include <set>

#include <caf/all.hpp>

#include <weir/actors/attempt.hpp>
#include <weir/actors/link_actor.hpp>
#include <weir/actors/messages.hpp>
#include <weir/actors/part_reader.hpp>
#include <weir/actors/part_writer_actor.hpp>
#include <weir/actors/remote_messages.hpp>
#include <weir/base/bytes.hpp>
#include <weir/base/clock.hpp>
#include <weir/base/exception_text.hpp>
#include <weir/base/version.hpp>
#include <weir/graph/job_shape.hpp>
#include <weir/state/checkpoint_store.hpp>
#include <weir/wire/job_shape_codec.hpp>

namespace weir {
namespace {

struct ReportFigures {};
struct ReportLink {
  std::uint32_t peer;
  std::string why;
};

}  // namespace
}  // namespace weir

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::ReportFigures)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::ReportLink)

namespace weir {
namespace {

constexpr std::chrono::milliseconds kFiguresEvery(500);
constexpr std::chrono::milliseconds kLinkGrace(500);

class Worker {
 public:
  Worker(caf::event_based_actor* self, WorkerOptions options)
      : self_(self), options_(std::move(options)), guard_(options_.hang_timeout, options_.hung) {}

  void start() {
    guard_.watch("loading the job", loading_);
    self_->monitor(options_.node);
    tell_node(wire::WorkerHello{});
  }

  /// The one catch site of the worker's own work.
  template <class Act>
  void guarded(Act&& act) {
    try {
      act();
    } catch (...) {
      fail(current_exception_text());
    }
  }

  void on_packet(const message::Packet& packet) {
    if (packet.kind == name_of<wire::LinkHello>()) return on_link_hello(packet);
    if (packet.job != options_.job || packet.attempt != options_.attempt) return;
    if (self_->current_sender() != options_.node) return on_node_answer(packet);
    message::on<wire::Assign>(packet, [&](const auto& m) { on_assign(m); });
    message::on<wire::Deploy>(packet, [&](const auto& m) { on_deploy(m); });
    message::on<wire::Open>(packet, [&](const auto&) { on_open(); });
    message::on<wire::Go>(packet, [&](const auto& m) { on_go(m); });
    message::on<wire::Trigger>(packet, [&](const auto& m) { on_trigger(m); });
    message::on<wire::Complete>(packet, [&](const auto& m) { attempt_->tell_all(message::Complete{m.checkpoint}); });
    message::on<wire::ReportWorker>(packet, [&](const auto&) { on_report(); });
    message::on<wire::GiveUp>(packet, [&](const auto& m) { on_give_up(m); });
    on_node_answer(packet);
  }

  void on_connected(const message::Connected& connected) {
    const auto peer = static_cast<std::uint32_t>(connected.tag);
    if (!connected.peer) return fail("worker " + std::to_string(peer + 1) + " cannot be reached: " + connected.error);
    self_->send(links_.at(peer), message::Call{connected.peer});
  }

  void on_linked(const message::Linked& linked) {
    linked_.insert(linked.peer);
    tell_ready();
  }

  void on_ready(const message::Ready& ready) {
    ready_.push_back(ready.task);
    tell_ready();
  }
  /// Others took long to open, or this process was stopped.
  void on_too_late(const message::TooLate& late) {
    late_.push_back(late);
    if (!asked_) ask_to_open();
  }
  void on_failed(const message::Failed& failed) {
    const TaskFailure& failure = failed.failure;
    tell_failure(wire::TaskFailed{failed.task, failure.operator_name, failure.position, failure.message, failure.remedy == TaskFailure::Remedy::None});
  }
  void on_finished(const message::Finished& finished) {
    finished_.insert(finished.task);
    tell_node(wire::TaskFinished{finished.task});
  }
  /// A job that has ended is known by what its tasks had done when they published for the last time.
  void on_completed(const message::Completed& completed) {
    if (completed.checkpoint == last_checkpoint_) tell_node(wire::Figures{{figures_of(completed.task)}});
    tell_node(wire::TaskPublished{completed.task, completed.checkpoint});
  }
  /// When the other worker died, its own node says so, and better; this is for when nobody does.
  void on_link_lost(const message::LinkLost& lost) { self_->delayed_send(self_, kLinkGrace, ReportLink{lost.peer, lost.why}); }
  void on_report_link(const ReportLink& lost) { fail("the link to worker " + std::to_string(lost.peer + 1) + " failed: " + lost.why); }

  void on_figures() {
    if (!board_) return;
    wire::Figures figures;
    for (std::uint32_t task = 0; task < here_.size(); ++task) {
      if (here_[task]) figures.tasks.push_back(figures_of(task));
    }
    tell_node(figures);
    self_->delayed_send(self_, kFiguresEvery, ReportFigures{});
  }

  void on_down(const caf::down_msg& down) {
    if (down.source == options_.node.address()) {
      options_.ended();
      return self_->quit();
    }
    if (writer_ && down.source == writer_.address()) return fail("its checkpoint writer ended: " + to_string(down.reason));
    const auto task = attempt_ ? attempt_->on_down(down.source) : std::nullopt;
    if (task) tell_failure(wire::TaskFailed{*task, plan_->task_name(*task), "", "its actor ended: " + to_string(down.reason), false});
  }

 private:
  wire::TaskFigures figures_of(std::uint32_t task) const {
    const TaskCell& cell = board_->tasks[task];
    return {task, cell.records_in, cell.records_out, cell.records_read, cell.records_written, cell.records_dropped,
            cell.busy_ns, cell.longest_pause_ns, cell.state_bytes, cell.watermark_ms, cell.blocked};
  }

  template <NamedRecord M>
  void tell_node(const M& content) {
    self_->send(options_.node, message::make_packet(options_.job, options_.attempt, content));
  }

  /// A leader that comes later must hear it too.
  template <NamedRecord M>
  void tell_failure(const M& content) {
    failure_ = message::make_packet(options_.job, options_.attempt, content);
    self_->send(options_.node, *failure_);
  }

  void fail(const std::string& message) { tell_failure(wire::WorkerFailed{message, false}); }

  void on_assign(const wire::Assign& assign) {
    auto plan = [&] {
      const CallScope call(*loading_);
      return options_.load(assign);
    }();
    if (!plan) return tell_node(wire::WorkerFailed{plan.error().message, true});
    plan_ = std::move(plan).or_throw();
    alignment_limit_ = Duration(static_cast<std::int64_t>(assign.alignment_limit_ms));
    const std::uint16_t port = options_.network->listen(caf::actor_cast<caf::actor>(self_), Address{assign.host, 0}).or_throw();
    tell_node(wire::WorkerUp{to_text(Address{assign.host, port}), wire::encode(JobShape::of(*plan_))});
  }

  void on_deploy(const wire::Deploy& deploy) {
    if (!plan_ || deploy_) throw Failure("told to deploy out of turn");
    if (deploy.worker_of_task.size() != plan_->tasks.size() || deploy.self >= deploy.workers.size()) {
      throw Failure("the plan has " + std::to_string(plan_->tasks.size()) + " tasks here and " + std::to_string(deploy.worker_of_task.size()) + " at the leader");
    }
    deploy_ = deploy;
    for (const std::uint32_t worker : deploy.worker_of_task) here_.push_back(worker == deploy.self);
    board_ = std::make_shared<JobBoard>(plan_->tasks.size());
    for (std::uint32_t task = 0; task < here_.size(); ++task) {
      if (here_[task]) guard_.watch(plan_->task_name(task), std::shared_ptr<const CallCell>(board_, &board_->tasks[task].call));
    }
    spawn_tasks();
    link_up();
    restore();
    self_->delayed_send(self_, kFiguresEvery, ReportFigures{});
  }

  void spawn_tasks() {
    PartWriterOptions writer{options_.job, options_.attempt, plan_, static_cast<std::size_t>(std::count(here_.begin(), here_.end(), true)),
                             options_.node};
    writer_ = self_->spawn<caf::monitored>(part_writer_actor, std::move(writer));
    attempt_ = std::make_unique<Attempt>(self_, AttemptOptions{{options_.job, options_.attempt}, plan_, options_.clock, board_, writer_});
    TaskOptions common;
    common.key_groups = plan_->options.key_groups;
    common.checkpointed = true;
    common.isolating = deploy_->isolating;
    common.alignment_limit = alignment_limit_;
    attempt_->spawn(here_, common);
  }

  /// Of two workers the one with the lower number calls.
  void link_up() {
    const auto tasks = std::make_shared<const std::vector<caf::actor>>(attempt_->tasks());
    const auto self = caf::actor_cast<caf::actor>(self_);
    for (std::uint32_t peer = 0; peer < deploy_->workers.size(); ++peer) {
      if (peer == deploy_->self) continue;
      links_[peer] = self_->spawn(link_actor, LinkOptions{options_.job, options_.attempt, deploy_->self, tasks, self, peer});
      if (deploy_->self < peer) options_.network->connect_in_background(self, deploy_->workers[peer], peer);
    }
    for (std::uint32_t task = 0; task < here_.size(); ++task) {
      link_of_task_.push_back(here_[task] ? nullptr : links_.at(deploy_->worker_of_task[task]));
    }
    hand_over_hellos();
  }

  /// From a link's other end, which is the sender.
  void on_link_hello(const message::Packet& packet) {
    if (packet.job != options_.job || packet.attempt != options_.attempt) return;
    const auto from = wire::decode<wire::LinkHello>(packet.bytes).or_throw();
    constexpr std::size_t kMostWaiting = 1024;  // whatever strangers say before the attempt is known
    if (early_hellos_.size() >= kMostWaiting) return;
    early_hellos_.emplace_back(from.worker, caf::actor_cast<caf::actor>(self_->current_sender()));
    if (deploy_) hand_over_hellos();
  }

  void hand_over_hellos() {
    for (const auto& [peer, link] : std::exchange(early_hellos_, {})) {
      const auto found = links_.find(peer);
      if (found != links_.end()) self_->send(found->second, message::Called{link});
    }
  }

  void tell_ready() {
    if (linked_.size() < links_.size()) return;
    for (const std::uint32_t task : std::exchange(ready_, {})) tell_node(wire::TaskReady{task, newest_checkpoint_});
  }

  void restore() {
    if (!deploy_->manifest.empty()) {
      Manifest manifest = decode_manifest(as_span(deploy_->manifest)).or_throw();
      newest_checkpoint_ = manifest.checkpoint;
      reader_ = std::make_unique<PartReader>(std::move(manifest), *plan_, here_);
      return read_on();
    }
    if (deploy_->savepoint.empty()) {
      stored_.emplace();
      return ask_to_open();
    }
    from_savepoint([&] {
      StoredState state = load_savepoint(deploy_->savepoint).or_throw();
      savepoint_of_ = state.manifest->job;
      newest_checkpoint_ = state.manifest->checkpoint;
      stored_ = std::move(state.job);
      ask_to_open();
    });
  }

  /// With a savepoint that does not fit no attempt would do better than this one.
  template <class Act>
  void from_savepoint(Act&& act) {
    try {
      act();
    } catch (...) {
      if (!deploy_->manifest.empty() || deploy_->savepoint.empty()) throw;
      const bool of_another = !savepoint_of_.empty() && savepoint_of_ != plan_->graph.name;
      const std::string hint = of_another ? "; it is the savepoint of a job '" + savepoint_of_ + "'" : "";
      tell_failure(wire::WorkerFailed{current_exception_text() + hint, true});
    }
  }

  void read_on() {
    if (const auto request = reader_->next()) return tell_node(*request);
    if (!reader_->complete()) throw Failure("the stores left out parts of the checkpoint");
    stored_ = reader_->job().or_throw();
    reader_.reset();
    ask_to_open();
  }

  void ask_to_open() {
    asked_ = steady_now();
    tell_node(wire::ReadyToOpen{});
  }

  /// The leader said so after it was asked, and will not begin another attempt before the lease is over.
  void on_open() {
    if (!asked_) return;
    const ProcessingTime before = *std::exchange(asked_, std::nullopt) + options_.lease;
    if (stored_) from_savepoint([&] { attempt_->connect(*stored_, link_of_task_, before); });
    stored_.reset();
    for (message::TooLate& late : std::exchange(late_, {})) attempt_->connect(std::move(late), before);
  }

  void on_node_answer(const message::Packet& packet) {
    if (packet.kind != name_of<wire::PartsRead>() || !reader_) return;
    reader_->take(wire::decode<wire::PartsRead>(packet.bytes).or_throw()).or_throw();
    read_on();
  }

  void on_report() {
    tell_node(wire::WorkerReport{running_, plan_ ? wire::encode(JobShape::of(*plan_)) : "", {finished_.begin(), finished_.end()}, newest_checkpoint_});
    if (failure_) self_->send(options_.node, *failure_);
  }

  void on_go(const wire::Go& go) {
    running_ = true;
    if (go.restored_from != 0) attempt_->tell_all(message::Complete{go.restored_from});
    attempt_->tell_all(message::Go{});
  }

  void on_trigger(const wire::Trigger& trigger) {
    newest_checkpoint_ = std::max(newest_checkpoint_, trigger.checkpoint);
    if (static_cast<Barrier::Afterwards>(trigger.afterwards) == Barrier::Afterwards::End) last_checkpoint_ = trigger.checkpoint;
    self_->send(writer_, message::Keepers{trigger.checkpoint, trigger.keepers});
    attempt_->tell_all(message::Trigger{{trigger.checkpoint, trigger.parent, static_cast<Barrier::Mode>(trigger.mode),
                                         static_cast<Barrier::Afterwards>(trigger.afterwards)}});
  }

  void on_give_up(const wire::GiveUp& given_up) {
    attempt_->tell_all(message::Abandon{given_up.checkpoint});
    self_->send(writer_, message::GiveUp{options_.attempt, given_up.checkpoint});
  }

  caf::event_based_actor* self_;
  WorkerOptions options_;
  std::shared_ptr<const Plan> plan_;
  Duration alignment_limit_{1000};
  std::optional<wire::Deploy> deploy_;
  std::vector<bool> here_;               // of all tasks of the plan
  std::shared_ptr<JobBoard> board_;
  caf::actor writer_;
  std::unique_ptr<Attempt> attempt_;
  std::map<std::uint32_t, caf::actor> links_;  // by the worker at the other end
  std::vector<caf::actor> link_of_task_; // null where the task is here
  std::set<std::uint32_t> linked_;       // workers whose links stand
  std::vector<std::pair<std::uint32_t, caf::actor>> early_hellos_;  // that came before Deploy
  std::vector<std::uint32_t> ready_;     // tasks that are, and are not reported yet
  std::unique_ptr<PartReader> reader_;   // while state is read
  std::optional<StoredJob> stored_;      // until the tasks may open
  std::string savepoint_of_;             // the job whose savepoint that is
  std::vector<message::TooLate> late_;   // tasks that came to open when the answer did not count any more
  std::optional<ProcessingTime> asked_;  // for tasks to open, until the answer comes
  std::shared_ptr<CallCell> loading_ = std::make_shared<CallCell>();
  HangGuard guard_;
  std::optional<message::Packet> failure_;  // the last one told
  bool running_ = false;                 // it was told to go
  std::set<std::uint32_t> finished_;     // tasks
  CheckpointId newest_checkpoint_ = 0;   // that it was told to take; before the first, that it continues from
  CheckpointId last_checkpoint_ = 0;     // that the job is to end with
};

template <class Message>
auto handler(const std::shared_ptr<Worker>& worker, void (Worker::*on)(const Message&)) {
  return [worker, on](const Message& message) { worker->guarded([&] { ((*worker).*on)(message); }); };
}

}  // namespace

caf::behavior worker_actor(caf::event_based_actor* self, WorkerOptions options) {
  // Owned by the behaviour's handlers; gone when the actor is.
  const auto worker = std::make_shared<Worker>(self, std::move(options));
  self->set_down_handler([worker](const caf::down_msg& down) { worker->guarded([&] { worker->on_down(down); }); });
  worker->start();
  return {
      handler(worker, &Worker::on_packet),    handler(worker, &Worker::on_connected), handler(worker, &Worker::on_ready),
      handler(worker, &Worker::on_failed),    handler(worker, &Worker::on_finished),  handler(worker, &Worker::on_completed),
      handler(worker, &Worker::on_too_late),
      handler(worker, &Worker::on_link_lost), handler(worker, &Worker::on_linked),    handler(worker, &Worker::on_report_link),
      [worker](ReportFigures) { worker->on_figures(); },
  };
}

}  // namespace weir
