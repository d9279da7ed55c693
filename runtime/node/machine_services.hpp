// What a node's actors ask of this machine: workers' processes, the bundles on disk, the log.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <weir/actors/node_services.hpp>
#include <weir/node/bundle_store.hpp>
#include <weir/node/worker_log.hpp>
#include <weir/node/worker_processes.hpp>

namespace spdlog {
class logger;
}

namespace weir {

struct MachineServicesOptions {
  std::filesystem::path data;             // bundles and workers' logs lie below it
  std::vector<std::string> worker;        // the command of a worker, without its job and attempt
  std::function<void(WorkerEnd)> ended;   // a worker; any thread
  std::uint64_t worker_memory_bytes = 0;  // 0: no limit
  std::shared_ptr<spdlog::logger> log;    // shared by the daemon's parts
};

class MachineServices final : public NodeServices {
 public:
  static Result<std::unique_ptr<MachineServices>> open(MachineServicesOptions options);

  void start_worker(JobId job, std::uint64_t attempt, const std::string& name) override;
  void kill_worker(JobId job, std::uint64_t attempt, const std::string& why) override;
  bool has_bundle(const std::string& sha256) override { return bundles_.has(sha256); }
  Result<std::filesystem::path> bundle_file(const std::string& sha256) override { return bundles_.path(sha256); }
  Result<std::string> read_bundle(const std::string& sha256, std::uint64_t offset, std::size_t bytes) override {
    return bundles_.read(sha256, offset, bytes);
  }
  Result<void> keep_bundle(const std::string& sha256, std::string_view bytes) override;
  void forget_bundles(const std::set<std::string>& wanted) override;
  std::vector<wire::WorkerLog> read_logs(JobId job, const wire::ReadWorkerLogs& wanted) override {
    return read_worker_logs(logs(), job, wanted);
  }
  void log(Level level, const std::string& line) override;

  /// Ends them all, for good; their ends have been told when this returns. Before what is told of them is gone.
  void stop_workers() { workers_.stop(); }

  const BundleStore& bundles() const { return bundles_; }
  std::filesystem::path logs() const { return options_.data / "logs"; }

 private:
  MachineServices(MachineServicesOptions options, BundleStore bundles);

  MachineServicesOptions options_;
  BundleStore bundles_;
  WorkerProcesses workers_;
};

}  // namespace weir
