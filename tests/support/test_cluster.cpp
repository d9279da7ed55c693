#include "support/test_cluster.hpp"

#include <fstream>
#include <future>
#include <iterator>
#include <thread>

#include <doctest/doctest.h>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <weir/base/version.hpp>

#include "support/loopback_port.hpp"
#include "support/process.hpp"

namespace weir::testing {
namespace {

constexpr std::chrono::seconds kPatience(60);  // bounds a hung run; no test waits for it to pass

/// What a test wants done at the leader travels in the place of a request of a person.
using Visit = std::function<void(ClusterControl&)>;

void answer(const std::shared_ptr<AdminCall>& call, ClusterControl& control) {
  const auto* visit = reinterpret_cast<const Visit*>(std::stoull(call->body));
  (*visit)(control);
  call->answer(200, "");
}

}  // namespace

struct TestCluster::OneNode {
  std::string address;
  std::unique_ptr<MachineServices> services;
  std::unique_ptr<NodeRuntime> runtime;
};

TestCluster::TestCluster(const std::filesystem::path& directory, std::size_t nodes, std::uint32_t slots) {
  std::string first;
  for (std::size_t i = 0; i < nodes; ++i) {
    const std::string address = "127.0.0.1:" + std::to_string(free_port());
    const std::string name = "node" + std::to_string(i + 1);
    auto& node = *nodes_.emplace_back(std::make_unique<OneNode>());
    node.address = address;
    auto log = std::make_shared<spdlog::logger>(name, std::make_shared<spdlog::sinks::stderr_sink_mt>());
    MachineServicesOptions services;
    services.data = directory / name;
    services.worker = {std::string(WEIR_BIN_DIR) + "/weir", "worker", "--node", address};
    services.ended = [&node](WorkerEnd end) { node.runtime->worker_ended(std::move(end)); };
    services.log = log;
    node.services = MachineServices::open(std::move(services)).or_throw();
    NodeRuntimeOptions options;
    options.self = {{i + 1, name, address, "", ClusterNode::Role::Eligible}, 1, slots, kVersion, 0};
    if (i > 0) options.seeds = {first};
    options.data = directory / name;
    options.process.threads = 2;
    options.services = node.services.get();
    options.answer = answer;
    node.runtime = NodeRuntime::start(std::move(options)).or_throw();
    if (i == 0) first = address;
  }
  await("all nodes are up", [&](ClusterControl& control) { return control.state().nodes().size() == nodes && control.voters() == nodes; });
}

TestCluster::~TestCluster() {
  for (auto& node : nodes_) {
    node->services->stop_workers();  // whose ends nobody needs to hear of any more
    node->runtime.reset();
  }
}

void TestCluster::with_leader(const Visit& act) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (std::size_t i = 0;; i = (i + 1) % nodes_.size()) {
    REQUIRE_MESSAGE(std::chrono::steady_clock::now() < deadline, "no node finds a leader");
    if (!nodes_[i]->runtime) continue;
    const auto answered = std::make_shared<std::promise<std::uint32_t>>();
    auto call = std::make_shared<AdminCall>();
    call->body = std::to_string(reinterpret_cast<std::uintptr_t>(&act));
    call->answer = [answered](std::uint32_t status, const std::string&) { answered->set_value(status); };
    nodes_[i]->runtime->ask(call);
    auto future = answered->get_future();
    REQUIRE_MESSAGE(future.wait_for(kPatience) == std::future_status::ready, "the leader hangs");
    if (future.get() == 200) return;
    std::this_thread::yield();
  }
}

void TestCluster::await(const std::string& what, const std::function<bool(ClusterControl&)>& true_now) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  bool is_true = false;
  while (!is_true) {
    with_leader([&](ClusterControl& control) { is_true = true_now(control); });
    if (!is_true) REQUIRE_MESSAGE(std::chrono::steady_clock::now() < deadline, "never: ", what);
    std::this_thread::yield();
  }
}

JobId TestCluster::submit(const std::string& job, JobSpec spec) {
  std::ifstream file(std::string(WEIR_BIN_DIR) + "/../lib/jobs/" + job + ".so", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  REQUIRE_MESSAGE(!bytes.empty(), "no bundle of ", job);
  spec.name = job;
  spec.bundle = nodes_.front()->services->bundles().put(bytes).or_throw();
  std::promise<JobId> submitted;
  with_leader([&](ClusterControl& control) {
    control.propose(command::Submit{spec, "", 1}, [&](const Logged& applied) { submitted.set_value(applied ? applied->job : 0); });
  });
  const JobId id = submitted.get_future().get();
  REQUIRE(id != 0);
  return id;
}

JobOutcome TestCluster::outcome(JobId job) {
  JobOutcome outcome;
  await("job " + std::to_string(job) + " ends", [&](ClusterControl& control) {
    const JobRecord* record = control.state().job(job);
    if (record == nullptr || !record->outcome) return false;
    outcome = *record->outcome;
    return true;
  });
  return outcome;
}

bool TestCluster::signal_worker(JobId job, std::size_t node, int signal) {
  return signal_processes({"--node", nodes_.at(node - 1)->address, "--job", std::to_string(job)}, signal);
}

void TestCluster::drop_node(std::size_t node) {
  nodes_.at(node - 1)->services->stop_workers();
  nodes_.at(node - 1)->runtime.reset();
}

}  // namespace weir::testing
