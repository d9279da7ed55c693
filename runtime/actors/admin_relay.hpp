// Requests of people reach any node; the leader's coordinator answers them. This passes them on and the answers back, and sees to
// it that each is answered once, whatever becomes of the leader meanwhile.
//
//   hold -> pass_to the leader, or take_held where it is this node -> on_reply -> answered
//      ^                      | it is no leader any more, or it is lost and the request only reads
//      +----------------------+
//
// While nobody leads, as between two leaders, a request is held for as long as its patience lasts. One that changes something, and whose
// leader is lost before it answered, is not said again: it may have been done.
//
// Part of the node's actor, whose thread it uses.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>

#include <weir/actors/admin_call.hpp>
#include <weir/base/time.hpp>
#include <weir/coordination/cluster_node.hpp>
#include <weir/wire/cluster_messages.hpp>

namespace weir {

class AdminRelay {
 public:
  static constexpr Duration kPatience{10'000};  // a new leader is there in two to five seconds
  static constexpr std::size_t kMostHeld = 8;  // each occupies a thread of HTTP's; others are told to try again

  /// Which nodes do not answer that would decide on a leader, for people; empty: none that is known.
  using WhoIsMissing = std::function<std::string()>;

  explicit AdminRelay(caf::event_based_actor* node, WhoIsMissing who_is_missing = {}) : node_(node), who_is_missing_(std::move(who_is_missing)) {}

  /// Until there is a leader to pass it to.
  void hold(std::shared_ptr<AdminCall> call, ProcessingTime now) { hold({std::move(call), now + kPatience}); }
  /// Asks the leader, on another node, for all that is held and has not been for too long: one that leads no more, while
  /// nobody else does, refuses it again and again.
  void pass_to(ClusterNodeId leader, const caf::actor& actor, ProcessingTime now);
  /// For the leader on this node, who answers them.
  std::vector<std::shared_ptr<AdminCall>> take_held();
  void on_reply(const wire::AdminReply& reply);
  /// The node will not answer any more.
  void on_gone(ClusterNodeId leader);
  /// Those held for too long are told that there is no leader.
  void tick(ProcessingTime now);
  /// What another node asks; its answer goes there.
  std::shared_ptr<AdminCall> call_of(const wire::AdminRequest& request, const caf::actor& from) const;

  void no_leader(AdminCall& call) const;

 private:
  struct Held {
    std::shared_ptr<AdminCall> call;
    ProcessingTime until;
  };
  struct Asked {
    Held held;
    ClusterNodeId leader = 0;
  };

  void hold(Held held);

  caf::event_based_actor* node_;
  WhoIsMissing who_is_missing_;
  std::vector<Held> held_;
  std::map<std::uint64_t, Asked> asked_;
  std::uint64_t last_request_ = 0;
};

}  // namespace weir
