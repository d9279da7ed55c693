// How the checkpoint store's records look in LMDB; the grammar is in checkpoint_store.hpp. Every value carries
// a checksum over its key and its content, so that a value which is damaged, or which a damaged tree shows
// under another key, is never taken for a good one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <weir/base/result.hpp>
#include <weir/state/lmdb_environment.hpp>
#include <weir/state/manifest.hpp>

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

/// A stored value, taken apart.
struct Sealed {
  std::span<const std::byte> content;
  std::uint64_t expected = 0;  // the checksum that was stored with it
  std::uint64_t found = 0;     // that of the content as it is now

  bool intact() const { return expected == found; }
};

Sealed open_sealed(std::string_view key, std::span<const std::byte> value);

/// "expected checksum 0x…, found 0x…"
std::string mismatch(const Sealed& sealed);

Result<void> put_sealed(LmdbTransaction& transaction, std::string_view key,
                        std::span<const std::byte> content);

/// Opens the content under a key; `what` names it in messages. A missing or damaged one is an Error.
Result<std::span<const std::byte>> get_sealed(const LmdbTransaction& transaction,
                                              std::string_view key, const std::string& what);

}  // namespace weir
