#include "sim/sim_job.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include <weir/coordination/checkpoint_coordinator.hpp>

#include "sim/random_pipeline.hpp"
#include "sim/sim_tasks.hpp"

namespace weir::sim {
namespace {

constexpr std::uint64_t kStepLimit = 3'000'000;  // a job of this size needs a hundredth

class SimJob final : public JobSide {
 public:
  explicit SimJob(std::uint64_t seed)
      : seed_(seed), random_(std::make_shared<std::mt19937_64>(hash_integer(seed + 1))), key_groups_(pick(2) ? 16 : 128) {
    attempt_options_.credit.smallest_window = 1 + static_cast<std::uint32_t>(pick(2));
    attempt_options_.credit.window = attempt_options_.credit.smallest_window + static_cast<std::uint32_t>(pick(6));
    attempt_options_.credit.batch_records = 1 + static_cast<std::uint32_t>(pick(40));
    attempt_options_.credit.smallest_batch = 1;
    attempt_options_.alignment_limit = Duration(std::vector<int>{0, 1, 5, 50, 1'000'000}[pick(5)]);
    attempt_options_.isolating = pick(20) == 0;
    checkpoint_every_ = 20 + pick(200);
    kill_every_ = 500 + pick(5000);
    kills_left_ = pick(4);
    checkpoints_left_ = 30;
    packing_ = pick(4) == 0;
    for (auto& parallelism : parallelism_) parallelism = 1 + static_cast<std::uint32_t>(pick(4));
  }

  SimResult run() {
    try {
      while (!attempt()) {
      }
      result_.fault = compare();
    } catch (const std::exception& exception) {
      result_.fault = exception.what();
    }
    if (!result_.fault.empty() && plan_) result_.fault += "\n" + plan_->to_text();
    return result_;
  }

  void on_store(std::uint32_t task, CheckpointId checkpoint, std::uint32_t node, StateChunk chunk) override {
    const TaskWiring& wiring = plan_->tasks[task];
    const NodeId id = plan_->vertices[wiring.vertex].nodes[node];
    PartReference part;
    part.chunk = {checkpoint, id, wiring.index, sequence_++};
    part.table = chunk.table;
    part.kind = chunk.kind;
    part.schema = chunk.schema;
    part.rows = chunk.block.rows;
    part.bytes = chunk.block.size_bytes();
    if (packing_) chunk.block = unpack(pack(chunk.block).or_throw()).or_throw();
    chunks_.insert_or_assign(part.chunk, std::move(chunk));
    parts_[{task, checkpoint}].parts[id].push_back(std::move(part));
  }
  void on_snapshot_done(std::uint32_t task, CheckpointId checkpoint, SnapshotMode mode) override {
    StoredParts parts = std::move(parts_[{task, checkpoint}]);
    parts_.erase({task, checkpoint});
    parts.mode = mode;
    WEIR_CHECK(done_.insert({task, checkpoint}).second, "a task was done with a checkpoint twice:", task, checkpoint);
    stored_.push_back({task, checkpoint, std::move(parts)});
  }
  void on_completed(std::uint32_t, CheckpointId checkpoint) override {
    if (checkpoint == final_) ++final_told_;
  }

 private:
  struct Stored {
    std::uint32_t task;
    CheckpointId checkpoint;
    StoredParts parts;
  };

  std::size_t pick(std::size_t choices) { return (*random_)() % choices; }

  /// Runs until the job has ended (true) or was killed.
  bool attempt() {
    choose_parallelism();
    RandomPipeline pipeline = make_pipeline({seed_, parallelism_, random_, &ledger_});
    expected_ = std::move(pipeline.expected);
    order_matters_ = pipeline.order_matters;
    attempt_.reset();
    coordinator_.reset();
    plan_ = std::make_unique<Plan>(Plan::make(std::move(pipeline.graph), {parallelism_[0], key_groups_}));
    parts_.clear();
    stored_.clear();
    done_.clear();
    commit_.reset();
    final_ = 0;
    final_told_ = 0;
    attempt_ = std::make_unique<Attempt>(*plan_, attempt_options_, restored(), *this, clock_, *random_);
    shape_ = JobShape::of(*plan_);
    coordinator_ = std::make_unique<CheckpointCoordinator>(shape_, CheckpointOptions{.interval = {}, .longest_chain = 4}, "test");
    coordinator_->start(ledger_.complete, ++attempts_, clock_);
    if (ledger_.complete != 0) attempt_->order_all(Complete{ledger_.complete});
    while (!ended()) {
      WEIR_CHECK(++result_.steps < kStepLimit, "the job does not end:\n", attempt_->describe());
      if (kills_left_ > 0 && pick(kill_every_) == 0) return killed();
      step();
    }
    return true;
  }

  bool killed() {
    --kills_left_;
    ++result_.kills;
    return false;
  }

  bool ended() const { return final_ != 0 && final_told_ == plan_->tasks.size(); }

  void choose_parallelism() {
    if (attempts_ == 0 || pick(2) == 0) return;
    // Records in flight keep no order across a change of parallelism; see coordination/restore.hpp.
    const bool in_flight = manifest_ && std::any_of(manifest_->operators.begin(), manifest_->operators.end(), [](const auto& op) {
      return std::any_of(op.parts.begin(), op.parts.end(), [](const auto& part) { return part.kind == ChunkKind::InFlight; });
    });
    if (in_flight && order_matters_) return;
    parallelism_[pick(3)] = 1 + static_cast<std::uint32_t>(pick(4));
    ++result_.rescaled;
  }

  std::vector<RestoredTask> restored() const {
    StoredJob stored;
    stored.key_groups = key_groups_;
    if (manifest_) {
      for (const OperatorParts& parts : manifest_->operators) {
        StoredOperator& op = stored.operators[parts.name];
        op.parallelism = parts.parallelism;
        std::map<std::uint32_t, std::vector<StateChunk>> tasks;
        for (const PartReference& part : parts.parts) {
          const StateChunk& chunk = chunks_.at(part.chunk);
          tasks[part.chunk.task].push_back({chunk.table, chunk.kind, chunk.schema, chunk.block.copy()});
        }
        for (auto& [task, chunks] : tasks) op.tasks.push_back({task, std::move(chunks)});
      }
    }
    return restore_tasks(*plan_, stored);
  }

  void step() {
    const std::size_t choice = pick(100);
    if (choice < 50 && attempt_->deliver_something()) return;
    if (choice < 90 && attempt_->run_something(Hurry::No)) return;
    if (choice < 95) clock_ = clock_ + Duration(pick(8) == 0 ? pick(2000) : pick(3));
    if (attempt_->tick_something()) return;
    if (coordinate()) return;
    if (attempt_->deliver_something() || attempt_->run_something(Hurry::Yes)) return;
    const auto alarm = attempt_->next_alarm();
    WEIR_CHECK(alarm.has_value(), "the job stands still:\n", attempt_->describe(), describe_checkpoint());
    clock_ = std::max(clock_, *alarm);
  }

  std::string describe_checkpoint() const {
    const auto under_way = coordinator_->under_way();
    if (!under_way) return "no checkpoint is under way";
    std::string text = "checkpoint " + std::to_string(*under_way) + " waits for";
    for (std::uint32_t task = 0; task < plan_->tasks.size(); ++task) {
      if (!done_.contains({task, *under_way})) text += " " + plan_->task_name(task) + ",";
    }
    return text;
  }

  /// What the job's actor and the checkpoint writer would do next. False when there is nothing.
  bool coordinate() {
    if (commit_ && pick(3) == 0) return commit();
    if (!stored_.empty() && pick(3) == 0) return take_stored();
    const auto under_way = coordinator_->under_way();
    if (under_way && !commit_ && under_way != final_ && pick(60) == 0) return give_up(*under_way);
    if (!under_way && checkpoints_left_ > 0 && pick(checkpoint_every_) < 20) return trigger();
    if (!under_way && final_ == 0 && attempt_->all_finished()) {
      trigger();
      final_ = *coordinator_->under_way();
      return true;
    }
    if (commit_) return commit();
    return !stored_.empty() && take_stored();
  }

  bool trigger() {
    if (checkpoints_left_ > 0) --checkpoints_left_;
    const std::size_t kind = pick(20);
    const auto mode = kind == 0 ? Barrier::Mode::Savepoint : kind < 4 ? Barrier::Mode::Overtaking : Barrier::Mode::Aligned;
    const auto barrier = coordinator_->trigger(mode, clock_);
    WEIR_CHECK(barrier.has_value(), "a checkpoint cannot start");
    attempt_->order_all(*barrier);
    return true;
  }

  bool give_up(CheckpointId checkpoint) {
    coordinator_->abandon(checkpoint);
    attempt_->order_all(Abandon{checkpoint});
    return true;
  }

  bool take_stored() {
    const std::size_t index = pick(stored_.size());
    Stored stored = std::move(stored_[index]);
    stored_.erase(stored_.begin() + static_cast<std::ptrdiff_t>(index));
    if (auto request = coordinator_->stored(stored.task, stored.checkpoint, std::move(stored.parts))) {
      commit_ = std::move(request);
    }
    return true;
  }

  bool commit() {
    manifest_ = std::make_unique<Manifest>(std::exchange(commit_, std::nullopt)->manifest);
    ledger_.complete = manifest_->checkpoint;
    for (const OperatorParts& op : manifest_->operators) {
      result_.in_flight += static_cast<std::uint64_t>(std::count_if(
          op.parts.begin(), op.parts.end(), [](const auto& part) { return part.kind == ChunkKind::InFlight; }));
    }
    ++result_.checkpoints;
    // Killed between the commit and telling anyone: the sinks must publish after the restore.
    WEIR_CHECK(coordinator_->committed(manifest_->checkpoint, clock_), "a commit was not expected");
    attempt_->order_all(Complete{manifest_->checkpoint});
    return true;
  }

  std::string compare() {
    for (const std::string& fault : ledger_.faults) return fault;
    for (const Expected& expected : expected_) {
      const Events published = ledger_.events(expected.sink);
      result_.results += published.size();
      if (auto fault = difference("sink '" + expected.sink + "'", expected.events, published); !fault.empty()) return fault;
      if (!expected.ordered) continue;
      if (by_key(expected.events) != by_key(published)) return "sink '" + expected.sink + "' has records of a key out of order";
    }
    return {};
  }

  static std::map<std::int64_t, Events> by_key(const Events& events) {
    std::map<std::int64_t, Events> keys;
    for (const Event& event : events) keys[event.key].push_back(event);
    return keys;
  }

  static std::string difference(const std::string& where, Events expected, Events published) {
    std::sort(expected.begin(), expected.end());
    std::sort(published.begin(), published.end());
    Events missing;
    Events extra;
    std::set_difference(expected.begin(), expected.end(), published.begin(), published.end(), std::back_inserter(missing));
    std::set_difference(published.begin(), published.end(), expected.begin(), expected.end(), std::back_inserter(extra));
    if (missing.empty() && extra.empty()) return {};
    std::string text = where + " lacks " + std::to_string(missing.size()) + " of " + std::to_string(expected.size()) +
                       " records and has " + std::to_string(extra.size()) + " too many:";
    for (std::size_t i = 0; i < std::min<std::size_t>(5, missing.size()); ++i) text += "\n  missing " + to_text(missing[i]);
    for (std::size_t i = 0; i < std::min<std::size_t>(5, extra.size()); ++i) text += "\n  extra   " + to_text(extra[i]);
    return text;
  }

  std::uint64_t seed_;
  std::shared_ptr<std::mt19937_64> random_;  // shared with the sources
  std::uint32_t key_groups_;
  AttemptOptions attempt_options_;
  Parallelism parallelism_{1, 1, 1};
  std::size_t checkpoint_every_ = 0;
  std::size_t kill_every_ = 0;
  std::size_t kills_left_ = 0;
  std::size_t checkpoints_left_ = 0;
  bool packing_ = false;

  Ledger ledger_;
  ProcessingTime clock_{1'000'000};
  std::vector<Expected> expected_;
  bool order_matters_ = false;
  std::uint64_t attempts_ = 0;
  SimResult result_;

  std::map<ChunkId, StateChunk> chunks_;  // the checkpoint store
  std::unique_ptr<Manifest> manifest_;    // of the newest complete checkpoint
  std::uint32_t sequence_ = 0;

  std::unique_ptr<Plan> plan_;
  JobShape shape_;
  std::unique_ptr<CheckpointCoordinator> coordinator_;
  std::unique_ptr<Attempt> attempt_;
  std::map<std::pair<std::uint32_t, CheckpointId>, StoredParts> parts_;
  std::set<std::pair<std::uint32_t, CheckpointId>> done_;
  std::vector<Stored> stored_;
  std::optional<CommitRequest> commit_;
  CheckpointId final_ = 0;
  std::size_t final_told_ = 0;
};

}  // namespace

SimResult simulate(std::uint64_t seed) { return SimJob(seed).run(); }

}  // namespace weir::sim
