#include <weir/actors/attempt.hpp>

#include <algorithm>

#include <caf/all.hpp>

#include <weir/actors/messages.hpp>
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
  return {nullptr, std::move(nodes), std::move(inputs)};
}

}  // namespace

Attempt::Attempt(caf::event_based_actor* job, const JobActorOptions& options, std::uint64_t number)
    : job_(job), options_(options), number_(number) {}

void Attempt::deploy(const StoredJob& stored, const TaskOptions& common) {
  const Plan& plan = *options_.plan;
  auto restored = restore_tasks(plan, stored);
  std::vector<message::Setup> setups;
  for (std::uint32_t task = 0; task < size(); ++task) setups.push_back(make_setup(plan, task, std::move(restored[task])));
  for (std::uint32_t task = 0; task < size(); ++task) tasks_.push_back(spawn(task, common));
  const auto peers = std::make_shared<std::vector<caf::actor>>(tasks_);
  for (std::uint32_t task = 0; task < size(); ++task) {
    setups[task].peers = peers;
    job_->send(tasks_[task], std::move(setups[task]));
  }
}

caf::actor Attempt::spawn(std::uint32_t task, const TaskOptions& common) {
  const TaskWiring& wiring = options_.plan->tasks[task];
  TaskActorOptions options;
  options.number = task;
  options.attempt = number_;
  options.plan = options_.plan.get();
  options.clock = options_.clock;
  options.board = options_.board;
  options.job = caf::actor_cast<caf::actor>(job_);
  options.writer = options_.writer;
  options.storing_bytes = std::max(kLeastStoringBytes, kStoringBytes / size());
  options.task = common;
  options.task.task = wiring.index;
  options.task.parallelism = options_.plan->vertices[wiring.vertex].parallelism;
  auto actor = job_->spawn<caf::monitored>(task_actor, std::move(options));
  alive_.insert(actor.address());
  return actor;
}

void Attempt::kill() {
  for (const caf::actor& actor : tasks_) job_->send_exit(actor, caf::exit_reason::kill);
}

bool Attempt::sent_by(std::uint32_t task) const { return task < tasks_.size() && job_->current_sender() == tasks_[task]; }

std::optional<std::uint32_t> Attempt::on_down(const caf::actor_addr& source) {
  if (alive_.erase(source) == 0) return std::nullopt;
  const auto found = std::find_if(tasks_.begin(), tasks_.end(), [&](const caf::actor& actor) { return actor.address() == source; });
  return static_cast<std::uint32_t>(found - tasks_.begin());
}

}  // namespace weir
