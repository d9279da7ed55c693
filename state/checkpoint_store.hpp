// A job must find its state again after its process was killed at any moment, after a power loss, and after
// the disk filled up in the middle of a checkpoint. The store keeps the chunks of many checkpoints in one
// directory and makes a checkpoint visible, whole or not at all, when its manifest is committed.
//
// On disk:
//   directory  := data.mdb lock [data.mdb.new]       lock: see store_lock.hpp; .new: a store being made
//   savepoint  := data.mdb                           the same file with one manifest, of kind savepoint
//   data.mdb   := LMDB 0.9 file, unnamed database of
//     "s"                                              -> sealed Identity        whose store, which format
//     "c" checkpoint:64 operator:32 task:32 sequence:32 -> sealed bytes          a chunk
//     "m" checkpoint:64                                -> sealed Manifest        a complete checkpoint
//     "a"                                              -> byte                   no meaning: lets freed pages age
//   sealed x   := checksum:64 x                      XXH3 of the key joined with XXH3 of x
//   Numbers are big-endian, so that keys sort by checkpoint; Identity and Manifest: manifest.capnp.
//
// Life of a checkpoint:  write* commit  (retain drops it later) | write* and never a commit (retain cleans up)
//
// Guarantees. After `write` returns, the chunks survive kill -9 of the process; after `commit` returns, the
// manifest and all chunks it names survive a power loss (data pages are synced before the page that points to
// them, each time; see lmdb_environment.hpp). A checkpoint whose `commit` did not return is complete or
// absent. A full disk or a full map fails the call, leaves the store as it was, and the next checkpoint may
// succeed. An I/O error while writing stops the process: what a disk holds after a failed fsync is unknown.
//
// A resource; one thread at a time (the checkpoint writer). One open store per directory, in all processes.
// The file never shrinks; space of dropped chunks is used again. Never put it on a network file system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/state/durability.hpp>
#include <weir/state/manifest.hpp>

namespace weir {

class LmdbEnvironment;
class LmdbTransaction;
class StoreLock;

/// Bytes to keep. The store does not look into them.
struct Chunk {
  ChunkId id;
  std::vector<std::byte> bytes;
};

/// Reading needs no lock file, works on read-only disks and on savepoints, and several may do it.
enum class StoreAccess { ReadWrite, ReadOnly };

struct StoreOptions {
  std::string job;           // whose store; with ReadOnly ignored: compare job() instead
  std::string weir_version;  // noted when a store is made, for messages of other versions
  StoreAccess access = StoreAccess::ReadWrite;
  std::uint64_t map_bytes = 64ULL << 30;    // address space taken at first; it grows with data.mdb
  std::uint64_t limit_bytes = 64ULL << 40;  // the most data.mdb may hold; until then the disk is the limit
};

/// What a job continues from.
struct Restorable {
  std::optional<Manifest> manifest;   // empty: no checkpoint was ever completed
  std::vector<std::string> warnings;  // one line per newer checkpoint that is corrupt, or transaction undone
};

class CheckpointStore {
 public:
  /// Opens the store in a directory; with ReadWrite it is made when absent, and a last transaction whose
  /// pages are damaged is undone, which newest() warns of. Refused: another job's store, a
  /// newer format, a damaged file, a store in use, a savepoint opened for writing, a place that cannot be
  /// written. Messages are one line and name the directory.
  static Result<std::unique_ptr<CheckpointStore>> open(const std::filesystem::path& directory,
                                                       const StoreOptions& options);
  ~CheckpointStore();
  CheckpointStore(const CheckpointStore&) = delete;
  CheckpointStore& operator=(const CheckpointStore&) = delete;

  const std::filesystem::path& directory() const { return directory_; }
  const std::string& job() const { return identity_.job; }
  ManifestKind kind() const { return identity_.kind; }

  /// Stores chunks, replacing those of the same ids, all or none, in one transaction and one sync. Their
  /// bytes are in memory a second time until it returns: 512 KiB to a few MiB per call is fastest. Their
  /// checkpoints must not be complete yet.
  Result<void> write(std::span<const Chunk> chunks, Durability durability = Durability::Later);

  /// What is here of a checkpoint that several stores keep between them: its manifest with the parts that this one has.
  Result<Manifest> share_of(const Manifest& manifest) const;

  /// Makes the checkpoint complete. Fails when a chunk that the manifest names is not stored in the stated
  /// size, or when the store's file was deleted meanwhile. Checkpoints are completed in ascending order.
  Result<void> commit(const Manifest& manifest);

  /// The complete checkpoints, newest first.
  std::vector<std::uint64_t> checkpoints() const;

  /// One manifest; its chunks are not looked at.
  Result<Manifest> manifest(std::uint64_t checkpoint) const;

  /// The newest checkpoint whose manifest is intact and that `take` accepts: it reads what it wants of the
  /// chunks, and fails when one is not intact. An Error when there are complete checkpoints but none is.
  using Take = std::function<Result<void>(const Manifest&)>;
  Result<Restorable> newest(const Take& take) const;

  /// The newest checkpoint whose manifest and chunks are all intact: reads every chunk, and keeps none.
  Result<Restorable> newest() const;

  /// One chunk, checked.
  Result<std::vector<std::byte>> read(const ChunkId& id) const;

  /// Drops all but the newest `count` > 0 readable manifests, and every chunk up to the newest one's
  /// checkpoint that none of them references. With `count` > 1 one of those kept shares no chunk with the
  /// newest, if there is such a one: when all newer ones do, it is kept besides. Chunks of later checkpoints
  /// are on their way to completion and stay. Interrupted anywhere, it leaves at worst chunks for the next time.
  Result<void> retain(std::size_t count);

  /// Drops the chunks of a checkpoint that was given up; nothing when it is complete. Frees room likewise.
  Result<void> drop(std::uint64_t checkpoint);

  /// Drops everything newer than a complete checkpoint, complete or not: the job goes on from there, what
  /// came after belongs to a history that is given up. Call after a restore, and when a checkpoint was given
  /// up, whose chunks would take their room for ever; then with the newest one, or clear() when there is none.
  /// Frees room in a full map and on a full disk. Fails when it cannot; it may be called again.
  Result<void> rewind_to(std::uint64_t checkpoint);

  /// Drops every checkpoint and every chunk, likewise: the job starts over.
  Result<void> clear();

  /// Writes a copy of one complete checkpoint that needs nothing else, to a directory that is absent or
  /// empty; it appears there complete and synced, or not at all.
  Result<void> export_savepoint(const Manifest& manifest,
                                const std::filesystem::path& directory) const;

 private:
  CheckpointStore(std::filesystem::path directory, std::unique_ptr<StoreLock> lock,
                  std::unique_ptr<LmdbEnvironment> environment);

  Result<void> load(const StoreOptions& options);
  bool complete(std::uint64_t checkpoint) const;
  Result<void> check(const Manifest& manifest) const;
  Result<void> drop_manifests(const std::vector<std::uint64_t>& dropped);
  Result<void> drop_chunks(std::uint64_t first, std::uint64_t last, std::span<const ChunkId> keep);

  std::filesystem::path directory_;
  std::unique_ptr<StoreLock> lock_;  // held as long as the environment is open
  std::unique_ptr<LmdbEnvironment> environment_;
  StoreAccess access_ = StoreAccess::ReadOnly;
  StoreIdentity identity_;
  std::vector<std::uint64_t> complete_;  // ascending
  std::vector<std::string> warnings_;    // about damage that opening mended
};

}  // namespace weir
