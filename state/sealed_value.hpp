// LMDB has no checksums. Every value that Weir stores carries one over its key and its content, so that a value
// which is damaged, or which a damaged tree shows under another key, is never taken for a good one.
//
//   value = checksum (big-endian, 8 bytes) content
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <weir/base/result.hpp>
#include <weir/state/lmdb_environment.hpp>

namespace weir {

/// The checksum of a value with this content under this key.
std::uint64_t checksum(std::string_view key, std::span<const std::byte> content);

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
