// A cluster of real daemons, build/bin/weir, on loopback and free ports, killed as machines kill them. Asked by its command line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/process.hpp"

namespace weir::testing {

/// What `weir job` says.
struct JobStatus {
  std::string status;
  std::string message;
  std::uint64_t attempt = 0;
  std::uint64_t checkpoint = 0;
};

class Daemons {
 public:
  /// Starts them all; the first begins the cluster. Returns when each knows all.
  Daemons(std::filesystem::path directory, std::size_t count, const std::vector<std::string>& options = {});
  /// Kills them all.
  ~Daemons();
  Daemons(const Daemons&) = delete;
  Daemons& operator=(const Daemons&) = delete;

  std::size_t size() const { return nodes_.size(); }
  /// SIGKILL; its workers die with it.
  void kill(std::size_t node);
  /// Again, with the same data directory, if it does not run.
  void start(std::size_t node);
  bool runs(std::size_t node) const;
  /// To a daemon and its workers.
  void signal(std::size_t node, int number);
  /// SIGKILL to a worker on a node; false when it has none.
  bool kill_worker(std::size_t node);
  void delete_data(std::size_t node);

  /// Which node leads.
  std::size_t leader();
  /// Waits until so many nodes are up.
  void await_up(std::size_t count);

  std::uint64_t submit(const std::string& job, const std::vector<std::string>& options);
  JobStatus status(std::uint64_t job);
  /// Waits until a checkpoint after this one is complete, or the job has ended.
  JobStatus await_checkpoint(std::uint64_t job, std::uint64_t after);
  JobStatus await_end(std::uint64_t job);

  /// What the daemon printed so far.
  std::string log(std::size_t node) const;

 private:
  struct Node {
    std::string address;
    std::string http;
    std::filesystem::path data;
    std::unique_ptr<Process> process;
    int starts = 0;
  };

  /// Runs `weir`, asking any node that runs; its standard output once it succeeds.
  std::string ask(std::vector<std::string> words);
  bool signal_workers(std::size_t node, int number) const;

  std::filesystem::path directory_;
  std::vector<std::string> options_;
  std::vector<Node> nodes_;
};

}  // namespace weir::testing
