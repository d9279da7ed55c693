// Raft is safe only if a member never forgets what it told others: its vote, and the entries it has. LogStorage keeps
// both in LMDB; a call that succeeds has synced, so whatever is said afterwards survives a loss of power.
//
//   directory = data.mdb lock
//   data.mdb  = "i" -> format (4) self (8) cluster (8)
//               "v" -> term (8) candidate (8)                                                absent: 0 0
//               "s" -> index (8) term (8) members_index (8) members_bytes (4) members content      at most one
//               "e" index (8) -> term (8) kind (1) content                               without gaps
//
// Numbers are big-endian; every value is sealed (state/sealed_value.hpp). Each call is one transaction.
//
// A resource; one thread at a time. An Error leaves the file as it was: the disk is full, or what is there is damaged. A
// disk that fails to sync stops the process (state/lmdb_environment.hpp). Unlike a checkpoint store, a damaged last
// transaction is never undone: others count on it. The member then has to be replaced.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/consensus/log_entry.hpp>
#include <weir/state/lmdb_environment.hpp>
#include <weir/state/store_lock.hpp>

namespace weir {

/// All that was stored, as a member starts with it. Entries are those from first_index on; with a snapshot some of them may
/// be before its end.
struct StoredLog {
  Vote vote;
  std::optional<LogSnapshot> snapshot;
  std::uint64_t first_index = 1;
  std::vector<LogEntry> entries;
};

class LogStorage {
 public:
  /// Opens the directory, or makes it, with a member id drawn at random.
  static Result<std::unique_ptr<LogStorage>> open(const std::filesystem::path& directory);

  const LogIdentity& identity() const { return identity_; }

  /// True when no log was begun: no vote, no entry, no snapshot.
  Result<bool> pristine() const;

  /// Makes this the first member of a new cluster: its log begins with the members, in term 1.
  Result<void> begin(std::uint64_t cluster, std::span<const std::byte> members);

  /// Makes this a member of an existing cluster, from which it will get its log.
  Result<void> join(std::uint64_t cluster);

  /// Reads everything and checks that it fits together.
  Result<StoredLog> load();

  Result<void> set_vote(const Vote& vote);

  /// Adds entries behind the last one.
  Result<void> append(std::span<const LogEntry> entries);

  /// Removes the entry at the index and all behind it.
  Result<void> truncate(std::uint64_t index);

  /// Stores a snapshot of the own log, and removes the entries up to its end but for the last `kept`.
  Result<void> compact(const LogSnapshot& snapshot, std::uint64_t kept);

  /// Replaces the whole log by a snapshot.
  Result<void> replace(const LogSnapshot& snapshot);

  Result<std::optional<LogSnapshot>> snapshot() const;

  /// The term of an entry, or of the snapshot's end; empty when neither is there. Once loaded.
  Result<std::optional<std::uint64_t>> term_of(std::uint64_t index) const;

  std::uint64_t last_index() const { return last_index_; }

 private:
  LogStorage(std::filesystem::path directory, std::unique_ptr<StoreLock> lock,
             std::unique_ptr<LmdbEnvironment> environment)
      : directory_(std::move(directory)), lock_(std::move(lock)), environment_(std::move(environment)) {}

  Result<void> read_identity();
  Result<void> write(const LmdbEnvironment::Change& change);
  Error damaged(const std::string& what) const;
  Result<std::optional<LogSnapshot>> snapshot_in(const LmdbTransaction& transaction) const;
  Result<void> check(const StoredLog& log) const;

  std::filesystem::path directory_;
  std::unique_ptr<StoreLock> lock_;
  std::unique_ptr<LmdbEnvironment> environment_;
  LogIdentity identity_;
  // Known once loaded:
  std::uint64_t last_index_ = 0;
  std::uint64_t snapshot_index_ = 0;
  std::uint64_t snapshot_term_ = 0;
};

}  // namespace weir
