// How the checkpoint store's records look in LMDB; the grammar is in checkpoint_store.hpp. Every value is sealed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <weir/state/manifest.hpp>
#include <weir/state/sealed_value.hpp>

namespace weir {

/// The newest format this code writes and reads. It is raised when an older program would misread a store.
constexpr std::uint32_t kStoreFormat = 1;

constexpr std::string_view kChunkPrefix = "c";
constexpr std::string_view kManifestPrefix = "m";
constexpr std::string_view kIdentityKey = "s";

std::string key_of(const ChunkId& id);
std::string manifest_key(std::uint64_t checkpoint);

/// What a key names; empty for keys of another kind.
std::optional<ChunkId> chunk_of(std::string_view key);
std::optional<std::uint64_t> manifest_of(std::string_view key);

}  // namespace weir
