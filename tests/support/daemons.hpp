// A cluster of real daemons, build/bin/weir, on loopback and free ports, killed as machines kill them. Asked by its command line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
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
  std::uint64_t written = 0;            // records, in this attempt
  std::vector<std::string> last_lines;  // of the worker that last ended without being told to: whose and how, then its log's

  bool ended() const { return status == "finished" || status == "failed" || status == "stopped" || status == "cancelled"; }
};

/// What is of one daemon's own.
struct DaemonSetup {
  std::string address = {};                // empty: loopback, a free port
  std::string http = {};
  std::vector<std::string> launcher = {};  // words in front of the command
  std::vector<std::string> options = {};
};

class Daemons {
 public:
  /// Starts them all; the first begins the cluster. Returns when each knows all, and so many have votes that the cluster survives what
  /// it can. `options` are for all; `client` are for those who ask.
  Daemons(std::filesystem::path directory, const std::vector<DaemonSetup>& nodes, const std::vector<std::string>& options = {},
          const std::vector<std::string>& client = {});
  Daemons(std::filesystem::path directory, std::size_t count, const std::vector<std::string>& options = {})
      : Daemons(std::move(directory), std::vector<DaemonSetup>(count), options) {}
  /// Kills them all.
  ~Daemons();
  Daemons(const Daemons&) = delete;
  Daemons& operator=(const Daemons&) = delete;

  /// One more, which joins; returns when all are up.
  void add(const DaemonSetup& node);
  std::size_t size() const { return nodes_.size(); }
  /// SIGKILL; its workers die with it.
  void kill(std::size_t node);
  /// SIGTERM, and the exit status once it has ended.
  int terminate(std::size_t node);
  /// Of one that was told to end.
  int await_exit(std::size_t node);
  /// SIGTERM to the daemon alone.
  void tell_to_end(std::size_t node);
  /// Again, with the same data directory, if it does not run.
  void start(std::size_t node);
  bool runs(std::size_t node) const;
  /// To a daemon and its workers.
  void signal(std::size_t node, int number);
  /// SIGKILL to a worker on a node; false when it has none.
  bool kill_worker(std::size_t node);
  /// SIGSTOP to it: from now on it is silent.
  bool stop_worker(std::size_t node);
  void delete_data(std::size_t node);
  /// It is not asked until it is shown again.
  void hide(std::size_t node) { nodes_[node].hidden = true; }
  void show(std::size_t node) { nodes_[node].hidden = false; }

  /// Which node leads.
  std::size_t leader();
  /// Waits until so many nodes are up.
  void await_up(std::size_t count);

  const std::string& address(std::size_t node) const { return nodes_[node].address; }
  const std::filesystem::path& data(std::size_t node) const { return nodes_[node].data; }
  /// Of nodes on which tasks of the job run.
  std::set<std::size_t> nodes_of(std::uint64_t job);

  /// Runs `weir`, asking any node that runs, until it succeeds; its standard output.
  std::string ask(std::vector<std::string> words);
  /// Runs `weir` once: why it refuses, in one line.
  std::string refusal(std::vector<std::string> words);
  /// The file of a job of this build.
  static std::string bundle(const std::string& job);
  std::uint64_t submit(const std::string& job, const std::vector<std::string>& options);
  JobStatus status(std::uint64_t job);
  /// Waits until a checkpoint after this one is complete, or the job has ended.
  JobStatus await_checkpoint(std::uint64_t job, std::uint64_t after);
  JobStatus await_end(std::uint64_t job);

  /// Waits until the daemon, since it was last started, has printed a text.
  void await_logged(std::size_t node, const std::string& text) const;
  /// What the daemon printed so far.
  std::string log(std::size_t node) const;

 private:
  struct Node {
    std::string address;
    std::string http;
    std::filesystem::path data;
    DaemonSetup setup;
    std::unique_ptr<Process> process;
    int starts = 0;
    bool hidden = false;
  };

  void await_votes() const;
  std::vector<std::string> with_nodes(std::vector<std::string> words) const;
  bool signal_workers(std::size_t node, int number) const;

  std::filesystem::path directory_;
  std::vector<std::string> options_;
  std::vector<std::string> client_;
  std::vector<Node> nodes_;
};

}  // namespace weir::testing
