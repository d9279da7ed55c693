// A savepoint of a cluster's job is one directory that needs nothing else, while the parts that it consists of lie on several nodes.
// This gathers them in a scratch store and writes the savepoint from there: it appears whole, or not at all. Plain; the actor of
// a node's store drives it.
//
//   next -> ReadParts, answered from wherever the parts are -> add; and so on until next has nothing -> finish
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/state/checkpoint_store.hpp>
#include <weir/wire/part_messages.hpp>

namespace weir {

class SavepointExport {
 public:
  SavepointExport(Manifest manifest, std::filesystem::path directory, std::filesystem::path scratch);
  /// Removes the scratch store.
  ~SavepointExport();
  SavepointExport(const SavepointExport&) = delete;
  SavepointExport& operator=(const SavepointExport&) = delete;

  /// The next parts to ask for, some MiB; empty when all have been asked for.
  std::vector<wire::PartName> next();
  /// Blocks, as finish() does; they may run on another thread than next(), one at a time.
  Result<void> add(const std::vector<wire::PartBytes>& parts);
  Result<void> finish();

 private:
  Result<CheckpointStore*> scratch();
  bool is_written() const;

  Manifest manifest_;
  std::filesystem::path directory_;
  std::filesystem::path scratch_directory_;
  std::vector<PartReference> parts_;  // in the order in which they are asked for, each once
  std::size_t asked_ = 0;
  std::unique_ptr<CheckpointStore> scratch_;
};

}  // namespace weir
