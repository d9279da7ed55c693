// One attempt at running a job, or one process's share of it: the actors of its tasks, wired up with each other and with what a
// checkpoint holds for them. An attempt is over when all of its actors are down; the next one starts only then, so that no two
// work at the same time.
//
// Belongs to the actor that supervises it, whose thread it uses and which hears of actors that are down. Actors refer to the
// plan and the clock, which outlive them all. connect() throws what making operators throws; kill() then ends what was spawned.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>

#include <weir/actors/job_board.hpp>
#include <weir/actors/messages.hpp>
#include <weir/actors/stored_state.hpp>
#include <weir/base/clock.hpp>
#include <weir/dataflow/task.hpp>

namespace weir {

struct AttemptOptions {
  AttemptId id;
  std::shared_ptr<const Plan> plan;  // shared with the job's owner, which outlives the tasks' actors
  const Clock* clock = nullptr;      // outlives the actors
  std::shared_ptr<JobBoard> board;
  caf::actor writer;                 // may be null
};

class Attempt {
 public:
  Attempt(caf::event_based_actor* supervisor, AttemptOptions options);
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  /// Spawns the tasks for which `here` is true. `common` holds what all tasks have in common.
  void spawn(const std::vector<bool>& here, const TaskOptions& common);
  /// Sets them up; each of them says Ready. `links` is, for each task of the plan that is not here, the link to where it is. A task that
  /// does not come to it before the given reading of the steady clock says TooLate instead.
  void connect(const StoredJob& stored, const std::vector<caf::actor>& links = {}, std::optional<ProcessingTime> before = {});
  /// Sets one up that was too late.
  void connect(message::TooLate late, ProcessingTime before);
  void kill();

  template <class Message>
  void tell_all(const Message& message) {
    for (const caf::actor& actor : tasks_) {
      if (actor) supervisor_->send(actor, message);
    }
  }

  std::uint64_t number() const { return options_.id.attempt; }
  /// Of all tasks of the plan; null where they are not here.
  const std::vector<caf::actor>& tasks() const { return tasks_; }
  /// Whether what is being handled came from this task of this attempt.
  bool sent_by(std::uint32_t task) const;
  /// The task whose actor is down, if it was one of these.
  std::optional<std::uint32_t> on_down(const caf::actor_addr& source);
  bool gone() const { return alive_.empty(); }

 private:
  caf::actor spawn(std::uint32_t task, const TaskOptions& common, std::size_t of);

  caf::event_based_actor* supervisor_;
  AttemptOptions options_;
  std::vector<caf::actor> tasks_;
  std::set<caf::actor_addr> alive_;
};

}  // namespace weir
