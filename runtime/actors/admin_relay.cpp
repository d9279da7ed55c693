#include <weir/actors/admin_relay.hpp>

#include <caf/all.hpp>

#include <weir/actors/remote_messages.hpp>
#include <weir/base/http_status.hpp>

namespace weir {

void AdminRelay::ask(const std::shared_ptr<AdminCall>& call, ClusterNodeId leader, const caf::actor& actor) {
  const std::uint64_t number = ++last_request_;
  asked_.emplace(number, Asked{call, leader});
  node_->send(actor, message::make_packet(0, 0, wire::AdminRequest{number, call->method, call->path, call->body}));
}

void AdminRelay::on_reply(const wire::AdminReply& reply) {
  const auto asked = asked_.find(reply.request);
  if (asked == asked_.end()) return;
  asked->second.call->answer(reply.status, reply.body);
  asked_.erase(asked);
}

void AdminRelay::on_gone(ClusterNodeId leader) {
  std::erase_if(asked_, [&](const auto& entry) {
    if (entry.second.leader != leader) return false;
    entry.second.call->answer(http::kUnavailable, R"({"error":"the leader was lost before it answered, so it may have done this or not; look, and try again"})");
    return true;
  });
}

std::shared_ptr<AdminCall> AdminRelay::call_of(const wire::AdminRequest& request, const caf::actor& from) const {
  auto call = std::make_shared<AdminCall>(AdminCall{request.method, request.path, request.body, {}});
  call->answer = [from, self = caf::actor_cast<caf::actor>(node_), number = request.request](std::uint32_t status, std::string body) {
    caf::send_as(self, from, message::make_packet(0, 0, wire::AdminReply{number, status, std::move(body)}));
  };
  return call;
}

void AdminRelay::no_leader(AdminCall& call) {
  call.answer(http::kUnavailable, R"({"error":"the cluster has no leader now; try again"})");
}

}  // namespace weir
