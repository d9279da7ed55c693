// Requests of people reach any node; the leader's coordinator answers them. This passes them on and the answers back, and sees to
// it that each is answered once, whatever becomes of the leader meanwhile.
//
// Part of the node's actor, whose thread it uses.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>

#include <weir/actors/admin_call.hpp>
#include <weir/coordination/cluster_node.hpp>
#include <weir/wire/cluster_messages.hpp>

namespace weir {

class AdminRelay {
 public:
  explicit AdminRelay(caf::event_based_actor* node) : node_(node) {}

  /// Asks the leader, on another node.
  void ask(const std::shared_ptr<AdminCall>& call, ClusterNodeId leader, const caf::actor& actor);
  void on_reply(const wire::AdminReply& reply);
  /// The node will not answer any more.
  void on_gone(ClusterNodeId leader);
  /// What another node asks; its answer goes there.
  std::shared_ptr<AdminCall> call_of(const wire::AdminRequest& request, const caf::actor& from) const;

  static void no_leader(AdminCall& call);

 private:
  struct Asked {
    std::shared_ptr<AdminCall> call;
    ClusterNodeId leader = 0;
  };

  caf::event_based_actor* node_;
  std::map<std::uint64_t, Asked> asked_;
  std::uint64_t last_request_ = 0;
};

}  // namespace weir
