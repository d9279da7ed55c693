// The messages about parts of checkpoints: a worker's with the store of its node, and the stores' with each other and the leader.
// Values.
#pragma once

#include <cstdint>
#include <compare>
#include <string>
#include <vector>

#include <weir/wire/message.hpp>

namespace weir::wire {

// ---- parts of checkpoints, between a worker and its node, and from node to node ----

struct PartBytes {
  std::uint64_t checkpoint = 0;
  std::uint32_t node = 0;  // of the job graph
  std::uint32_t index = 0;
  std::uint32_t sequence = 0;
  std::string bytes;
};
WEIR_RECORD(PartBytes, checkpoint, node, index, sequence, bytes);

/// Makes parts durable. A worker tells its own node's store, which tells those of the others.
struct StoreParts {
  std::uint64_t request = 0;
  std::vector<std::uint64_t> keepers;  // nodes that store them
  std::vector<PartBytes> parts;
};
WEIR_RECORD(StoreParts, request, keepers, parts);

struct PartsStored {
  std::uint64_t request = 0;
  std::string error;       // empty: they are durable
  std::uint64_t node = 0;  // whose disk failed; 0: none did
};
WEIR_RECORD(PartsStored, request, error, node);

struct PartName {
  std::uint64_t checkpoint = 0;
  std::uint32_t node = 0;
  std::uint32_t index = 0;
  std::uint32_t sequence = 0;

  friend auto operator<=>(const PartName&, const PartName&) = default;
};
WEIR_RECORD(PartName, checkpoint, node, index, sequence);

/// Answered with every part, from whichever node has it; or, without asking others, with what the receiver has.
struct ReadParts {
  std::uint64_t request = 0;
  std::vector<PartName> parts;
  bool ask_others = true;
};
WEIR_RECORD(ReadParts, request, parts, ask_others);

struct PartsRead {
  std::uint64_t request = 0;
  std::vector<PartBytes> parts;
  std::string error;
};
WEIR_RECORD(PartsRead, request, parts, error);

// ---- leader -> store ----

/// The checkpoint was given up and will never be complete: what is here of it only takes room.
struct DropParts {
  std::uint64_t checkpoint = 0;
};
WEIR_RECORD(DropParts, checkpoint);

/// The checkpoint is complete: the parts that the receiver holds of it are wanted from now on.
struct KeepParts {
  std::string manifest;  // encoded
  std::uint32_t retained = 2;
};
WEIR_RECORD(KeepParts, manifest, retained);

/// An attempt begins: parts of earlier ones are refused from now on, and what is stored after this complete checkpoint is
/// not wanted.
struct RewindParts {
  std::string manifest;  // encoded; empty: there is none
  std::uint32_t retained = 2;
};
WEIR_RECORD(RewindParts, manifest, retained);

/// Write a complete checkpoint, whose parts may be anywhere, as a savepoint to a directory of the receiver's; answered by
/// SavepointWritten.
struct ExportSavepoint {
  std::string manifest;  // encoded
  std::string directory;
};
WEIR_RECORD(ExportSavepoint, manifest, directory);

struct SavepointWritten {
  std::string error;  // empty: it is there
};
WEIR_RECORD(SavepointWritten, error);

/// The job has ended; what is stored of it stays.
struct CloseParts {};
WEIR_RECORD(CloseParts);

}  // namespace weir::wire
