// What a node's actor needs of the machine it runs on. The node layer implements it; called from actors' threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/coordination/cluster_state.hpp>
#include <weir/wire/cluster_messages.hpp>

namespace weir {

/// How a worker's process ended.
struct WorkerEnd {
  JobId job = 0;
  std::uint64_t attempt = 0;
  std::string how = {};                 // "killed by signal 11 (Segmentation fault)", and what it said of it
  std::vector<std::string> last_lines = {};  // of what it wrote
  enum class Cause : std::uint8_t {
    Outside,  // it was killed, could not be started, or ended because it had nothing to do
    Itself,   // its own code crashed, and may do so again
  };
  Cause cause = Cause::Outside;
};

class NodeServices {
 public:
  virtual ~NodeServices() = default;

  /// Starts a worker's process, which will say WorkerHello. Its end is told to the node's actor as message::WorkerEnded, also when
  /// it could not be started at all.
  virtual void start_worker(JobId job, std::uint64_t attempt, const std::string& name) = 0;
  /// Ends it at once. No error when there is none. Where it is not the leader's will that it ends, `why` is told of its end.
  virtual void kill_worker(JobId job, std::uint64_t attempt, const std::string& why = "") = 0;

  virtual bool has_bundle(const std::string& sha256) = 0;
  virtual Result<std::filesystem::path> bundle_file(const std::string& sha256) = 0;
  /// Empty at the end.
  virtual Result<std::string> read_bundle(const std::string& sha256, std::uint64_t offset, std::size_t bytes) = 0;
  virtual Result<void> keep_bundle(const std::string& sha256, std::string_view bytes) = 0;
  /// All but these, and those of lately, which may be about to be used.
  virtual void forget_bundles(const std::set<std::string>& wanted) = 0;

  /// What this node's workers of a job printed last; nothing when none ran here. Any thread; reads files.
  virtual std::vector<wire::WorkerLog> read_logs(JobId job, const wire::ReadWorkerLogs& wanted) = 0;

  /// A line for the daemon's log.
  enum class Level : std::uint8_t { Debug, Info, Warning, Error };
  virtual void log(Level level, const std::string& line) = 0;
};

}  // namespace weir
