// A checkpoint is many chunks that many tasks wrote at different times, some of them for earlier checkpoints.
// Its manifest says which chunks, in which order and how a reader applies them: enough to restore the job at
// another parallelism without asking the tasks that wrote it. Values.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/state/key_group.hpp>
#include <weir/state/table.hpp>

namespace weir {

/// Names a chunk: the checkpoint it was first written for, who wrote it, and a count of that writer's own.
struct ChunkId {
  std::uint64_t checkpoint = 0;
  std::uint32_t operator_index = 0;
  std::uint32_t task = 0;
  std::uint32_t sequence = 0;

  friend auto operator<=>(const ChunkId&, const ChunkId&) = default;
};

/// checkpoint/operator/task/sequence, as messages name a chunk: 17/2/0/3.
std::string to_text(const ChunkId& id);

/// One chunk as a manifest names it.
struct PartReference {
  ChunkId chunk;
  std::string table;
  ChunkKind kind = ChunkKind::Entries;
  std::string schema;  // text of the rows' schema
  std::uint32_t rows = 0;
  std::uint64_t bytes = 0;  // of the chunk
  KeyGroupRange groups;     // the keys of all its rows lie in these

  friend bool operator==(const PartReference&, const PartReference&) = default;
};

/// The state of one operator, of all its tasks.
struct OperatorParts {
  std::string name;
  std::uint32_t operator_index = 0;
  std::uint32_t parallelism = 1;
  std::vector<PartReference> parts;  // in the order in which a reader applies them

  friend bool operator==(const OperatorParts&, const OperatorParts&) = default;
};

enum class ManifestKind : std::uint8_t { Checkpoint, Savepoint };

struct Manifest {
  std::uint64_t checkpoint = 0;
  std::string job;
  std::uint64_t attempt = 0;
  std::int64_t completed_ms = 0;  // processing time
  std::uint32_t key_groups = kDefaultKeyGroups;
  ManifestKind kind = ManifestKind::Checkpoint;
  std::string weir_version;
  std::vector<OperatorParts> operators;

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// The chunks that manifests name, ascending, each once.
std::vector<ChunkId> chunks_of(std::span<const Manifest> manifests);

/// Whose store a directory is.
struct StoreIdentity {
  std::uint32_t format = 0;
  ManifestKind kind = ManifestKind::Checkpoint;
  std::string job;
  std::string weir_version;  // of the program that made it

  friend bool operator==(const StoreIdentity&, const StoreIdentity&) = default;
};

/// Cap'n Proto messages (manifest.capnp). Decoding fails on bytes that are no such message.
std::vector<std::byte> encode(const Manifest& manifest);
std::vector<std::byte> encode(const StoreIdentity& identity);
Result<Manifest> decode_manifest(std::span<const std::byte> bytes);
Result<StoreIdentity> decode_identity(std::span<const std::byte> bytes);

}  // namespace weir
