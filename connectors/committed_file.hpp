// One file that a program's user named (--output FILE), which holds every row once although the job may die at any
// moment. Rows are staged beside it, in hidden segments, and are appended to it when the checkpoint that covers them is
// complete. The engine behind CsvFile and JsonFile, which knows nothing of formats.
//
//   directory := FILE segment*           segment := "." FILE ".uncommitted-" job "." attempt "." number
//   FILE      := header rows             all segments published so far, in order; the first one begins with the header
//   state     := FileProgress            where in FILE each segment that is not yet published belongs
//
// before_snapshot: the open segment is synced, its name too, and put into state with its place in FILE.
// on_complete:     each segment covered is copied to its place - FILE is cut there first -, FILE synced, the segment removed.
// open, restored:  the segments in the state are published, since their checkpoint is complete. What follows in FILE is of a newer
//                  checkpoint that is not continued; it is cut off when the first one is complete, so that a run that comes to
//                  nothing costs nothing. All other segments of this and earlier attempts are leftovers and are removed.
//                  When there is nothing left of FILE where it was, but here is, the directory was moved; otherwise a job
//                  that goes on in another FILE, which must not hold rows, finishes the old one first.
// open, fresh:     FILE is left as it is: what an earlier run wrote is replaced when the first checkpoint is complete, so that
//                  a run that comes to nothing costs nothing. Whether it can be written is found out now.
//
// A process that was taken for dead and goes on for a moment writes to segments of its own attempt's name, which nobody reads, and
// finds that those it would publish are gone.
//
// Publishing twice is the same as once, since a segment has one place; a segment that is gone is in FILE, since it is
// removed only after FILE was synced. That nobody else's rows are in its place is seen by its last bytes. Needs room for what is
// published in one go twice. Readers may see a part of the last line while a segment is appended. One task, one thread; nothing
// else may write FILE meanwhile: worker_claim.hpp.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/connectors/file_system.hpp>
#include <weir/connectors/worker_claim.hpp>
#include <weir/dataflow/operator.hpp>

namespace weir {

/// Rows that wait for their checkpoint, and where in FILE they belong.
struct StagedSegment {
  std::uint64_t number = 0;
  CheckpointId checkpoint = 0;
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
  std::uint64_t job = 0;      // whose attempt wrote it
  std::uint64_t attempt = 0;
  std::optional<std::uint64_t> tail_hash = {};  // of its last kTailBytes; by it the rows are known again in FILE

  static constexpr std::uint64_t kTailBytes = 64 << 10;  // few enough to be read again at every checkpoint
};
WEIR_RECORD(StagedSegment, number, checkpoint, begin, bytes, job, attempt, tail_hash);

struct FileProgress {
  std::string path;         // absolute
  std::uint64_t bytes = 0;  // of FILE once all segments are in it
  std::uint64_t next_number = 0;
  std::vector<StagedSegment> staged;
};
WEIR_RECORD(FileProgress, path, bytes, next_number, staged);

class CommittedFile {
 public:
  CommittedFile(const std::filesystem::path& path, std::string header,
                FileSystem& files = real_file_system());
  /// Removes what nothing can publish any more: its segments, when no checkpoints are stored.
  ~CommittedFile();
  CommittedFile(const CommittedFile&) = delete;
  CommittedFile& operator=(const CommittedFile&) = delete;

  void open(OperatorContext& context);
  /// Whole rows.
  void write(std::string_view rows);
  void before_snapshot(CheckpointId checkpoint);
  void on_complete(CheckpointId checkpoint);

 private:
  void start();
  void resume(OperatorContext& context, FileProgress& progress);
  bool left_at(const std::filesystem::path& path, const FileProgress& progress) const;
  OutputFile& segment();
  bool is_in(const std::filesystem::path& path, const StagedSegment& segment) const;
  void publish(const std::filesystem::path& path, const StagedSegment& segment);
  void remove_leftovers();
  std::uint64_t staged_bytes() const;

  std::filesystem::path path_;
  std::string header_;
  FileSystem& files_;
  WorkerClaim claim_;
  AttemptId attempt_;
  std::vector<FileProgress>* state_ = nullptr;  // with one element once opened
  std::unique_ptr<OutputFile> segment_;  // open when rows were written since the last snapshot
  std::uint64_t segment_bytes_ = 0;
  bool disposable_ = false;  // nobody knows of its segments but this
  bool to_cut_ = false;  // more is in FILE than the checkpoint that this one continues covers
};

}  // namespace weir
