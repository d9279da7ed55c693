#include <weir/actors/log_relay.hpp>

#include <algorithm>
#include <utility>

#include <caf/all.hpp>

#include <weir/actors/node_messages.hpp>
#include <weir/actors/remote_messages.hpp>
#include <weir/base/exception_text.hpp>

namespace weir {
namespace {

constexpr Duration kPatience{2000};                // with nodes that are asked: a person waits
constexpr std::uint64_t kGatheredBytes = 4 << 20;  // of all nodes together
constexpr std::size_t kMostMessage = 2 << 20;      // bytes; an answer is shorter, whatever was asked for

}  // namespace

void LogRelay::remember(const std::vector<ClusterNode>& nodes) {
  remembered_.clear();
  for (const ClusterNode& node : nodes) remembered_[node.id] = node.name;
}

void LogRelay::gather(const std::shared_ptr<LogCall>& call) {
  LogGathering::Names others = remembered_;
  for (const auto& [node, member] : options_.membership->members()) others[node] = member.node.node.name;
  others.erase(options_.membership->self().node.id);
  std::vector<std::string> silent;
  std::erase_if(others, [&](const auto& other) {
    if (can_be_asked(other.first)) return false;
    silent.push_back(other.second);
    return true;
  });
  wire::ReadWorkerLogs wanted = call->wanted;
  wanted.bytes = std::min<std::uint64_t>(wanted.bytes, kGatheredBytes / std::max<std::size_t>(1, others.size()));
  wanted.request = gathering_.begin(call, others, std::move(silent));
  for (const auto& [node, name] : others) node_->send(*options_.peers->find(node), message::make_packet(call->job, 0, wanted));
  if (!others.empty()) node_->delayed_send(node_, kPatience, message::LogsDue{wanted.request});
}

bool LogRelay::can_be_asked(ClusterNodeId node) const {
  return options_.membership->member(node) != nullptr && options_.peers->find(node) != nullptr;
}

/// Of what goes wrong the other node hears nothing, and names this one as silent.
void LogRelay::on_wanted(ClusterNodeId node, const message::Packet& packet) {
  const auto wanted = wire::decode<wire::ReadWorkerLogs>(packet.bytes).or_throw();
  const caf::actor* asker = options_.peers->find(node);
  if (asker == nullptr) return;
  const auto self = caf::actor_cast<caf::actor>(node_);
  options_.disk->run([services = options_.services, self, asker = *asker, job = packet.job, wanted] {
    try {
      const wire::WorkerLogs logs{wanted.request, services->read_logs(job, wanted)};
      caf::send_as(self, asker, message::make_packet(job, 0, logs));
    } catch (...) {
      services->log(NodeServices::Level::Warning, "cannot read the logs of job " + std::to_string(job) + ": " + current_exception_text());
    }
  });
}

void LogRelay::on_logs(ClusterNodeId node, const message::Packet& packet) {
  if (packet.bytes.size() <= kMostMessage) gathering_.on_logs(node, wire::decode<wire::WorkerLogs>(packet.bytes).or_throw());
}

}  // namespace weir
