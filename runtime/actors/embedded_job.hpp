// A job in this process: the actor system, the checkpoint writer and the job's actors behind a plain class, so that nothing
// above includes an actor. Start, watch, stop, wait.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <weir/actors/job_board.hpp>
#include <weir/base/clock.hpp>
#include <weir/coordination/job_supervisor.hpp>
#include <weir/graph/plan.hpp>
#include <weir/state/checkpoint_store.hpp>

namespace weir {

struct EmbeddedJobOptions {
  std::uint32_t threads = 0;          // 0: one per core
  CheckpointOptions checkpoint;
  RestartOptions restart;
  CreditOptions credit;
  Duration alignment_limit{1000};
  std::size_t retained = 2;           // complete checkpoints to keep
  ManifestKind last_checkpoint = ManifestKind::Checkpoint;  // with which the job ends; a savepoint is full and exact
  std::optional<std::filesystem::path> savepoint = {};  // to start from when the store has no checkpoint yet
  std::function<void(const std::string&)> warn = [](const std::string&) {};    // called from any thread
  std::function<void(const std::string&)> inform = [](const std::string&) {};  // likewise
};

class EmbeddedJob {
 public:
  /// `store` may be null: then nothing survives the process, and restarts begin at the beginning. Holds its checkpoints already:
  /// the job continues from the newest intact one.
  EmbeddedJob(Plan plan, EmbeddedJobOptions options, std::unique_ptr<CheckpointStore> store);
  /// Ends a job that still runs where it is, without another checkpoint.
  ~EmbeddedJob();
  EmbeddedJob(const EmbeddedJob&) = delete;
  EmbeddedJob& operator=(const EmbeddedJob&) = delete;

  const JobBoard& board() const;
  const Plan& plan() const;

  /// Asks the job to stop; safe from any thread, and more than once.
  void stop();
  /// The outcome, or nothing when it is not there within `limit`.
  std::optional<JobOutcome> wait_for(Duration limit);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace weir
