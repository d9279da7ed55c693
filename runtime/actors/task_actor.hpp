// The actor around one Task: turns messages into calls and effects into messages, and is the one place where what a task
// throws is caught. It works in turns: every message that arrives only notes what happened and, unless one is
// already on its way, sends the actor a Run; so the mailbox is drained into the gate before work goes on, and barriers
// and credits are seen early.
#pragma once

#include <cstdint>
#include <memory>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>

#include <weir/actors/job_board.hpp>
#include <weir/base/clock.hpp>
#include <weir/graph/plan.hpp>

namespace weir {

struct TaskActorOptions {
  std::uint32_t number = 0;             // of all tasks of the plan
  std::uint64_t attempt = 0;            // to which the task belongs
  const Plan* plan = nullptr;           // outlives the actor
  const Clock* clock = nullptr;         // outlives the actor
  std::shared_ptr<JobBoard> board;      // shared with whoever watches the job
  TaskOptions task;
  caf::actor job;
  caf::actor writer;                    // may be null: nothing is stored then
  std::size_t storing_bytes = 0;        // that may wait for the writer; a task gets by with a piece more
};

caf::behavior task_actor(caf::event_based_actor* self, TaskActorOptions options);

}  // namespace weir
