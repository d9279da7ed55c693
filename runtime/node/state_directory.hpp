// What a job finds in its state directory, and what its user wants done with it. Checkpoints are hours of work: nothing here
// drops them unless told to in so many words.
//
//   found                start          --resume                       --start-over
//   nothing              begins         begins                         begins
//   checkpoints          refused        continues                      drops them, begins
//   of a finished job    refused        nothing to do                  drops them, begins
//
// That a job has finished, with everything published, stands in the file `finished` beside the store: the number of the
// checkpoint that it ended with. It counts only while that one is the newest. Throws Failure when the store cannot be used.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <weir/state/checkpoint_store.hpp>

namespace weir {

enum class StartMode : std::uint8_t { Start, Resume, StartOver };

class StateDirectory {
 public:
  StateDirectory(std::filesystem::path directory, const StoreOptions& options);

  /// The newest checkpoint: "checkpoint 7, taken 2026-01-01T00:00:00Z". Empty when there is none.
  std::string newest() const;
  bool finished() const;

  /// Refuses what the table above refuses, and drops what is to be dropped.
  void begin(StartMode mode);
  /// The store, once.
  std::unique_ptr<CheckpointStore> take_store() { return std::move(store_); }

  static void mark_finished(const std::filesystem::path& directory, std::uint64_t checkpoint);

 private:
  std::filesystem::path directory_;
  std::unique_ptr<CheckpointStore> store_;
};

}  // namespace weir
