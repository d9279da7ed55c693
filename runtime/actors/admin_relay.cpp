#include <weir/actors/admin_relay.hpp>

#include <utility>

#include <caf/all.hpp>

#include <weir/actors/remote_messages.hpp>
#include <weir/base/http_status.hpp>

namespace weir {
namespace {

constexpr const char* kLeaderLost =
    R"({"error":"the leader was lost before it answered, so it may have done this or not; look, and try again"})";

/// Of names and addresses, which have neither by rights.
std::string without_quotes(std::string text) {
  std::erase_if(text, [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' '; });
  return text;
}

}  // namespace

void AdminRelay::hold(Held held) {
  if (held_.size() >= kMostHeld) return no_leader(*held.call);
  held_.push_back(std::move(held));
}

void AdminRelay::pass_to(ClusterNodeId leader, const caf::actor& actor, ProcessingTime now) {
  tick(now);
  for (Held& held : std::exchange(held_, {})) {
    const std::uint64_t number = ++last_request_;
    node_->send(actor, message::make_packet(0, 0, wire::AdminRequest{number, held.call->method, held.call->path, held.call->body}));
    asked_.emplace(number, Asked{std::move(held), leader});
  }
}

std::vector<std::shared_ptr<AdminCall>> AdminRelay::take_held() {
  std::vector<std::shared_ptr<AdminCall>> calls;
  for (Held& held : std::exchange(held_, {})) calls.push_back(std::move(held.call));
  return calls;
}

void AdminRelay::on_reply(const wire::AdminReply& reply) {
  const auto found = asked_.find(reply.request);
  if (found == asked_.end()) return;
  const Held held = std::move(found->second.held);
  asked_.erase(found);
  const bool leads_no_more = reply.status == http::kUnavailable;  // which nobody else says: it has done nothing
  if (leads_no_more) hold(held);
  else held.call->answer(reply.status, reply.body);
}

void AdminRelay::on_gone(ClusterNodeId leader) {
  std::erase_if(asked_, [&](const auto& entry) {
    const Held& held = entry.second.held;
    if (entry.second.leader != leader) return false;
    if (held.call->method == "GET") hold(held);
    else held.call->answer(http::kNoAnswer, kLeaderLost);
    return true;
  });
}

void AdminRelay::tick(ProcessingTime now) {
  std::erase_if(held_, [&](const Held& held) {
    if (now < held.until) return false;
    no_leader(*held.call);
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

void AdminRelay::no_leader(AdminCall& call) const {
  const std::string missing = without_quotes(who_is_missing_ ? who_is_missing_() : "");
  const std::string why = missing.empty() ? "; try again" : ": " + missing + "; start what is down, or try again";
  call.answer(http::kUnavailable, R"({"error":"the cluster has no leader now)" + why + R"("})");
}

}  // namespace weir
