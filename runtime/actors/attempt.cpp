#include <weir/actors/attempt.hpp>

#include <algorithm>

#include <caf/all.hpp>

#include <weir/actors/task_actor.hpp>

namespace weir {
namespace {

// What may wait for the checkpoint writer, of all tasks together: more than one of its transactions, so that it never idles.
constexpr std::size_t kStoringBytes = 64 << 20;
constexpr std::size_t kLeastStoringBytes = 1 << 20;  // of a task: two chunks

message::Setup make_setup(const Plan& plan, std::uint32_t number, RestoredTask restored) {
  auto nodes = std::make_shared<std::vector<TaskNode>>(plan.make_nodes(number));
  auto inputs = std::make_shared<std::vector<TaskInput>>(plan.make_inputs(number));
  for (std::size_t i = 0; i < restored.nodes.size(); ++i) (*nodes)[i].restored = std::move(restored.nodes[i]);
  for (std::size_t i = 0; i < restored.inputs.size(); ++i) (*inputs)[i].restored = std::move(restored.inputs[i]);
  return {nullptr, std::move(nodes), std::move(inputs), {}};
}

}  // namespace

Attempt::Attempt(caf::event_based_actor* supervisor, AttemptOptions options) : supervisor_(supervisor), options_(std::move(options)) {}

void Attempt::spawn(const std::vector<bool>& here, const TaskOptions& common) {
  const auto count = static_cast<std::size_t>(std::count(here.begin(), here.end(), true));
  tasks_.resize(here.size());
  for (std::uint32_t task = 0; task < here.size(); ++task) {
    if (here[task]) tasks_[task] = spawn(task, common, count);
  }
}

void Attempt::connect(const StoredJob& stored, const std::vector<caf::actor>& links, std::optional<ProcessingTime> before) {
  const Plan& plan = *options_.plan;
  auto restored = restore_tasks(plan, stored);
  std::vector<message::Setup> setups(tasks_.size());
  for (std::uint32_t task = 0; task < tasks_.size(); ++task) {
    if (!tasks_[task]) continue;
    setups[task] = make_setup(plan, task, std::move(restored[task]));
    const auto& senders = plan.tasks[task].senders;
    for (std::size_t channel = 0; channel < senders.size(); ++channel) (*setups[task].inputs)[channel].remote = !tasks_[senders[channel].task];
  }
  const auto peers = std::make_shared<std::vector<message::TaskPeer>>();
  for (std::uint32_t task = 0; task < tasks_.size(); ++task) {
    peers->push_back(tasks_[task] ? message::TaskPeer{tasks_[task], false} : message::TaskPeer{links.at(task), true});
  }
  for (std::uint32_t task = 0; task < tasks_.size(); ++task) {
    if (!tasks_[task]) continue;
    setups[task].peers = peers;
    setups[task].before = before;
    supervisor_->send(tasks_[task], std::move(setups[task]));
  }
}

void Attempt::connect(message::TooLate late, ProcessingTime before) {
  late.setup.before = before;
  supervisor_->send(tasks_.at(late.task), std::move(late.setup));
}

caf::actor Attempt::spawn(std::uint32_t task, const TaskOptions& common, std::size_t of) {
  const TaskWiring& wiring = options_.plan->tasks[task];
  TaskActorOptions options;
  options.number = task;
  options.attempt = options_.id.attempt;
  options.plan = options_.plan.get();
  options.clock = options_.clock;
  options.board = options_.board;
  options.job = caf::actor_cast<caf::actor>(supervisor_);
  options.writer = options_.writer;
  options.storing_bytes = std::max(kLeastStoringBytes, kStoringBytes / of);
  options.task = common;
  options.task.attempt = options_.id;
  options.task.task = wiring.index;
  options.task.parallelism = options_.plan->vertices[wiring.vertex].parallelism;
  auto actor = supervisor_->spawn<caf::monitored>(task_actor, std::move(options));
  alive_.insert(actor.address());
  return actor;
}

void Attempt::kill() {
  for (const caf::actor& actor : tasks_) {
    if (actor) supervisor_->send_exit(actor, caf::exit_reason::kill);
  }
}

bool Attempt::sent_by(std::uint32_t task) const { return task < tasks_.size() && supervisor_->current_sender() == tasks_[task]; }

std::optional<std::uint32_t> Attempt::on_down(const caf::actor_addr& source) {
  if (alive_.erase(source) == 0) return std::nullopt;
  const auto found = std::find_if(tasks_.begin(), tasks_.end(), [&](const caf::actor& actor) { return actor && actor.address() == source; });
  return static_cast<std::uint32_t>(found - tasks_.begin());
}

}  // namespace weir
