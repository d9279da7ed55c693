// The cluster's coordinator, one on every node that may lead; only the leader's does anything but keep the state. For every job
// that has not ended it runs a JobSupervisor, the same as the embedded engine's, and carries out what that decides by means of
// the nodes: places the attempt, has workers started and ended, and passes messages to and from tasks.
//
//   what must outlive it (attempts, complete checkpoints, ends) is proposed to the replicated log and done once it is applied;
//   everything else it learns again from the nodes
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>

#include <weir/actors/cluster_control.hpp>
#include <weir/actors/node_messages.hpp>
#include <weir/base/clock.hpp>
#include <weir/coordination/vote_keeper.hpp>

namespace weir {

/// A command as it is logged: who proposed it, so that the proposer knows its own again.
struct LoggedCommand {
  ClusterNodeId proposer = 0;
  std::uint64_t number = 0;  // of the proposer's life
  ClusterCommand command;
};

struct CoordinatorOptions {
  NodeAnnouncement self;
  const Clock* clock = nullptr;     // outlives the actor
  NodeServices* services = nullptr; // outlives the actor
  /// Hands a command to the log. What is applied comes as message::Apply; what cannot be, as message::NotLogged.
  std::function<void(const LoggedCommand&)> propose;
  /// Who has a vote, and its address; gives a node one, instead of another at its address; takes one away.
  std::function<std::map<VoterId, std::string>()> voters;
  std::function<void(const NodeAnnouncement&)> admit;
  std::function<void(VoterId)> remove;
  VoteKeeperOptions votes{};
  Duration patience{5000};          // for nodes to come back to a leader that takes over
  Duration lease{1000};             // within which a worker may still act on what a leader before this one said
  /// Answers requests of people.
  std::function<void(const std::shared_ptr<AdminCall>&, ClusterControl&)> answer = {};
};

namespace message {

/// To the coordinator: its node's actor.
struct Meet {
  caf::actor node;
};
/// To the coordinator: the next command of the log.
struct Apply {
  std::shared_ptr<LoggedCommand> logged;
};
/// To the coordinator: forget the state, and go on from this one.
struct Restored {
  std::shared_ptr<ClusterState> state;
};
/// To the coordinator: somebody has got a vote, or lost it, as it wanted. Who has one now may be seen only a little later.
struct VotesChanged {};
/// To the coordinator: a proposal of its own that never made it into the log.
struct NotLogged {
  std::uint64_t number;
  std::string why;
  NotApplied::Fate fate;
};

}  // namespace message

caf::behavior coordinator_actor(caf::event_based_actor* self, CoordinatorOptions options);

}  // namespace weir

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Meet)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Apply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Restored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::VotesChanged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::NotLogged)
