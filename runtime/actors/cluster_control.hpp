// What the coordinator lets people and scripts see and do. Whoever answers their requests gets this, on the coordinator's
// thread, and only as long as it leads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <weir/coordination/cluster_state.hpp>
#include <weir/coordination/membership.hpp>
#include <weir/graph/job_shape.hpp>
#include <weir/wire/control.hpp>

namespace weir {

/// What is known of a job beyond its record while it runs.
struct LiveJob {
  std::string phase;                        // "taking over", "waiting for slots", "starting", "running", "restarting", "stopping",
                                            // "ending", "writing the savepoint"
  std::string why;                          // it waits or restarts; empty: nothing is wrong
  std::vector<ClusterNodeId> slots;         // that it takes: the node of each; none while it waits for some
  std::optional<JobShape> shape;            // once a worker has planned it
  std::map<std::uint32_t, wire::TaskFigures> figures;  // by task
  std::vector<ClusterNodeId> node_of_task;
  std::int64_t checkpoint_took_ms = 0;      // the last one
  std::vector<std::string> last_lines;      // of the worker that ended last without being told to

  JobTotals totals() const {
    JobTotals sum;
    for (const auto& [task, figure] : figures) {
      sum.records_read += figure.records_read;
      sum.records_written += figure.records_written;
    }
    return sum;
  }
};

/// Why a command has no effect, as far as is known.
struct NotApplied : Error {
  enum class Fate : std::uint8_t {
    Refused,
    Unknown,  // whoever led is not to know whether it was logged
  } fate = Fate::Refused;
};

/// What became of a command that was proposed.
using Logged = Result<Applied, NotApplied>;

inline Logged to_logged(const Result<Applied>& applied) {
  if (applied) return *applied;
  return NotApplied{applied.error(), NotApplied::Fate::Refused};
}

class ClusterControl {
 public:
  virtual ~ClusterControl() = default;

  virtual const ClusterState& state() const = 0;
  /// This node.
  virtual const NodeAnnouncement& self() const = 0;
  /// The others that are not dead.
  virtual const std::vector<ClusterMember>& members() const = 0;
  /// Whether it said goodbye, or was to end, when it was last heard, as far as this node knows; one that did not may be dead.
  virtual bool has_left(ClusterNodeId node) const = 0;
  /// How many nodes vote on who leads: the cluster survives the loss of less than half of them.
  virtual std::size_t voters() const = 0;
  /// Null when the job does not run.
  virtual const LiveJob* live(JobId job) const = 0;
  /// Logs a command; `done` is called on the coordinator's thread once it is applied, or refused.
  using Done = std::function<void(Logged)>;
  virtual void propose(ClusterCommand command, Done done) = 0;
  /// Writes the newest checkpoint of a job that has ended as a savepoint, on this node; `done` is called on the coordinator's thread
  /// when it is there whole, or cannot be.
  using Written = std::function<void(const Result<void>&)>;
  virtual void export_savepoint(JobId job, const std::string& directory, Written done) = 0;
};

}  // namespace weir
