// Supervises one job: deploys its tasks, runs its checkpoints, restarts it when a task fails, and ends it. Decisions are
// made by CheckpointCoordinator and RestartPolicy; this actor carries them out.
//
//   Restoring -> Deploying -> Running -> (all tasks finished) Finishing -> Ended
//       ^                        | a task failed
//       +---- Waiting (backoff) <- Stopping (every actor of the attempt is down)
//
// A task belongs to one attempt; what an actor of an earlier one still sends is refused by comparing senders (I10).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <caf/event_based_actor.hpp>

#include <weir/actors/embedded_job.hpp>
#include <weir/actors/job_board.hpp>

namespace weir {

struct JobActorOptions {
  std::shared_ptr<const Plan> plan;  // shared with the tasks' actors through the job's owner
  EmbeddedJobOptions job;
  std::shared_ptr<JobBoard> board;
  caf::actor writer;                 // may be null
  std::function<void(JobOutcome)> ended;  // called once
};

caf::behavior job_actor(caf::event_based_actor* self, JobActorOptions options);

}  // namespace weir
