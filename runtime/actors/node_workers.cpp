#include <weir/actors/node_workers.hpp>

#include <caf/all.hpp>

namespace weir {

NodeWorkers::NodeWorkers(caf::event_based_actor* node, NodeServices& services, const std::string& node_address)
    : node_(node), services_(services), host_(node_address.substr(0, node_address.rfind(':'))) {}

void NodeWorkers::start(JobId job, std::uint64_t attempt, wire::StartWorker start) {
  if (workers_.contains({job, attempt})) return;
  services_.start_worker(job, attempt, start.name);
  workers_[{job, attempt}] = {std::move(start), nullptr, false};
}

bool NodeWorkers::kill(const message::Packet& packet) {
  for (auto& [key, worker] : workers_) {
    if (key.first != packet.job || key.second > packet.attempt) continue;
    worker.to_end = true;
    services_.kill_worker(key.first, key.second);
  }
  return workers_.contains({packet.job, packet.attempt});
}

void NodeWorkers::kill_all() {
  for (auto& [key, worker] : workers_) {
    worker.to_end = true;
    services_.kill_worker(key.first, key.second);
  }
}

void NodeWorkers::on_hello(const message::Packet& packet, const caf::actor& worker) {
  const auto found = workers_.find({packet.job, packet.attempt});
  if (found == workers_.end() || found->second.handle) return;
  found->second.handle = worker;
  const wire::StartWorker& start = found->second.start;
  const auto file = services_.bundle_file(start.bundle);
  if (!file) {
    services_.log(NodeServices::Level::Error, file.error().message);
    return services_.kill_worker(packet.job, packet.attempt);
  }
  const wire::Assign assign{file->string(), start.options, start.parallelism, start.key_groups, host_, start.alignment_limit_ms};
  node_->send(worker, message::make_packet(packet.job, packet.attempt, assign));
}

bool NodeWorkers::sent_by_worker(const message::Packet& packet, const caf::node_id& process) const {
  const auto found = workers_.find({packet.job, packet.attempt});
  return found != workers_.end() && found->second.handle && found->second.handle.node() == process;
}

void NodeWorkers::pass_on(const message::Packet& packet) {
  const auto found = workers_.find({packet.job, packet.attempt});
  if (found != workers_.end() && found->second.handle) node_->send(found->second.handle, packet);
}

wire::WorkerGone NodeWorkers::on_ended(const WorkerEnd& end) {
  const auto found = workers_.find({end.job, end.attempt});
  const bool expected = found != workers_.end() && found->second.to_end;
  if (found != workers_.end()) workers_.erase(found);
  return {end.how, end.last_lines, expected, end.cause == WorkerEnd::Cause::Itself};
}

/// A worker that does not speak any more is of no use, whatever its process does.
void NodeWorkers::on_down(const caf::node_id& process) {
  for (const auto& [key, worker] : workers_) {
    if (worker.handle && worker.handle.node() == process) services_.kill_worker(key.first, key.second);
  }
}

}  // namespace weir
