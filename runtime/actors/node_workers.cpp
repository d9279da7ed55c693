#include <weir/actors/node_workers.hpp>

#include <set>

#include <caf/all.hpp>

#include <weir/base/address.hpp>
#include <weir/base/clock.hpp>
#include <weir/base/text.hpp>

namespace weir {
namespace {

constexpr Duration kHelloWithin{30'000};
constexpr std::int64_t kSecond = 1000;  // ms; a worker that runs says something twice in each

/// Why a worker whose connection is lost is of no use.
std::string silence(Duration since_heard) {
  const std::int64_t seconds = since_heard.count() / kSecond;
  return seconds == 0 ? "the connection between them broke" : "it said nothing for " + to_text(Duration(seconds * kSecond));
}

}  // namespace

NodeWorkers::NodeWorkers(caf::event_based_actor* node, NodeServices& services, const ClusterNode& self)
    : node_(node), services_(services), name_(self.name), host_(parse_address(self.address).or_throw().host) {}

void NodeWorkers::start(JobId job, std::uint64_t attempt, wire::StartWorker start) {
  if (!workers_.try_emplace({job, attempt}, OneWorker{std::move(start), nullptr}).second) return;
  end(job, attempt - 1);
  start_those_due(job);
}

void NodeWorkers::start_those_due(JobId job) {
  const auto first = workers_.lower_bound({job, 0});
  if (first == workers_.end() || first->first.first != job || first->second.started) return;
  first->second.started = steady_now();
  services_.start_worker(job, first->first.second, first->second.start.name);
}

bool NodeWorkers::kill(const message::Packet& packet) {
  end(packet.job, packet.attempt);
  return has(packet);
}

void NodeWorkers::end(JobId job, std::uint64_t up_to) {
  for (auto worker = workers_.lower_bound({job, 0}); worker != workers_.end() && worker->first.first == job && worker->first.second <= up_to;) {
    worker->second.to_end = true;
    if (worker->second.started) services_.kill_worker(job, (worker++)->first.second);
    else worker = workers_.erase(worker);
  }
}

void NodeWorkers::tick(ProcessingTime now) {
  for (auto& [key, worker] : workers_) {
    if (!worker.started || worker.handle || worker.given_up || now - *worker.started < kHelloWithin) continue;
    worker.given_up = true;
    services_.kill_worker(key.first, key.second, "it did not come up within " + to_text(kHelloWithin) + "; is --worker-memory enough for it?");
  }
}

void NodeWorkers::end_all() {
  std::set<Key> all;
  for (const auto& [key, worker] : workers_) all.insert(key);
  for (const auto& [job, attempt] : all) end(job, attempt);
}

void NodeWorkers::on_hello(const message::Packet& packet, const caf::actor& worker) {
  const auto found = workers_.find({packet.job, packet.attempt});
  if (found == workers_.end() || found->second.handle) return;
  found->second.handle = worker;
  found->second.heard = steady_now();
  node_->monitor(worker);
  const wire::StartWorker& start = found->second.start;
  const auto file = services_.bundle_file(start.bundle);
  if (!file) {
    services_.log(NodeServices::Level::Error, file.error().message);
    return services_.kill_worker(packet.job, packet.attempt, file.error().message);
  }
  const wire::Assign assign{file->string(), start.options, start.parallelism, start.key_groups, host_, start.alignment_limit_ms};
  node_->send(worker, message::make_packet(packet.job, packet.attempt, assign));
}

bool NodeWorkers::hear(const message::Packet& packet, const caf::node_id& process) {
  const auto found = workers_.find({packet.job, packet.attempt});
  if (found == workers_.end() || !found->second.handle || found->second.handle.node() != process) return false;
  found->second.heard = steady_now();
  return true;
}

void NodeWorkers::pass_on(const message::Packet& packet) {
  const auto found = workers_.find({packet.job, packet.attempt});
  if (found != workers_.end() && found->second.handle) node_->send(found->second.handle, packet);
}

wire::WorkerGone NodeWorkers::on_ended(const WorkerEnd& end) {
  const auto found = workers_.find({end.job, end.attempt});
  const bool expected = found != workers_.end() && found->second.to_end;
  if (found != workers_.end()) workers_.erase(found);
  start_those_due(end.job);
  const EventTime at{SystemClock().now().ms / kSecond * kSecond};
  const std::string whose = "attempt " + std::to_string(end.attempt) + ", " + to_text(at) + ": the worker on node '" + name_ + "'";
  wire::WorkerGone gone{end.how, {whose + " ended: " + end.how}, expected, end.cause == WorkerEnd::Cause::Itself};
  gone.last_lines.insert(gone.last_lines.end(), end.last_lines.begin(), end.last_lines.end());
  return gone;
}

/// A worker that does not speak any more is of no use, whatever its process does.
void NodeWorkers::on_down(const caf::node_id& process) {
  const ProcessingTime now = steady_now();
  for (const auto& [key, worker] : workers_) {
    if (worker.handle && worker.handle.node() == process) services_.kill_worker(key.first, key.second, silence(now - worker.heard));
  }
}

}  // namespace weir
