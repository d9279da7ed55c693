// A directory of part files, written by several tasks, in which every row is once although the job may die at any moment.
// The engine behind the Files sink, which knows nothing of formats and records.
//
//   directory := (bucket "/")? part*
//   part      := hidden | name                      only the latter are for readers, and they never change
//   hidden    := "." name "." job "." attempt ".inprogress"
//   name      := prefix "-" lane "-" number suffix  numbers count up in each lane, over all buckets
//   state     := PartLane*                          one lane per task; a change of parallelism deals the lanes out anew
//
// A part is written hidden. It is rolled - closed for good - when it is large or old enough, or the input or the job ends; the
// next checkpoint covers it; when that is complete the part is renamed. A part may stay open over many checkpoints.
//
// before_snapshot: open parts are synced and their lengths put into state, with the rolled parts; new names are synced.
// on_complete:     rolled parts that the checkpoint covers are renamed, and the directories synced.
// open:            every part in the state is published as far as it is covered: a rolled one is renamed, one that was open is
//                  cut to its length there, in a cluster by way of a copy, since a process that was taken for dead may still
//                  write to it. Parts of the task's lanes that are
//                  not in state and whose number is not given out there yet are removed: hidden ones of this and earlier
//                  attempts, and such as a newer checkpoint published that can no longer be read.
// open, fresh:     what an earlier run published under the same prefix stays until the first checkpoint is complete, so that a
//                  run that comes to nothing costs nothing; numbers go on behind its, and begin at 0 where there is nothing.
//
// So a directory and prefix belong to one sink of one job. A rolled part that is not found under either name was published
// and then taken away by a reader, which is allowed. One task, one thread; tasks only touch parts of their own lanes.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/connectors/file_system.hpp>
#include <weir/connectors/worker_claim.hpp>
#include <weir/dataflow/operator.hpp>

namespace weir {

/// A part as far as a checkpoint covers it.
struct StoredPart {
  std::string bucket;
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  CheckpointId checkpoint = 0;  // of a rolled part: the first that covers it
  std::uint64_t job = 0;        // whose attempt wrote it
  std::uint64_t attempt = 0;
};
WEIR_RECORD(StoredPart, bucket, number, bytes, checkpoint, job, attempt);

struct PartLane {
  std::uint32_t lane = 0;
  std::string directory;  // absolute
  std::uint64_t next_number = 0;
  std::vector<StoredPart> open;
  std::vector<StoredPart> rolled;
  std::uint64_t first_number = 0;  // those before it are an earlier run's
};
WEIR_RECORD(PartLane, lane, directory, next_number, open, rolled, first_number);

struct PartOptions {
  std::filesystem::path directory;
  std::string prefix = "part";
  std::string suffix = {};  // ".csv"
  std::string header = {};  // of every part
  std::uint64_t roll_bytes = 128 << 20;
  Duration roll_after{60'000};      // since the part was begun
  std::size_t max_open_parts = 64;  // per task; beyond that the oldest is rolled
};

class PartFiles {
 public:
  explicit PartFiles(PartOptions options, FileSystem& files = real_file_system());
  /// Removes what nothing can publish any more: its hidden parts, when no checkpoints are stored.
  ~PartFiles();
  PartFiles(const PartFiles&) = delete;
  PartFiles& operator=(const PartFiles&) = delete;

  void open(OperatorContext& context);
  /// Whole rows. The bucket is a relative path, or empty for the directory itself; throws Failure on others.
  void write(const std::string& bucket, std::string_view rows);
  void on_processing_time(ProcessingTime now);
  void before_snapshot(CheckpointId checkpoint);
  void on_complete(CheckpointId checkpoint);
  void finish();

 private:
  struct OpenPart {
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
    ProcessingTime since;
    std::unique_ptr<OutputFile> file;
    bool synced = false;
  };
  using OpenParts = std::map<std::string, OpenPart>;  // by bucket

  struct PartName {
    std::uint32_t lane = 0;
    std::uint64_t number = 0;
    std::optional<AttemptId> hidden_by = {};  // of a hidden part
  };

  bool mine(std::uint32_t lane) const { return lane % context_->parallelism() == context_->task(); }
  PartLane& own_lane() { return lanes_->front(); }
  std::filesystem::path visible(const PartLane& lane, const StoredPart& part) const;
  std::filesystem::path hidden(const PartLane& lane, const StoredPart& part) const;
  StoredPart mine(const std::string& bucket, std::uint64_t number, std::uint64_t bytes) const;
  std::optional<PartName> parse(std::string_view name) const;

  void take_lanes();
  void recover_rolled(const PartLane& lane, const StoredPart& part);
  void recover_open(const PartLane& lane, const StoredPart& part);
  void publish_copy(const std::filesystem::path& from, const PartLane& lane, const StoredPart& part);
  void remove_leftovers();
  void remove(const std::filesystem::path& part);
  void probe();
  OpenPart& part_for(const std::string& bucket);
  void make_bucket(const std::string& bucket);
  void roll(OpenParts::iterator part);
  void roll_oldest();
  void sync_names();

  PartOptions options_;
  FileSystem& files_;
  WorkerClaim claim_;
  OperatorContext* context_ = nullptr;
  std::vector<PartLane>* lanes_ =
      nullptr;  // state: this task's own first, then those it looks after
  OpenParts open_;
  std::optional<std::pair<AttemptId, std::uint32_t>> disposable_;  // attempt and lane of hidden parts that nobody knows of but this
  enum class Begin : std::uint8_t { Fresh, Restored } begin_ = Begin::Fresh;
  std::vector<std::filesystem::path> outdated_;  // an earlier run's, to be replaced
  std::set<std::string> buckets_;  // whose directories exist
  std::set<std::filesystem::path>
      unsynced_directories_;  // whose names must be durable before the next checkpoint is
};

}  // namespace weir
