// One LMDB data file, so that the store speaks of keys, bytes and Results only, and LMDB's rules are kept in
// one place: short transactions, one writer, nothing durable that a failed disk may have lost.
//
// A resource. One thread at a time may use it, any thread. The caller makes sure (StoreLock) that nobody else
// has the file open for writing: LMDB's own locks are off.
//
// Durability. A write transaction is atomic and, once it returns, survives the death of the process. With
// Durability::Later its pages are on disk when it returns but the meta page that points to them may not be:
// after a power loss the last such transactions may be undone, from the newest backwards, never in part.
// With Durability::Now it and all before it survive a power loss.
//
// A full map or disk fails the transaction and leaves the file as it was; disk space that the failed
// transaction took behind the file's last page is given back. When the disk fails to take a page (fsync or
// write: EIO) nobody knows what it holds from then on: the process is stopped with one line on stderr
// and std::abort, to start again from the last complete checkpoint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <weir/base/result.hpp>
#include <weir/state/durability.hpp>

struct MDB_env;
struct MDB_txn;

namespace weir {

/// A running transaction. Spans point into the file and end with the transaction or its next change.
class LmdbTransaction {
 public:
  struct Entry {
    std::string_view key;
    std::span<const std::byte> value;
  };

  Result<std::optional<std::span<const std::byte>>> get(std::string_view key) const;

  /// The entry with the lowest key that is not below `key`. Keys out of order are an Error, so that a walk
  /// upwards ends in a damaged file too.
  Result<std::optional<Entry>> at_or_after(std::string_view key) const;

  /// Makes room for a value under a key, replacing any; the caller fills all of it.
  Result<std::span<std::byte>> reserve(std::string_view key, std::size_t bytes);

  /// Removes a key; one that is absent is no error.
  Result<void> erase(std::string_view key);

 private:
  friend class LmdbEnvironment;
  LmdbTransaction(MDB_txn* transaction, const std::string& file)
      : transaction_(transaction), file_(file) {}
  Error failed(const char* doing, int code) const;

  MDB_txn* transaction_;
  const std::string& file_;
  std::uint64_t reserved_bytes_ = 0;
  mutable int failure_ = 0;  // the first of LMDB's codes that ended an operation
};

struct LmdbOptions {
  std::uint64_t map_bytes = 64ULL << 30;    // address space, taken at first: more than most ever need, and free
  std::uint64_t limit_bytes = 64ULL << 40;  // the most the file may hold: half of what a process can address
  std::string_view vital = {};  // a damaged last transaction is undone if the state before has a key that begins so
  // What to do, in the messages on a full and on a failed disk; constants.
  std::string_view when_full = "free some space, the next checkpoint tries again";
  std::string_view when_failed = "check the disk, then resume from the last complete checkpoint";
};

class LmdbEnvironment {
 public:
  using Change = std::function<Result<void>(LmdbTransaction&)>;
  using Look = std::function<Result<void>(const LmdbTransaction&)>;

  /// Opens the file, which is made when absent. When the system refuses the address space, half of it is taken,
  /// and so on; when the file outgrows it, twice as much, up to the limit.
  static Result<std::unique_ptr<LmdbEnvironment>> open(const std::filesystem::path& file,
                                                       const LmdbOptions& options = {});

  /// Opens a file that exists, on a disk that may be read-only.
  static Result<std::unique_ptr<LmdbEnvironment>> open_read_only(const std::filesystem::path& file);

  ~LmdbEnvironment();
  LmdbEnvironment(const LmdbEnvironment&) = delete;
  LmdbEnvironment& operator=(const LmdbEnvironment&) = delete;

  /// Runs `change` in a transaction and commits it when it succeeds. When the map is full, `change` runs again,
  /// after pages that the last transactions freed have become usable, and then in larger maps.
  Result<void> write(Durability durability, const Change& change);

  /// A write, Durability::Later, that makes the content smaller: it may exceed the map's limit for a moment,
  /// since removing from a full map takes pages too. `change` may run twice.
  Result<void> shrink(const Change& change);

  Result<void> read(const Look& look) const;

  /// Fails when the file was deleted or replaced: what is written to it would be gone with this process.
  Result<void> present() const;

  /// What opening found damaged and undid, as a line; empty when nothing was.
  const std::string& mended() const { return mended_; }

 private:
  LmdbEnvironment(std::string file, std::uint64_t map_bytes, std::uint64_t limit_bytes,
                  const LmdbOptions& options)
      : file_(std::move(file)),
        map_bytes_(map_bytes),
        limit_bytes_(limit_bytes),
        when_full_(options.when_full),
        when_failed_(options.when_failed) {}

  int open_with_map(unsigned flags);
  Result<void> attempt(Durability durability, const Change& change);
  Error failed_commit(int code, std::uint64_t bytes);
  bool takes(std::uint64_t bytes) const;
  void give_back_tail() const;
  bool grow();
  bool resize_map(std::uint64_t bytes);
  Error is_full() const;
  Result<void> usable() const;

  std::string file_;
  std::uint64_t map_bytes_;
  std::uint64_t limit_bytes_;
  std::string_view when_full_;
  std::string_view when_failed_;
  std::string mended_;
  MDB_env* environment_ = nullptr;
  bool full_ = false;  // the last attempt found no room in the map
};

}  // namespace weir
