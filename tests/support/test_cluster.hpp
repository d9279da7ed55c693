// A cluster whose daemons run in the test's own process, on loopback and free ports; their workers are real processes of
// build/bin/weir. So a test sees the leader's state, and can end a worker by its process id.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <weir/actors/node_runtime.hpp>
#include <weir/node/machine_services.hpp>

namespace weir::testing {

class TestCluster {
 public:
  /// The first node leads.
  TestCluster(const std::filesystem::path& directory, std::size_t nodes, std::uint32_t slots);
  ~TestCluster();
  TestCluster(const TestCluster&) = delete;
  TestCluster& operator=(const TestCluster&) = delete;

  /// Calls `act` with what the leader sees, on its thread, and waits until it is done.
  void with_leader(const std::function<void(ClusterControl&)>& act);

  /// Waits until `true_now` is; fails the test when that takes too long.
  void await(const std::string& what, const std::function<bool(ClusterControl&)>& true_now);

  /// Stores the bundle build/lib/jobs/<job>.so at the leader's node and submits it.
  JobId submit(const std::string& job, JobSpec spec);
  /// Waits for the job's end.
  JobOutcome outcome(JobId job);

  /// SIGKILL, or another signal, to the worker of a job on a node; nodes count from 1. False when there is none.
  bool signal_worker(JobId job, std::size_t node, int signal);
  /// Ends a node with its workers, as if its machine was lost. Node 1 leads at first.
  void drop_node(std::size_t node);

 private:
  struct OneNode;
  std::vector<std::unique_ptr<OneNode>> nodes_;
};

}  // namespace weir::testing
