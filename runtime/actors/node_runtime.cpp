#include <weir/actors/node_runtime.hpp>

#include <chrono>
#include <thread>

#include <caf/all.hpp>

#include <weir/actors/actor_network.hpp>
#include <weir/actors/actor_process.hpp>
#include <weir/actors/cluster_log.hpp>
#include <weir/actors/coordinator_actor.hpp>
#include <weir/actors/node_actor.hpp>
#include <weir/actors/node_messages.hpp>
#include <weir/coordination/founders.hpp>

namespace weir {

struct NodeRuntime::Parts {
  explicit Parts(const NodeRuntimeOptions& options)
      : config(options.process), system(config), network(system, options.process.encryption()) {}

  SystemClock clock;
  std::unique_ptr<ClusterLog> log;  // tells actors, so it outlives what tells it
  ActorProcessConfig config;
  SerialThread disk;         // actors give it work to the last, so it outlives them
  caf::actor_system system;  // its destructor waits for every actor, so it goes first
  ActorNetwork network;
  caf::actor coordinator;
  caf::actor node;
};

Result<std::unique_ptr<NodeRuntime>> NodeRuntime::start(NodeRuntimeOptions options) {
  const auto address = parse_address(options.self.node.address);
  if (!address) return address.error();
  auto opened = ClusterLog::open({options.data / "log", options.self.node.address, options.services});
  if (!opened) return opened.error();
  auto parts = std::make_unique<Parts>(options);
  parts->log = std::move(opened).or_throw();
  ClusterLog* log = parts->log.get();
  const bool eligible = options.self.node.role == ClusterNode::Role::Eligible;
  if (eligible) options.self.voter = log->voter();

  CoordinatorOptions coordinator{options.self, &parts->clock, options.services, {}, {}, {}, {}};
  coordinator.patience = options.membership.timeout;
  coordinator.lease = lease(options.membership, options.process.heartbeat);
  coordinator.answer = options.answer;
  coordinator.propose = [log](const LoggedCommand& logged) { log->propose(logged); };
  coordinator.admit = [log](const NodeAnnouncement& node) { log->admit({node.voter, node.node.address}); };
  coordinator.voters = [log] { return log->voters(); };
  coordinator.remove = [log](VoterId voter) { log->remove(voter); };
  parts->coordinator = parts->system.spawn(coordinator_actor, std::move(coordinator));

  NodeActorOptions node{options.self, log->cluster(), options.seeds, options.data, options.store_bytes, options.membership, options.process.heartbeat,
                        &parts->network, options.services, &parts->disk, parts->coordinator, {}, {}, {}};
  const Founders founders(options.self.node.address, options.seeds);
  const bool first = node.cluster.empty() && (options.seeds.empty() || founders.begins_here());
  if (first && !eligible) return Error{"a node that may not lead cannot be a cluster's first; name another with --join"};
  if (first && founders.awaited().empty()) {
    if (auto begun = log->bootstrap(); !begun) return begun.error();
    node.cluster = log->cluster();
  }
  node.begin = [log]() -> Result<std::string> {
    if (auto begun = log->bootstrap(); !begun) return begun.error();
    return log->cluster();
  };
  const auto join = [log, eligible, services = options.services](const std::string& cluster) {
    if (!eligible) return;
    if (const auto joined = log->start_in(cluster); !joined) services->log(NodeServices::Level::Error, joined.error().message);
  };
  node.joined = join;
  node.staying = [log](std::set<std::uint64_t> voters) { log->note_staying(std::move(voters)); };
  node.voters = [log] { return log->voters(); };
  node.log_message = [log](const std::string& bytes) { log->receive(bytes); };
  const std::string cluster = node.cluster;
  parts->node = parts->system.spawn(node_actor, std::move(node));
  caf::anon_send(parts->coordinator, message::Meet{parts->node});
  log->meet(parts->node, parts->coordinator);
  caf::anon_send(parts->node, message::Start{});
  const auto listening = parts->network.listen(parts->node, *address);
  std::unique_ptr<NodeRuntime> runtime(new NodeRuntime(std::move(parts)));
  if (!listening) return listening.error();
  if (!cluster.empty()) join(cluster);
  return runtime;
}

NodeRuntime::NodeRuntime(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

NodeRuntime::~NodeRuntime() {
  parts_->log->stop();
  caf::anon_send_exit(parts_->node, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(parts_->coordinator, caf::exit_reason::user_shutdown);
  parts_->disk.stop();
  parts_->network.stop();
}

std::future<void> NodeRuntime::drain() {
  const auto drained = std::make_shared<std::promise<void>>();
  caf::anon_send(parts_->node, message::Drain{drained});
  hand_over();
  return drained->get_future();
}

void NodeRuntime::hand_over() {
  if (parts_->log->leads()) parts_->log->hand_over();
}

void NodeRuntime::leave() {
  caf::anon_send(parts_->node, message::Leave{});
  // Messages are still on their way when this returns to whoever ends the process.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

void NodeRuntime::ask(std::shared_ptr<AdminCall> call) { caf::anon_send(parts_->node, message::Ask{std::move(call)}); }

void NodeRuntime::gather_logs(std::shared_ptr<LogCall> call) {
  caf::anon_send(parts_->node, message::GatherLogs{std::move(call)});
}

void NodeRuntime::worker_ended(WorkerEnd end) { caf::anon_send(parts_->node, message::WorkerEnded{std::move(end)}); }

}  // namespace weir
