// Runs a whole plan in one thread, without actors: every task is real, and messages travel in queues, in order between two
// tasks and in an order drawn from the seed otherwise. A seed replays. Processing time moves when nothing else can, and now
// and then before.
//
//   PlanRunner job(graph, {.parallelism = 2}, seed);
//   job.run();                      // until nothing can go on
//   CHECK(job.finished());          // otherwise it waits for a source, or for itself
//
// Checkpoints: trigger(), then run until checkpoint() is there; a new runner can start from it, at another parallelism.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include <weir/coordination/restore.hpp>

namespace weir::testing {

class PlanRunner {
 public:
  PlanRunner(JobGraph graph, const PlanOptions& options, std::uint64_t seed, const StoredJob* stored = nullptr);
  ~PlanRunner();

  /// Until nothing can go on, or `until` holds.
  void run(const std::function<bool()>& until = [] { return false; });
  /// A number of random moves.
  void run_moves(std::size_t moves);
  /// Tells a task, as from another thread, that there is something new.
  void wake_all();

  /// Starts a checkpoint unless one is under way.
  void trigger(Barrier::Mode mode = Barrier::Mode::Aligned);
  bool checkpoint_under_way() const { return pending_.has_value(); }
  /// The last complete one.
  const StoredJob* checkpoint() const { return complete_.get(); }
  std::unique_ptr<StoredJob> take_checkpoint() { return std::move(complete_); }
  /// Tells all tasks that the last complete checkpoint is: sinks publish what it covers. Its id.
  CheckpointId publish();
  /// Continues to count checkpoints from the one restored from, which is complete.
  void continue_from(CheckpointId checkpoint);
  /// Its rows in flight.
  std::size_t rows_in_flight() const;

  bool finished() const;
  const Plan& plan() const { return plan_; }
  Task& task(std::uint32_t number) { return *seats_[number].task; }
  std::size_t largest_queue() const { return largest_queue_; }

 private:
  class World;
  using Message = std::function<void(Task&)>;
  struct Seat {
    std::unique_ptr<World> world;
    std::unique_ptr<Task> task;
    bool runnable = true;
    std::set<ProcessingTime> alarms = {};
  };

  bool move();
  bool advance_time();
  void post(std::uint32_t from, std::uint32_t to, Message message);

  Plan plan_;
  std::mt19937_64 random_;
  ProcessingTime clock_;
  std::vector<Seat> seats_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::deque<Message>> mail_;  // (from, to)
  std::size_t largest_queue_ = 0;

  struct Pending {
    Barrier barrier;
    std::unique_ptr<StoredJob> stored;
    std::set<std::uint32_t> done;
  };
  CheckpointId last_checkpoint_ = 0;
  std::optional<Pending> pending_;
  std::unique_ptr<StoredJob> complete_;
};

}  // namespace weir::testing
