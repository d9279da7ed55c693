// Shows how a job is doing: a line on a terminal that is rewritten while it runs, one line at its end, and the figures as
// JSON for scripts. Standard error only: standard output belongs to the job. How the line and rows share a terminal:
// base/terminal.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include <weir/actors/embedded_job.hpp>

namespace weir {

class ProgressReport {
 public:
  enum class Show : std::uint8_t { OnTerminal, Nothing };

  ProgressReport(const EmbeddedJob& job, Show show);

  /// Rewrites the line if it is time to.
  void update();
  /// Takes the line away.
  void clear();
  /// What became of the job: "finished in 1.23 s: 90 records in, 10 out, 3 checkpoints".
  std::string summary(JobOutcome::State state) const;
  /// Writes the figures of the run.
  void write(const std::filesystem::path& file) const;

 private:
  using Clock = std::chrono::steady_clock;

  struct Totals {
    std::uint64_t read = 0;        // records that sources read, since the last restart
    std::uint64_t written = 0;     // records that sinks took, likewise
    std::uint64_t delivered = 0;   // records that tasks got from other tasks
    std::uint64_t dropped = 0;     // records on outputs that nobody reads
    std::uint64_t longest_pause_ns = 0;
    std::uint64_t snapshot_ns = 0;
    std::uint64_t state_bytes = 0;
  };
  Totals totals() const;
  double seconds() const;

  const EmbeddedJob& job_;
  bool shown_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
  std::uint64_t last_read_ = 0;
};

}  // namespace weir
