// What a node's disk holds of one job's checkpoints: parts that its own workers stored, and copies of other nodes'. Of a complete
// checkpoint it keeps the manifest too, so that what is wanted and what may go is known here without asking anybody.
//
//   DIRECTORY/jobs/<job>/    a CheckpointStore, opened when it is first needed
//
// Blocks; one thread at a time. Errors are one line and name the directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/coordination/cluster_state.hpp>
#include <weir/state/checkpoint_store.hpp>
#include <weir/wire/part_messages.hpp>

namespace weir {

class PartStore {
 public:
  /// `limit_bytes`: the most that it may take; 0: what the disk holds.
  PartStore(JobId job, std::filesystem::path directory, std::uint64_t limit_bytes = 0)
      : job_(job), directory_(std::move(directory)), limit_bytes_(limit_bytes) {}

  /// Durable when it returns. Refused: parts of checkpoints that are complete.
  Result<void> write(const std::vector<wire::PartBytes>& parts);

  struct Found {
    std::vector<wire::PartBytes> parts;
    std::vector<wire::PartName> missing;  // or damaged
  };
  Found read(const std::vector<wire::PartName>& names);

  /// The checkpoint is complete: what is here of it stays, and of older ones only what the `retained` newest need.
  Result<void> keep(const Manifest& manifest, std::uint32_t retained);
  /// The checkpoint was given up: what is here of it goes, unless it is complete after all.
  Result<void> drop(CheckpointId checkpoint);
  /// Drops what came after the checkpoint; as far as it is complete here.
  Result<void> rewind(const Manifest& manifest, std::uint32_t retained);
  /// Drops everything.
  Result<void> clear();
  /// Until it is needed again.
  void close() { store_.reset(); }
  /// Removes the directory.
  void remove();

 private:
  Result<CheckpointStore*> store();
  std::string name() const { return "job " + std::to_string(job_); }

  JobId job_;
  std::filesystem::path directory_;
  std::uint64_t limit_bytes_;
  std::unique_ptr<CheckpointStore> store_;
};

}  // namespace weir
