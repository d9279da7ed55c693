#include <weir/state/store_layout.hpp>

#include <weir/state/big_endian.hpp>

namespace weir {

std::string key_of(const ChunkId& id) {
  std::string key(kChunkPrefix);
  append_big_endian(key, id.checkpoint);
  append_big_endian(key, id.operator_index);
  append_big_endian(key, id.task);
  append_big_endian(key, id.sequence);
  return key;
}

std::string manifest_key(std::uint64_t checkpoint) {
  std::string key(kManifestPrefix);
  append_big_endian(key, checkpoint);
  return key;
}

std::optional<ChunkId> chunk_of(std::string_view key) {
  if (!key.starts_with(kChunkPrefix) || key.size() != kChunkPrefix.size() + 20) return std::nullopt;
  key.remove_prefix(kChunkPrefix.size());
  ChunkId id;
  id.checkpoint = take_big_endian<std::uint64_t>(key);
  id.operator_index = take_big_endian<std::uint32_t>(key);
  id.task = take_big_endian<std::uint32_t>(key);
  id.sequence = take_big_endian<std::uint32_t>(key);
  return id;
}

std::optional<std::uint64_t> manifest_of(std::string_view key) {
  if (!key.starts_with(kManifestPrefix) || key.size() != kManifestPrefix.size() + 8)
    return std::nullopt;
  key.remove_prefix(kManifestPrefix.size());
  return take_big_endian<std::uint64_t>(key);
}

}  // namespace weir
