// A worker's process as a node and the leader see it: it answers control messages as actors/worker_actor does, and its tasks are
// counters. Every task reads so many rows, one each millisecond, and what it has read is its state; a checkpoint's manifest tells
// in the number of rows of a task's last part how far the task was. What is published is a number that the cluster's ledger keeps.
//
// Every savepoint is the same one: each task had read some rows, which were not published.
//
// In virtual time, one thread. What is under way when the process ends comes to nothing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <weir/actors/remote_messages.hpp>
#include <weir/coordination/cluster_state.hpp>
#include <weir/graph/job_shape.hpp>
#include <weir/wire/control.hpp>

#include "support/simulated_time.hpp"

namespace weir::testing {

/// What the jobs' sinks have published: by job and task the number of rows.
using Ledger = std::map<std::pair<JobId, std::uint32_t>, std::uint32_t>;

/// Who keeps what: the nodes that have a chunk, by job.
using Copies = std::map<std::pair<JobId, ChunkId>, std::set<ClusterNodeId>>;

constexpr CheckpointId kSavepoint = 17;
constexpr std::uint32_t kSavepointRows = 10;  // of each task

/// How far each task was, by the task's number.
std::map<std::uint32_t, std::uint32_t> rows_read(const Manifest& manifest);

/// How a worker's surroundings are.
struct WorkerSurroundings {
  std::function<void(message::Packet)> tell_node;
  std::function<bool(const std::string& address)> reaches;  // another worker
  std::function<bool()> disk_fails;
  Ledger* ledger = nullptr;  // outlives the worker
  Copies* copies = nullptr;  // outlives the worker
};

class SimulatedWorker : public std::enable_shared_from_this<SimulatedWorker> {
 public:
  SimulatedWorker(SimulatedTime& time, JobId job, std::uint64_t attempt, ClusterNodeId node, WorkerSurroundings surroundings)
      : time_(time), job_(job), attempt_(attempt), node_(node), surroundings_(std::move(surroundings)) {}

  /// The job: parallelism times a task that reads and one that writes.
  static JobShape shape_of(std::uint32_t parallelism);
  std::string address() const { return std::to_string(node_) + ":" + std::to_string(job_) + ":" + std::to_string(attempt_); }

  void start(const wire::StartWorker& assigned);
  void on_packet(const message::Packet& packet);
  /// Another worker of the attempt is gone.
  void on_link_lost(const std::string& address);
  void fail_task(const std::string& why);
  bool deployed() const { return deployed_; }

 private:
  struct Task {
    std::uint32_t number = 0;
    std::uint32_t from = 0;  // rows, when it went
    std::map<std::uint64_t, std::uint32_t> frozen;  // by checkpoint
    bool finished = false;
  };

  template <NamedRecord M>
  void tell(const M& content) {
    surroundings_.tell_node(message::make_packet(job_, attempt_, content));
  }
  template <NamedRecord M>
  void tell_failure(const M& content) {
    failure_ = message::make_packet(job_, attempt_, content);
    surroundings_.tell_node(*failure_);
  }
  /// Later, if the process is still there.
  void after(Duration delay, std::function<void(SimulatedWorker&)> what);

  void on_deploy(const wire::Deploy& deploy);
  void on_go(const wire::Go& go);
  void on_trigger(const wire::Trigger& trigger);
  void store(std::uint32_t task, const wire::Trigger& trigger);
  void complete(std::uint64_t checkpoint);
  void figures();
  std::uint32_t rows_of(const Task& task) const;
  Task& task(std::uint32_t number);

  SimulatedTime& time_;
  JobId job_;
  std::uint64_t attempt_;
  ClusterNodeId node_;
  WorkerSurroundings surroundings_;
  JobShape shape_;
  std::uint32_t rows_ = 0;  // of each task; 0: without end
  bool planned_ = false;
  bool deployed_ = false;
  bool open_ = false;
  std::optional<ProcessingTime> went_;
  std::vector<std::string> peers_;
  std::vector<Task> tasks_;
  std::uint64_t given_up_ = 0;   // checkpoints up to this one
  std::uint64_t restored_from_ = 0;
  std::uint64_t triggered_ = 0;  // or that
  std::optional<message::Packet> failure_;
};

}  // namespace weir::testing
