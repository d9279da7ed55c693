// Checkpoints for tests of the store: a chunk's bytes follow from its id, so that whatever the store gives
// back can be compared with what must have been written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <weir/base/hash.hpp>
#include <weir/state/checkpoint_store.hpp>

namespace weir::testing {

inline std::vector<std::byte> sample_bytes(const ChunkId& id, std::size_t bytes) {
  std::uint64_t seed =
      hash_join(hash_join(hash_join(id.checkpoint, id.operator_index), id.task), id.sequence);
  std::vector<std::byte> content(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    if (i % 8 == 0) seed = hash_integer(seed + 1);
    content[i] = static_cast<std::byte>(seed >> (i % 8 * 8));
  }
  return content;
}

inline Chunk sample_chunk(const ChunkId& id, std::size_t bytes) {
  return {id, sample_bytes(id, bytes)};
}

inline PartReference part_of(const ChunkId& id, std::size_t bytes) {
  return {.chunk = id,
          .table = "total",
          .kind = ChunkKind::Entries,
          .schema = "int64",
          .rows = 7,
          .bytes = bytes,
          .groups = {0, 64}};
}

/// A manifest of job "orders" with one operator of these parts.
inline Manifest sample_manifest(std::uint64_t checkpoint, std::vector<PartReference> parts) {
  Manifest manifest{.checkpoint = checkpoint,
                    .job = "orders",
                    .attempt = 3,
                    .completed_ms = 1700000000123,
                    .key_groups = 64,
                    .kind = ManifestKind::Checkpoint,
                    .weir_version = "0.1.0",
                    .operators = {}};
  manifest.operators.push_back(
      {.name = "count", .operator_index = 2, .parallelism = 2, .parts = std::move(parts)});
  return manifest;
}

inline StoreOptions orders() {
  StoreOptions options;
  options.job = "orders";
  options.weir_version = "0.1.0";
  return options;
}

inline StoreOptions reading() {
  StoreOptions options;
  options.access = StoreAccess::ReadOnly;
  return options;
}

/// Stores and completes a checkpoint of `count` chunks of `bytes` each.
inline Manifest complete_sample(CheckpointStore& store, std::uint64_t checkpoint,
                                std::uint32_t count, std::size_t bytes) {
  std::vector<Chunk> chunks;
  std::vector<PartReference> parts;
  for (std::uint32_t i = 0; i < count; ++i) {
    const ChunkId id{checkpoint, 2, i % 2, i};
    chunks.push_back(sample_chunk(id, bytes));
    parts.push_back(part_of(id, bytes));
  }
  store.write(chunks).or_throw();
  Manifest manifest = sample_manifest(checkpoint, parts);
  store.commit(manifest).or_throw();
  return manifest;
}

/// Whether every chunk that a manifest names reads back as what was written.
inline bool reads_back(const CheckpointStore& store, const Manifest& manifest) {
  for (const OperatorParts& operator_parts : manifest.operators) {
    for (const PartReference& part : operator_parts.parts) {
      const auto bytes = store.read(part.chunk);
      if (!bytes.ok() || *bytes != sample_bytes(part.chunk, part.bytes)) return false;
    }
  }
  return true;
}

}  // namespace weir::testing
