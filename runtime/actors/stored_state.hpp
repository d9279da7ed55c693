// A checkpoint read back into memory: its manifest and every operator's chunks, ready to be dealt out to tasks.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <weir/coordination/restore.hpp>
#include <weir/state/checkpoint_store.hpp>

namespace weir {

/// The rows of a chunk; nothing where they are of no interest here.
using ReadChunk = std::function<Result<std::optional<Columns>>(const ChunkId&)>;

/// What a manifest names, dealt out by operator and task.
Result<StoredJob> assemble(const Manifest& manifest, const ReadChunk& read);

struct StoredState {
  std::optional<Manifest> manifest;   // empty: no checkpoint yet
  StoredJob job;
  std::string place;                  // the directory it was read from
  std::vector<std::string> warnings;  // about corrupt newer checkpoints
};

/// The newest intact checkpoint of a store. Every chunk is read once: reading checks it.
Result<StoredState> load_newest(const CheckpointStore& store);

/// The newest checkpoint in a directory that was named as a savepoint; its manifest names the job. An Error where none is complete.
Result<StoredState> load_savepoint(const std::filesystem::path& directory);

/// One checkpoint, such as a savepoint's.
Result<StoredState> load(const CheckpointStore& store, Manifest manifest);

}  // namespace weir
