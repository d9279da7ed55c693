// Starts and watches the workers' processes of a node. A worker must not outlive its daemon, so it gets SIGKILL when the thread
// that started it is gone: that is why one thread, which lives as long as this object, starts them all. What a worker prints
// goes to a log file, and its last lines are kept to be shown when it dies.
//
//   DIR/<job>-<attempt>.log       of the last attempts at each job; a log that grows large begins anew, and the one
//   DIR/<job>-<attempt>.log.old   before it is kept
//   DIR/<job>-<attempt>.end       how the worker ended, in one line, unless it was told to without a reason
//
// A resource; any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <weir/actors/node_services.hpp>

namespace weir {

struct WorkerProcessesOptions {
  std::filesystem::path logs;
  std::uint64_t memory_bytes = 0;  // that a worker may have; 0: no limit
  /// Called on a thread of this object.
  std::function<void(WorkerEnd)> ended;
};

class WorkerProcesses {
 public:
  explicit WorkerProcesses(WorkerProcessesOptions options);
  /// Ends all of them.
  ~WorkerProcesses();
  WorkerProcesses(const WorkerProcesses&) = delete;
  WorkerProcesses& operator=(const WorkerProcesses&) = delete;

  /// Runs a program. Its end is told also when it cannot be started.
  void start(JobId job, std::uint64_t attempt, std::vector<std::string> command);
  /// Ends all of them, for good; their ends have been told when this returns. May be called again.
  void stop();
  /// SIGKILL. No error when there is none. Where `why` is given it is how the worker ended, unless it ended by itself before.
  void kill(JobId job, std::uint64_t attempt, const std::string& why = "");

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace weir
