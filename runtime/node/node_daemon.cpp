#include <weir/node/node_daemon.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <memory>
#include <thread>

#include <pthread.h>
#include <sys/resource.h>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <weir/actors/node_runtime.hpp>
#include <weir/base/clock.hpp>
#include <weir/base/exception_text.hpp>
#include <weir/base/text.hpp>
#include <weir/base/version.hpp>
#include <weir/node/admin_api.hpp>
#include <weir/node/exit_status.hpp>
#include <weir/node/free_port.hpp>
#include <weir/node/http_server.hpp>
#include <weir/node/job_check.hpp>
#include <weir/node/machine_services.hpp>
#include <weir/node/node_identity.hpp>
#include <weir/node/systemd.hpp>
#include <weir/node/tls_files.hpp>

namespace weir {
namespace {

/// Blocks the signals that end a daemon, in this thread and all that it starts, so that wait() can have them.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }
  /// True once one came; false when none did for a while.
  bool wait(Duration limit) const {
    const timespec time{limit.count() / 1000, limit.count() % 1000 * 1'000'000};
    return sigtimedwait(&set_, nullptr, &time) > 0;
  }

 private:
  sigset_t set_{};
};

std::shared_ptr<spdlog::logger> make_log(const NodeOptions& options) {
  auto log = std::make_shared<spdlog::logger>("weir", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  // Names and addresses have no '%'.
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l [" + (options.name.empty() ? to_text(options.listen) : options.name) + "] %v", spdlog::pattern_time_type::utc);
  constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err};
  log->set_level(levels[static_cast<int>(options.log_level)]);
  log->flush_on(spdlog::level::info);
  return log;
}

ActorProcessOptions process_options(const NodeOptions& options) {
  ActorProcessOptions process;
  process.heartbeat = options.heartbeat;
  process.connection_timeout = options.node_timeout;
  process.certificate = options.tls.certificate.string();
  process.key = options.tls.key.string();
  process.ca = options.tls.ca.string();
  return process;
}

std::vector<std::string> worker_command(const NodeOptions& options, const std::string& program) {
  std::vector<std::string> command{program, "worker", "--node", to_text(options.listen)};
  const auto add = [&](const char* option, const std::string& value) {
    if (value.empty()) return;
    command.emplace_back(option);
    command.push_back(value);
  };
  add("--tls-certificate", options.tls.certificate.string());
  add("--tls-key", options.tls.key.string());
  add("--tls-ca", options.tls.ca.string());
  add("--heartbeat-ms", std::to_string(options.heartbeat.count()));
  add("--timeout-ms", std::to_string(options.node_timeout.count()));
  add("--hang-timeout-ms", std::to_string(options.worker.hang_timeout.count()));
  if (options.worker.threads > 0) add("--threads", std::to_string(options.worker.threads));
  return command;
}

api::SubmitRequest submit_defaults(const NodeOptions& options) {
  const auto milliseconds = [](Duration time) {
    constexpr std::int64_t kLongest = std::numeric_limits<std::uint32_t>::max();  // 49 days: what JSON has room for
    return static_cast<std::uint32_t>(std::min<std::int64_t>(time.count(), kLongest));
  };
  api::SubmitRequest defaults;
  defaults.checkpoint_interval_ms = milliseconds(options.checkpoint.interval);
  defaults.alignment_limit_ms = milliseconds(options.checkpoint.alignment_limit);
  defaults.retained = options.checkpoint.retained;
  defaults.replication = options.replication;
  return defaults;
}

NodeAnnouncement announcement(const NodeOptions& options, const NodeIdentity& identity) {
  const std::string address = to_text(options.listen);
  const std::string http = to_text(is_wildcard(options.http) ? Address{options.listen.host, options.http.port} : options.http);
  const auto role = options.eligible ? ClusterNode::Role::Eligible : ClusterNode::Role::WorkerOnly;
  const std::uint32_t slots = options.slots > 0 ? options.slots : std::max(1U, std::thread::hardware_concurrency());
  return {{identity.id, options.name.empty() ? address : options.name, address, http, role}, identity.incarnation, slots, kVersion};
}

/// Has jobs, the lead and the vote move to other nodes, for as long as `limit`, or until a second signal.
void drain(NodeRuntime& runtime, const EndSignals& signals, Duration limit, spdlog::logger& log) {
  constexpr Duration kLook{20};
  log.info("handing over what runs here; a second signal ends this node at once");
  const ProcessingTime end = steady_now() + limit;
  const std::future<void> drained = runtime.drain();
  while (drained.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    if (signals.wait(kLook)) return log.warn("not all is handed over: told again to end");
    runtime.hand_over();
    if (steady_now() >= end) return log.warn("not all is handed over within {}", to_text(limit));
  }
}

/// Connections are many, and the usual limit is few.
void raise_file_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);  // what stays is the old limit
}

/// The parts of a daemon in the order in which they need each other.
int run(const NodeOptions& options, const std::string& program) {
  raise_file_limit();
  const EndSignals signals;
  const auto log = make_log(options);
  check_free(options.listen, "--listen").or_throw();
  check_free(options.http, "--http").or_throw();
  const auto claimed = claim_data_directory(options.data).or_throw();
  const NodeIdentity identity = begin_incarnation(options.data).or_throw();
  const NodeAnnouncement self = announcement(options, identity);

  NodeRuntime* told = nullptr;  // of workers' ends; set before any can end
  MachineServicesOptions machine;
  machine.data = options.data;
  machine.worker = worker_command(options, program);
  machine.ended = [&told](WorkerEnd end) {
    if (told != nullptr) told->worker_ended(std::move(end));
  };
  machine.worker_memory_bytes = options.worker.memory_bytes;
  machine.log = log;
  const auto services = MachineServices::open(std::move(machine)).or_throw();

  NodeRuntimeOptions runtime_options;
  runtime_options.self = self;
  runtime_options.seeds = options.join;
  runtime_options.data = options.data;
  runtime_options.store_bytes = options.checkpoint.store_bytes;
  runtime_options.membership.timeout = options.node_timeout;
  runtime_options.process = process_options(options);
  runtime_options.services = services.get();
  runtime_options.answer = answer_admin_call;
  auto runtime = NodeRuntime::start(std::move(runtime_options)).or_throw();
  told = runtime.get();

  HttpServerOptions http_options;
  http_options.address = to_text(options.http);
  http_options.certificate = options.tls.certificate;
  http_options.key = options.tls.key;
  http_options.ca = options.tls.ca;
  if (!options.token_file.empty()) http_options.routes.token = read_token(options.token_file).or_throw();
  http_options.routes.node = self.node.name;
  http_options.routes.logs = services->logs();
  http_options.routes.bundles = &services->bundles();
  http_options.routes.defaults = submit_defaults(options);
  const JobCheckOptions checking{program, options.worker.memory_bytes};
  http_options.routes.check = [checking](const auto& bundle, const auto& request) { return check_job(checking, bundle, request); };
  http_options.routes.ask = [&runtime](std::shared_ptr<AdminCall> call) { runtime->ask(std::move(call)); };
  http_options.routes.gather_logs = [&runtime](std::shared_ptr<LogCall> call) { runtime->gather_logs(std::move(call)); };
  const auto http = HttpServer::start(std::move(http_options)).or_throw();

  log->info("node '{}' ({:016x}) is up: nodes at {}, HTTP at {}, {} slots, data in {}", self.node.name, identity.id, self.node.address,
            self.node.http, self.slots, options.data.string());
  const Watchdog watchdog;
  watchdog.ready();
  while (!signals.wait(watchdog.interval())) watchdog.alive();
  watchdog.stopping();
  if (options.drain_timeout > Duration(0)) drain(*runtime, signals, options.drain_timeout, *log);
  log->info("ending as asked");
  runtime->leave();
  services->stop_workers();
  log->flush();
  // CAF would wait for actors that wait for other machines. What must last is on disk at any moment.
  std::_Exit(0);
}

}  // namespace

int run_node_daemon(const NodeOptions& options, const std::string& program) {
  try {
    if (const auto checked = check_node_options(options); !checked) {
      std::cerr << "weir node: error: " << checked.error().message << '\n';
      return kMisused;
    }
    return run(options, program);
  } catch (...) {
    std::cerr << "weir node: error: " << current_exception_text() << '\n';
    return kFailed;
  }
}

}  // namespace weir
