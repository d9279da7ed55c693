#include <weir/actors/log_gathering.hpp>

#include <utility>

namespace weir {

std::uint64_t LogGathering::begin(std::shared_ptr<LogCall> call, Names awaited, std::vector<std::string> silent) {
  const std::uint64_t request = ++last_request_;
  Gathering gathering{std::move(call), std::move(awaited), {{}, std::move(silent)}};
  if (gathering.awaited.empty()) answer(gathering);
  else under_way_.emplace(request, std::move(gathering));
  return request;
}

void LogGathering::on_logs(ClusterNodeId from, wire::WorkerLogs logs) {
  const auto found = under_way_.find(logs.request);
  if (found == under_way_.end()) return;
  auto node = found->second.awaited.extract(from);
  if (node.empty()) return;
  found->second.found.nodes.push_back({std::move(node.mapped()), std::move(logs.logs)});
  if (!found->second.awaited.empty()) return;
  answer(found->second);
  under_way_.erase(found);
}

void LogGathering::on_gone(ClusterNodeId node) {
  for (auto entry = under_way_.begin(); entry != under_way_.end();) {
    const auto at = entry++;
    Gathering& gathering = at->second;
    auto gone = gathering.awaited.extract(node);
    if (gone.empty()) continue;
    gathering.found.silent.push_back(std::move(gone.mapped()));
    if (!gathering.awaited.empty()) continue;
    answer(gathering);
    under_way_.erase(at);
  }
}

void LogGathering::on_due(std::uint64_t request) {
  auto due = under_way_.extract(request);
  if (due.empty()) return;
  for (auto& [node, name] : due.mapped().awaited) due.mapped().found.silent.push_back(std::move(name));
  answer(due.mapped());
}

void LogGathering::answer(Gathering& gathering) { gathering.call->answer(std::move(gathering.found)); }

}  // namespace weir
