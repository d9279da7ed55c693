// The tasks of one attempt of a simulated job, and the channels between them.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include <weir/coordination/restore.hpp>
#include <weir/graph/plan.hpp>

namespace weir::sim {

/// What the coordinator tells a task.
struct Complete { CheckpointId checkpoint; };
struct Abandon { CheckpointId checkpoint; };
using Order = std::variant<Barrier, Complete, Abandon>;

/// What tasks tell the rest of the job.
class JobSide {
 public:
  virtual ~JobSide() = default;
  virtual void on_store(std::uint32_t task, CheckpointId checkpoint, std::uint32_t node, StateChunk chunk) = 0;
  virtual void on_snapshot_done(std::uint32_t task, CheckpointId checkpoint, SnapshotMode mode) = 0;
  virtual void on_completed(std::uint32_t task, CheckpointId checkpoint) = 0;
};

struct AttemptOptions {
  CreditOptions credit;
  Duration alignment_limit{1000};
  bool isolating = false;
};

/// Whether slow tasks run like all others, for once.
enum class Hurry { No, Yes };

class SimTask;

/// Owns the tasks; refers to the plan, the clock and the random numbers of the job.
class Attempt {
 public:
  Attempt(const Plan& plan, const AttemptOptions& options, std::vector<RestoredTask> restored, JobSide& job,
          const ProcessingTime& clock, std::mt19937_64& random);
  ~Attempt();

  /// Each of these does one thing of its kind, chosen at random; false when there is none to do.
  bool deliver_something();
  bool run_something(Hurry hurry);
  bool tick_something();

  void order(std::uint32_t task, Order order);
  void order_all(const Order& each);

  bool all_finished() const;
  /// When the next task wants to be woken.
  std::optional<ProcessingTime> next_alarm() const;
  /// What every task waits for, for people.
  std::string describe() const;

 private:
  friend class SimTask;

  const Plan& plan_;
  AttemptOptions options_;
  JobSide& job_;
  const ProcessingTime& clock_;
  std::mt19937_64& random_;
  std::vector<std::unique_ptr<SimTask>> tasks_;
};

}  // namespace weir::sim
