// The bundles a node has, each once, under the hash of its bytes: <directory>/<sha256>.so. What lies there is whole and is what
// its name says: a file gets its name when all of it is on disk and its hash is right. What a crash left half-written begins with
// "incoming-" and is removed by the next open.
//
// An id is 64 hex digits in lower case; anything else, and so every path, is refused. A value; any thread, also several at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <weir/base/result.hpp>

namespace weir {

/// The next piece of a bundle; nothing at its end; an error when there is no more to come though it is not at its end.
using BundlePieces = std::function<Result<std::optional<std::string>>()>;

/// Why a bundle was not stored, and so who can do something about it.
struct BundleError : Error {
  enum class Fault : std::uint8_t {
    Bundle,  // who sends it: it breaks off, is too long, or is not the one that was announced
    NoRoom,  // this machine: its disk is full
    Disk,    // this machine: its directory cannot be written
  };
  Fault fault = Fault::Bundle;
};

class BundleStore {
 public:
  /// Makes the directory where it is missing.
  static Result<BundleStore> open(std::filesystem::path directory);

  /// Stores a bundle and returns its id. One that is there already is not written again, but as young as if it were. With `expected`, fails when the bytes
  /// have another hash. Pieces beyond `most_bytes` fail it.
  struct PutOptions {
    std::optional<std::string> expected = {};
    std::uint64_t most_bytes = std::uint64_t{1} << 30;
  };
  Result<std::string, BundleError> put(const BundlePieces& pieces, const PutOptions& options) const;
  Result<std::string, BundleError> put(std::string_view bytes) const;

  bool has(std::string_view id) const;
  /// The file; fails when the id is none or there is no such bundle.
  Result<std::filesystem::path> path(std::string_view id) const;
  Result<std::uint64_t> size(std::string_view id) const;
  /// At most `bytes` bytes from `offset` on; empty at the end.
  Result<std::string> read(std::string_view id, std::uint64_t offset, std::size_t bytes) const;
  /// Sorted.
  std::vector<std::string> list() const;
  /// Whoever has loaded it keeps it. Removing what is not there succeeds.
  Result<void> remove(std::string_view id) const;
  /// Removes all but those, and but those that were put within the time. Returns which; what cannot be removed stays.
  std::vector<std::string> remove_others(const std::set<std::string>& wanted, std::chrono::seconds lately) const;

 private:
  explicit BundleStore(std::filesystem::path directory) : directory_(std::move(directory)) {}
  std::filesystem::path file(std::string_view id) const { return directory_ / (std::string(id) + ".so"); }

  std::filesystem::path directory_;
};

}  // namespace weir
