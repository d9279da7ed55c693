// One attempt at running a job: the actors of its tasks, wired up with each other and with what a checkpoint holds for them.
// An attempt is over when all of its actors are down; the next one starts only then, so that no two work at the same time.
//
// Belongs to the job's actor, whose thread it uses and which hears of actors that are down. Actors refer to the plan and the
// clock, which outlive them all. deploy() throws what making operators throws; kill() then ends what was spawned already.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>

#include <weir/actors/job_actor.hpp>
#include <weir/actors/stored_state.hpp>
#include <weir/dataflow/task.hpp>

namespace weir {

class Attempt {
 public:
  Attempt(caf::event_based_actor* job, const JobActorOptions& options, std::uint64_t number);
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  /// Spawns all tasks; each of them says Ready. `common` holds what all tasks have in common.
  void deploy(const StoredJob& stored, const TaskOptions& common);
  void kill();

  template <class Message>
  void tell_all(const Message& message) {
    for (const caf::actor& actor : tasks_) job_->send(actor, message);
  }

  std::uint64_t number() const { return number_; }
  std::size_t size() const { return options_.plan->tasks.size(); }
  /// Whether what is being handled came from this task of this attempt.
  bool sent_by(std::uint32_t task) const;
  /// The task whose actor is down, if it was one of these.
  std::optional<std::uint32_t> on_down(const caf::actor_addr& source);
  bool gone() const { return alive_.empty(); }

 private:
  caf::actor spawn(std::uint32_t task, const TaskOptions& common);

  caf::event_based_actor* job_;
  const JobActorOptions& options_;
  std::uint64_t number_;
  std::vector<caf::actor> tasks_;
  std::set<caf::actor_addr> alive_;
};

}  // namespace weir
