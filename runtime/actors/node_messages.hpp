// What the actors of one daemon tell each other: its node actor, its coordinator, and the threads that work for both. Local.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <weir/actors/admin_call.hpp>
#include <weir/actors/log_call.hpp>
#include <weir/actors/node_services.hpp>
#include <weir/actors/remote_messages.hpp>
#include <weir/coordination/membership.hpp>

namespace weir {

namespace message {

/// From the process watcher to the node.
struct WorkerEnded {
  WorkerEnd end;
};
/// From the node to the coordinator: what a node's daemon says, or relays from its worker.
struct FromNode {
  ClusterNodeId node;
  std::shared_ptr<Packet> packet;
};
/// From the coordinator to the node: to be sent to that node, which may be this one.
struct ToNode {
  ClusterNodeId node;
  std::shared_ptr<Packet> packet;
};
/// From the node to the coordinator: who came and went.
struct MembersChanged {
  std::vector<MembershipEvent> events;
  std::vector<ClusterMember> members;  // the others, as they are now
};
/// To both: who leads now.
struct Leads {
  std::uint64_t voter;  // 0: nobody
  std::string address;  // of its node, as the log has it: it may have moved; empty: nobody
  std::uint64_t term;
  bool self;            // this node does, and its state is the newest there is
};
/// To the node: nodes that the cluster knows, to be connected to.
struct KnownNodes {
  std::vector<ClusterNode> nodes;
};
/// To the node: a message of the log, for the voter that the log has at that address; it may have moved.
struct LogPost {
  std::uint64_t voter;
  std::string address;
  std::string bytes;
};
/// To the node: all that it calls can be called now.
struct Start {};
/// To the node: it is to end, and hands its work over to others, if there are any.
struct Drain {
  std::shared_ptr<std::promise<void>> drained;  // kept when neither a job nor the others need this node any more
};
/// From the node to the coordinator: this node is to end.
struct EndsSoon {};
/// To the node: it ends, and says goodbye to the others.
struct Leave {};
/// To the node, which passes it to the leader.
struct Ask {
  std::shared_ptr<AdminCall> call;
};

/// To the node: asks the other nodes for what a job's workers printed there.
struct GatherLogs {
  std::shared_ptr<LogCall> call;
};
/// From the node to itself: who has not answered by now is not waited for.
struct LogsDue {
  std::uint64_t request;
};

}  // namespace message
}  // namespace weir

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::WorkerEnded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::FromNode)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::ToNode)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::MembersChanged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Leads)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::KnownNodes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::LogPost)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Leave)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Start)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Drain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::EndsSoon)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Ask)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::GatherLogs)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::LogsDue)
