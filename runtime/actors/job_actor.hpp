// The actor around one JobSupervisor, for a job in this process: turns what its tasks and the checkpoint writer say into calls,
// and carries the effects out. A task belongs to one attempt; what an actor of an earlier one still sends is refused (I10).
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
