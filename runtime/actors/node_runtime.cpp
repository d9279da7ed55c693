#include <weir/actors/node_runtime.hpp>

#include <caf/all.hpp>

#include <weir/actors/actor_process.hpp>
#include <weir/actors/coordinator_actor.hpp>
#include <weir/actors/node_actor.hpp>
#include <weir/actors/node_messages.hpp>

namespace weir {

struct NodeRuntime::Parts {
  explicit Parts(const NodeRuntimeOptions& options) : config(options.process), system(config) {}

  SystemClock clock;
  ActorProcessConfig config;
  caf::actor_system system;  // its destructor waits for every actor, so it goes first
  caf::actor coordinator;
  caf::actor node;
};

Result<std::unique_ptr<NodeRuntime>> NodeRuntime::start(NodeRuntimeOptions options) {
  auto parts = std::make_unique<Parts>(options);
  const auto coordinator_handle = std::make_shared<caf::actor>();  // filled in below, before anything is proposed
  CoordinatorOptions coordinator{options.self, &parts->clock, options.services, {}, options.answer};
  coordinator.propose = [coordinator_handle](const LoggedCommand& logged) {
    caf::anon_send(*coordinator_handle, message::Apply{std::make_shared<LoggedCommand>(logged)});
  };
  parts->coordinator = parts->system.spawn(coordinator_actor, std::move(coordinator));
  *coordinator_handle = parts->coordinator;

  NodeActorOptions node{options.self, options.cluster, options.seeds, options.data, options.membership, options.process.heartbeat,
                        options.process.encryption(), options.services, parts->coordinator};
  parts->node = parts->system.spawn(node_actor, std::move(node));
  caf::anon_send(parts->coordinator, message::Meet{parts->node});
  const std::string address = options.self.node.address;
  const auto listening = listen_at(parts->system, parts->node, address, options.process.encryption());
  std::unique_ptr<NodeRuntime> runtime(new NodeRuntime(std::move(parts)));
  if (!listening) return listening.error();
  if (options.seeds.empty()) {
    caf::anon_send(runtime->parts_->coordinator, message::Leads{options.self.node.id, 1});
    caf::anon_send(runtime->parts_->node, message::Leads{options.self.node.id, 1});
  }
  return runtime;
}

NodeRuntime::NodeRuntime(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

NodeRuntime::~NodeRuntime() {
  caf::anon_send_exit(parts_->node, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(parts_->coordinator, caf::exit_reason::user_shutdown);
}

void NodeRuntime::ask(std::shared_ptr<AdminCall> call) { caf::anon_send(parts_->node, message::Ask{std::move(call)}); }

void NodeRuntime::worker_ended(WorkerEnd end) { caf::anon_send(parts_->node, message::WorkerEnded{std::move(end)}); }

}  // namespace weir
