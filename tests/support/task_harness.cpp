#include "support/task_harness.hpp"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>

namespace weir::testing {
namespace {

/// Counts calls of a waker; shared by the harness and every waker it gave away, which may outlive it.
struct Wakes {
  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t count = 0;
};

StateChunk copy_of(const StateChunk& chunk) { return {chunk.table, chunk.kind, chunk.schema, chunk.block.copy()}; }

/// What a restored task gets of the snapshots: see coordination/restore.hpp for the same of whole plans.
std::vector<StateChunk> chunks_for(const HarnessOptions& options, const std::vector<const Snapshot*>& stored) {
  std::map<std::pair<std::uint32_t, std::string>, const Snapshot*> last;  // of each old task, and list: lists hold no deltas
  for (const Snapshot* snapshot : stored) {
    for (const auto& part : snapshot->parts) last[{snapshot->task, part.chunk.table}] = snapshot;
  }
  std::vector<StateChunk> chunks;
  for (const Snapshot* snapshot : stored) {
    const bool same = snapshot->parallelism == options.parallelism;
    for (const auto& [node, chunk] : snapshot->parts) {
      const bool keyed = chunk.kind == ChunkKind::Entries || chunk.kind == ChunkKind::Tombstones;
      const bool wanted = keyed ? !same || snapshot->task == options.task : last[{snapshot->task, chunk.table}] == snapshot;
      if (wanted && chunk.kind != ChunkKind::InFlight) chunks.push_back(copy_of(chunk));
    }
  }
  return chunks;
}

}  // namespace

std::size_t Snapshot::rows() const {
  std::size_t rows = 0;
  for (const Part& part : parts) {
    if (!part.chunk.table.starts_with('~')) rows += part.chunk.block.rows;
  }
  return rows;
}

std::string Snapshot::summary() const {
  static constexpr const char* kKinds[] = {"entries", "tombstones", "items", "shared items", "in flight"};
  std::map<std::string, std::uint32_t> counts;
  for (const Part& part : parts) {
    if (part.chunk.table.starts_with('~')) continue;
    counts[part.chunk.table + ": " + kKinds[static_cast<int>(part.chunk.kind)]] += part.chunk.block.rows;
  }
  std::string text;
  for (const auto& [what, count] : counts) {
    const std::size_t colon = what.rfind(": ");
    text += (text.empty() ? "" : ", ") + what.substr(0, colon) + ": " + std::to_string(count) + what.substr(colon + 1);
  }
  return text;
}

class TaskHarness::World final : public TaskEnvironment {
 public:
  explicit World(const HarnessOptions& options)
      : options(options), emitted(options.ports), watermarks(options.ports, EventTime::min()), owed(options.ports) {
    clock = {options.now_ms};
    if (this->options.channels.empty()) {
      for (std::uint32_t input = 0; input < options.inputs; ++input) this->options.channels.push_back({input});
    }
  }

  void send(std::uint32_t edge, std::uint32_t, Element element) override {
    if (is_batch(element)) ++owed[edge];
    if (const auto* watermark = std::get_if<Watermark>(&element)) watermarks[edge] = watermark->time;
    emitted[edge].push_back(std::move(element));
  }
  void grant(std::uint32_t channel, const Grant& grant) override { granted[channel] += grant.credits; }
  void store(CheckpointId checkpoint, std::uint32_t node, StateChunk chunk) override {
    stored[checkpoint].push_back({node, std::move(chunk)});
  }
  void snapshot_done(CheckpointId checkpoint, SnapshotMode mode) override { done[checkpoint] = mode; }
  void finished() override {}
  ProcessingTime now() const override { return clock; }
  std::int64_t ticks_ns() const override { return 0; }
  void wake_at(ProcessingTime time) override { alarms.insert(time); }
  Waker waker() override {
    return [shared = wakes] {
      const std::lock_guard lock(shared->mutex);
      ++shared->count;
      shared->changed.notify_one();
    };
  }

  HarnessOptions options;
  ProcessingTime clock;
  std::vector<std::vector<Element>> emitted;
  std::vector<EventTime> watermarks;
  std::vector<std::uint32_t> owed;  // batches sent and not granted again
  std::set<ProcessingTime> alarms;
  std::map<std::uint32_t, std::uint64_t> granted;  // by input channel
  std::map<CheckpointId, std::vector<Snapshot::Part>> stored;
  std::map<CheckpointId, SnapshotMode> done;
  CheckpointId checkpoint = 0;
  std::shared_ptr<Wakes> wakes = std::make_shared<Wakes>();
};

TaskHarness::TaskHarness(OperatorFactory make, HarnessOptions options, const std::vector<const Snapshot*>& stored)
    : world_(std::make_unique<World>(options)) {
  TaskOptions task;
  task.task = options.task;
  task.parallelism = options.parallelism;
  task.attempt = options.attempt;
  task.key_groups = options.key_groups;
  task.checkpointed = options.checkpointed;
  task.credit.window = options.credit.value_or(1 << 20);
  task.credit.batch_records = options.batch_records;
  std::vector<TaskNode> nodes;
  nodes.push_back({"operator", make(), {}, chunks_for(options, stored)});
  std::vector<TaskOutput> outputs;
  for (std::uint32_t port = 0; port < options.ports; ++port) {
    nodes[0].ports.push_back({{PortTarget::Kind::Edge, port, 0}});
    outputs.push_back({global_partitioner()(0), 1, {"operator." + std::to_string(port) + ">next.0:0:0"}});
  }
  std::vector<TaskInput> inputs;
  const bool source = dynamic_cast<SourceOperator*>(nodes[0].op.get()) != nullptr;
  if (source) world_->options.channels.clear();
  for (std::uint32_t channel = 0; channel < world_->options.channels.size(); ++channel) {
    inputs.push_back({world_->options.channels[channel], "previous>operator:" + std::to_string(channel) + ":0", {}});
  }
  task_ = std::make_unique<Task>(task, std::move(nodes), std::move(inputs), std::move(outputs), *world_);
  if (!source) run();
}

TaskHarness::~TaskHarness() = default;

void TaskHarness::run() {
  while (step(64)) {
  }
}

bool TaskHarness::step(std::size_t steps) {
  bool more = task_->run(steps);
  for (std::uint32_t port = 0; port < world_->owed.size() && !world_->options.credit; ++port) {
    const std::uint32_t credits = std::exchange(world_->owed[port], 0);
    if (credits == 0) continue;
    task_->on_grant(port, 0, {credits, world_->options.batch_records});
    more = true;
  }
  return more;
}

void TaskHarness::deliver(std::uint32_t channel, Element element) {
  task_->on_element(channel, std::move(element));
  run();
}

void TaskHarness::watermark(std::int64_t ms) {
  for (std::uint32_t channel = 0; channel < world_->options.channels.size(); ++channel) watermark_on(channel, ms);
}

void TaskHarness::end_of_input() {
  watermark(EventTime::max().ms);
  for (std::uint32_t channel = 0; channel < world_->options.channels.size(); ++channel) end(channel);
}

void TaskHarness::advance(Duration by) {
  const ProcessingTime target = world_->clock + by;
  while (!world_->alarms.empty() && *world_->alarms.begin() <= target) {
    const ProcessingTime due = *world_->alarms.begin();
    world_->alarms.erase(world_->alarms.begin());
    const ProcessingTime before = world_->clock;
    world_->clock = std::max(world_->clock, due);
    task_->on_time();
    run();
    // A task that asks for the same moment again and again would keep the clock where it is.
    if (!world_->alarms.empty() && world_->clock == before && *world_->alarms.begin() <= before) break;
  }
  world_->clock = target;
  task_->on_time();
  run();
}

void TaskHarness::await_wake() {
  {
    std::unique_lock lock(world_->wakes->mutex);
    world_->wakes->changed.wait(lock, [&] { return world_->wakes->count > 0; });
    --world_->wakes->count;
  }
  task_->on_wake();
  run();
}

std::vector<Element> TaskHarness::take_elements(std::uint32_t port) { return std::exchange(world_->emitted[port], {}); }

EventTime TaskHarness::watermark_of(std::uint32_t port) const { return world_->watermarks[port]; }

void TaskHarness::grant(std::uint32_t batches, std::uint32_t port) {
  task_->on_grant(port, 0, {batches, world_->options.batch_records});
  run();
}

Snapshot TaskHarness::snapshot(SnapshotMode mode) {
  const CheckpointId parent = mode == SnapshotMode::Delta ? world_->checkpoint : 0;
  const CheckpointId checkpoint = ++world_->checkpoint;
  const Barrier barrier{checkpoint, parent, Barrier::Mode::Aligned};
  if (world_->options.channels.empty() || task_->finished()) {
    task_->on_trigger(barrier);
  } else {
    for (std::uint32_t channel = 0; channel < world_->options.channels.size(); ++channel) {
      if (world_->options.channels[channel].kind != InputChannel::Kind::Feedback) task_->on_element(channel, barrier);
    }
    for (std::uint32_t channel = 0; channel < world_->options.channels.size(); ++channel) {
      if (world_->options.channels[channel].kind == InputChannel::Kind::Feedback) deliver(channel, barrier);
    }
  }
  while (!world_->done.contains(checkpoint) && step()) {
  }
  if (!world_->options.channels.empty()) run();
  WEIR_CHECK(world_->done.contains(checkpoint), "the task did not finish its snapshot; has it credit for what is before the barrier?");
  return *take_stored(checkpoint);
}

std::optional<Snapshot> TaskHarness::take_stored(CheckpointId checkpoint) {
  if (!world_->done.contains(checkpoint)) return std::nullopt;
  Snapshot snapshot{world_->done[checkpoint], world_->options.task, world_->options.parallelism, {}};
  snapshot.parts = std::move(world_->stored[checkpoint]);
  return snapshot;
}

std::uint64_t TaskHarness::granted(std::uint32_t channel) const {
  const auto found = world_->granted.find(channel);
  return found == world_->granted.end() ? 0 : found->second;
}

void TaskHarness::complete() {
  task_->on_complete(world_->checkpoint);
  run();
}

bool TaskHarness::finished() const { return task_->finished(); }
Task& TaskHarness::task() { return *task_; }
CheckpointId TaskHarness::last_checkpoint() const { return world_->checkpoint; }

std::string TaskHarness::control_text(const Element& element) {
  if (const auto* watermark = std::get_if<Watermark>(&element)) {
    return watermark->time == EventTime::max() ? "watermark end" : "watermark " + std::to_string(watermark->time.ms);
  }
  if (const auto* barrier = std::get_if<Barrier>(&element)) return "barrier " + std::to_string(barrier->checkpoint);
  return std::holds_alternative<Idle>(element) ? "idle" : "end";
}

}  // namespace weir::testing
