// A sink that promises exactly once is tried by stopping the world at every call it makes and starting again from the last
// complete checkpoint. A SinkTrial is the job around the sink: it feeds rows that are numbered from 0, takes checkpoints by
// a script, remembers the complete ones, and after a crash restores the sink and feeds what the checkpoint does not cover.
//
//   SinkTrial trial(make_sink, parse_script("w3 s c w2 s w1 s c"));   // write 3 rows, snapshot, complete it, ...
//   trial.files().crash_at(7);
//   while (!trial.run()) trial.files().lose_power(), trial.files().reset();
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/crashing_file_system.hpp"
#include "support/task_harness.hpp"

namespace weir::testing {

struct TrialRow {
  std::int64_t number = 0;
  std::string text;
  friend bool operator==(const TrialRow&, const TrialRow&) = default;
};
WEIR_RECORD(TrialRow, number, text);

/// Row n: its text depends on n alone, and is of different lengths.
TrialRow trial_row(std::int64_t number);

struct TrialStep {
  enum class Kind : std::uint8_t { Write, Snapshot, Complete, Advance };
  Kind kind = Kind::Write;
  std::int64_t amount = 0;  // of Write: rows; of Advance: milliseconds
};
using TrialScript = std::vector<TrialStep>;

/// "w3 s c t500": write 3 rows, snapshot, the last snapshot is complete, 500 ms pass.
TrialScript parse_script(const std::string& text);

class SinkTrial {
 public:
  using Make = std::function<std::unique_ptr<SinkWriter<TrialRow>>(FileSystem&)>;

  SinkTrial(Make make, TrialScript script, std::uint64_t seed = 0)
      : make_(std::move(make)), script_(std::move(script)), files_(seed) {}

  /// From the last complete checkpoint to the end of input, with a last checkpoint. False when it crashed or failed.
  bool run();
  /// The newest complete checkpoint cannot be read any more.
  void lose_newest_checkpoint();

  CrashingFileSystem& files() { return files_; }
  /// How many rows the last complete checkpoint covers, and how many the script has.
  std::int64_t covered() const { return complete_.empty() ? 0 : complete_.back().rows; }
  std::int64_t rows() const;

 private:
  struct Checkpoint {
    std::shared_ptr<Snapshot> snapshot;  // shared by the copies of the trial's history
    std::size_t next_step = 0;
    std::int64_t rows = 0;
  };

  void play(TaskHarness& task, Checkpoint at);
  void complete(TaskHarness& task, const Checkpoint& checkpoint);

  Make make_;
  TrialScript script_;
  CrashingFileSystem files_;
  std::vector<Checkpoint> complete_;
};

}  // namespace weir::testing
