// Supervises one job: deploys its tasks, runs its checkpoints, restarts it when a task fails, and ends it. Decisions are
// made by CheckpointCoordinator and RestartPolicy; this actor carries them out.
//
//   Restoring -> Deploying -> Running -> Stopping (until every actor of the attempt is down) -> Ended
//       ^                                   | a task failed, and may try again
//       +------------- Waiting (backoff) <--+
//
// A job ends with a checkpoint of its own: when all tasks have finished, or when it is told to stop, it triggers a last one as
// soon as no other is under way, tries again when that fails, and is over when every task has published what it covers.
// Without a writer it is stored nowhere, and does the same: sinks publish what they got before its barrier, and windows that are
// still open, or queued before a slow operator for longer than the alignment limit, come to nothing. A task that fails while
// the job is to stop stops it.
//
// A task belongs to one attempt; what an actor of an earlier one still sends is refused (I10).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <caf/event_based_actor.hpp>

#include <weir/actors/embedded_job.hpp>
#include <weir/actors/job_board.hpp>

namespace weir {

struct JobActorOptions {
  std::shared_ptr<const Plan> plan;  // shared with the job's owner, which outlives the tasks' actors
  EmbeddedJobOptions job;
  std::shared_ptr<JobBoard> board;
  const Clock* clock = nullptr;      // outlives the actors
  caf::actor writer;                 // may be null
  std::function<void(JobOutcome)> ended;  // called once
};

caf::behavior job_actor(caf::event_based_actor* self, JobActorOptions options);

}  // namespace weir
