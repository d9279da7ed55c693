#include "support/plan_runner.hpp"

#include <algorithm>

namespace weir::testing {
namespace {

constexpr std::uint32_t kCoordinator = 0xffffffff;  // sends triggers
constexpr std::uint32_t kEarlyTick = 64;            // one move in so many lets time pass

}  // namespace

/// What a task sees of the others.
class PlanRunner::World final : public TaskEnvironment {
 public:
  World(PlanRunner& runner, std::uint32_t number) : runner_(runner), number_(number) {}

  void send(std::uint32_t edge, std::uint32_t channel, Element element) override {
    const ChannelEnd end = wiring().receivers[edge][channel];
    auto shared = std::make_shared<Element>(std::move(element));  // a std::function must be copyable
    runner_.post(number_, end.task, [end, shared](Task& task) { task.on_element(end.channel, std::move(*shared)); });
  }
  void grant(std::uint32_t channel, const Grant& grant) override {
    const ChannelEnd end = wiring().senders[channel];
    runner_.post(number_, end.task, [end, grant](Task& task) { task.on_grant(end.edge, end.channel, grant); });
  }
  void store(CheckpointId checkpoint, std::uint32_t node, StateChunk chunk) override {
    if (!runner_.pending_ || runner_.pending_->barrier.checkpoint != checkpoint) return;
    const Vertex& vertex = runner_.plan_.vertices[wiring().vertex];
    StoredOperator& op = runner_.pending_->stored->operators[runner_.plan_.graph.nodes[vertex.nodes[node]].name];
    op.parallelism = vertex.parallelism;
    auto found = std::find_if(op.tasks.begin(), op.tasks.end(), [&](const StoredTask& t) { return t.task == wiring().index; });
    if (found == op.tasks.end()) found = op.tasks.insert(found, StoredTask{wiring().index, {}});
    found->chunks.push_back(std::move(chunk));
  }
  void snapshot_done(CheckpointId checkpoint, SnapshotMode) override {
    auto& pending = runner_.pending_;
    if (!pending || pending->barrier.checkpoint != checkpoint) return;
    pending->done.insert(number_);
    if (pending->done.size() < runner_.seats_.size()) return;
    runner_.complete_ = std::move(pending->stored);
    pending.reset();
  }
  void finished() override {}
  ProcessingTime now() const override { return runner_.clock_; }
  std::int64_t ticks_ns() const override { return 0; }
  void wake_at(ProcessingTime time) override { runner_.seats_[number_].alarms.insert(time); }
  Waker waker() override {
    return [&runner = runner_, number = number_] { runner.post(number, number, [](Task& task) { task.on_wake(); }); };
  }

 private:
  const TaskWiring& wiring() const { return runner_.plan_.tasks[number_]; }

  PlanRunner& runner_;
  std::uint32_t number_;
};

PlanRunner::PlanRunner(JobGraph graph, const PlanOptions& options, std::uint64_t seed, const StoredJob* stored)
    : plan_(Plan::make(std::move(graph), options)), random_(seed), seats_(plan_.tasks.size()) {
  auto restored = stored != nullptr ? restore_tasks(plan_, *stored) : std::vector<RestoredTask>(plan_.tasks.size());
  for (std::uint32_t number = 0; number < seats_.size(); ++number) {
    const TaskWiring& wiring = plan_.tasks[number];
    auto nodes = plan_.make_nodes(number);
    auto inputs = plan_.make_inputs(number);
    for (std::size_t i = 0; i < restored[number].nodes.size(); ++i) nodes[i].restored = std::move(restored[number].nodes[i]);
    for (std::size_t i = 0; i < restored[number].inputs.size(); ++i) inputs[i].restored = std::move(restored[number].inputs[i]);
    TaskOptions task{.task = wiring.index, .parallelism = plan_.vertices[wiring.vertex].parallelism, .attempt = {},
                     .key_groups = options.key_groups, .checkpointed = true, .isolating = false, .alignment_limit = Duration(1000), .credit = {}};
    task.credit = {.window = 2, .smallest_window = 1, .batch_records = 2, .smallest_batch = 1};  // pressure everywhere
    seats_[number].world = std::make_unique<World>(*this, number);
    seats_[number].task = std::make_unique<Task>(task, std::move(nodes), std::move(inputs), plan_.make_outputs(number),
                                                 *seats_[number].world);
  }
}

PlanRunner::~PlanRunner() = default;

void PlanRunner::post(std::uint32_t from, std::uint32_t to, Message message) {
  auto& queue = mail_[{from, to}];
  queue.push_back(std::move(message));
  largest_queue_ = std::max(largest_queue_, queue.size());
}

void PlanRunner::wake_all() {
  for (std::uint32_t number = 0; number < seats_.size(); ++number) seats_[number].world->waker()();
}

void PlanRunner::trigger(Barrier::Mode mode) {
  if (pending_) return;
  const Barrier barrier{++last_checkpoint_, 0, mode};
  pending_ = Pending{barrier, std::make_unique<StoredJob>(), {}};
  pending_->stored->key_groups = plan_.options.key_groups;
  for (const Vertex& vertex : plan_.vertices) {
    for (const NodeId node : vertex.nodes) {
      pending_->stored->operators[plan_.graph.nodes[node].name].parallelism = vertex.parallelism;
    }
  }
  for (std::uint32_t number = 0; number < seats_.size(); ++number) {
    post(kCoordinator, number, [barrier](Task& task) { task.on_trigger(barrier); });
  }
}

void PlanRunner::run(const std::function<bool()>& until) {
  while (!until() && move()) {
  }
}

void PlanRunner::run_moves(std::size_t moves) {
  for (std::size_t i = 0; i < moves && move(); ++i) {
  }
}

/// One message or one step of one task. False when there is none, and no time to wait for.
bool PlanRunner::move() {
  if (random_() % kEarlyTick == 0) advance_time();
  std::vector<std::function<void()>> moves;
  for (auto& [route, queue] : mail_) {
    if (queue.empty()) continue;
    moves.push_back([this, to = route.second, &queue = queue] {
      const Message message = std::move(queue.front());
      queue.pop_front();
      message(*seats_[to].task);
      seats_[to].runnable = true;
    });
  }
  for (Seat& seat : seats_) {
    if (seat.runnable) moves.push_back([&seat] { seat.runnable = seat.task->run(1); });
  }
  if (moves.empty()) return advance_time();
  moves[random_() % moves.size()]();
  return true;
}

/// To the next alarm of any task.
bool PlanRunner::advance_time() {
  std::optional<ProcessingTime> next;
  for (const Seat& seat : seats_) {
    if (!seat.alarms.empty() && (!next || *seat.alarms.begin() < *next)) next = *seat.alarms.begin();
  }
  if (!next) return false;
  clock_ = std::max(clock_, *next);
  for (Seat& seat : seats_) {
    if (seat.alarms.empty() || *seat.alarms.begin() > clock_) continue;
    seat.alarms.erase(seat.alarms.begin(), seat.alarms.upper_bound(clock_));
    seat.task->on_time();
    seat.runnable = true;
  }
  return true;
}

CheckpointId PlanRunner::publish() {
  for (Seat& seat : seats_) seat.task->on_complete(last_checkpoint_);
  return last_checkpoint_;
}

void PlanRunner::continue_from(CheckpointId checkpoint) {
  last_checkpoint_ = checkpoint;
  publish();
}

std::size_t PlanRunner::rows_in_flight() const {
  std::size_t rows = 0;
  for (const auto& [name, op] : complete_->operators) {
    for (const StoredTask& task : op.tasks) {
      for (const StateChunk& chunk : task.chunks) rows += chunk.kind == ChunkKind::InFlight ? chunk.block.rows : 0;
    }
  }
  return rows;
}

bool PlanRunner::finished() const {
  return std::all_of(seats_.begin(), seats_.end(), [](const Seat& seat) { return seat.task->finished(); });
}

}  // namespace weir::testing
