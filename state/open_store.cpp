// How a checkpoint store is made and opened.
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <weir/state/checkpoint_store.hpp>
#include <weir/state/durable_directory.hpp>
#include <weir/state/lmdb_environment.hpp>
#include <weir/state/store_layout.hpp>
#include <weir/state/store_lock.hpp>

namespace weir {
namespace {

namespace fs = std::filesystem;

Result<void> make_directory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  std::error_code unknown;
  if (fs::is_directory(directory, unknown)) return {};
  if (fs::exists(directory, unknown))
    return Error{directory.string() + " is not a directory: name one for the job's state"};
  return Error{"cannot make directory " + directory.string() + ": " + error.message()};
}

/// Whoever only reads was given the directory as a savepoint.
Result<void> check_savepoint(const fs::path& directory) {
  std::error_code error;
  const fs::file_status status = fs::status(directory, error);
  if (status.type() == fs::file_type::not_found) {
    return Error{"there is no savepoint at " + directory.string() + ": no such directory"};
  }
  if (!fs::is_directory(status)) {
    return Error{directory.string() + " is no savepoint: " +
                 (error ? error.message() : "it is not a directory")};
  }
  if (fs::exists(directory / "data.mdb", error)) return {};
  return Error{directory.string() + " is no savepoint: " +
               (error ? error.message() : "it has no file data.mdb")};
}

/// A state without a manifest is none to go back to.
LmdbOptions lmdb_options(const StoreOptions& options) {
  return {options.map_bytes, options.limit_bytes, kManifestPrefix};
}

/// Makes data.mdb, complete from its first moment on.
Result<void> make_store(const fs::path& directory, const StoreOptions& options) {
  const fs::path unfinished = directory / "data.mdb.new";
  std::error_code error;
  fs::remove(unfinished, error);
  {
    auto environment = LmdbEnvironment::open(unfinished, lmdb_options(options));
    if (!environment.ok()) return environment.error();
    const StoreIdentity identity{.format = kStoreFormat,
                                 .kind = ManifestKind::Checkpoint,
                                 .job = options.job,
                                 .weir_version = options.weir_version};
    auto written = (*environment)->write(Durability::Now, [&](LmdbTransaction& transaction) {
      return put_sealed(transaction, kIdentityKey, encode(identity));
    });
    if (!written.ok()) return written;
  }
  fs::rename(unfinished, directory / "data.mdb", error);
  if (error)
    return Error{"cannot make a checkpoint store in " + directory.string() + ": " +
                 error.message()};
  return sync_directory(directory);
}

std::string made_by(const StoreIdentity& identity) {
  return identity.weir_version.empty() ? std::string() : " by Weir " + identity.weir_version;
}

}  // namespace

Result<std::unique_ptr<CheckpointStore>> CheckpointStore::open(const fs::path& directory,
                                                               const StoreOptions& options) {
  const fs::path file = directory / "data.mdb";
  std::unique_ptr<StoreLock> lock;
  std::error_code error;
  const bool writes = options.access == StoreAccess::ReadWrite;
  if (writes) {
    if (auto made = make_directory(directory); !made.ok()) return made.error();
  } else if (auto there = check_savepoint(directory); !there.ok()) {
    return there.error();
  }
  auto locked = writes ? StoreLock::exclusive(directory) : StoreLock::shared(directory);
  if (!locked.ok()) return locked.error();
  if (writes && !fs::exists(file, error)) {
    if (auto made = make_store(directory, options); !made.ok()) return made.error();
  }
  auto environment = writes ? LmdbEnvironment::open(file, lmdb_options(options))
                            : LmdbEnvironment::open_read_only(file);
  if (!environment.ok()) return environment.error();
  std::unique_ptr<CheckpointStore> store(
      new CheckpointStore(directory, std::move(locked).value(), std::move(environment).value()));
  if (auto loaded = store->load(options); !loaded.ok()) return loaded.error();
  return store;
}

Result<void> CheckpointStore::load(const StoreOptions& options) {
  access_ = options.access;
  if (!environment_->mended().empty()) warnings_ = {environment_->mended()};
  auto looked = environment_->read([&](const LmdbTransaction& transaction) -> Result<void> {
    auto content = get_sealed(transaction, kIdentityKey,
                              "the identity of the checkpoint store " + directory_.string());
    if (!content.ok()) return content.error();
    auto identity = decode_identity(*content);
    if (!identity.ok()) return identity.error();
    identity_ = std::move(identity).value();
    if (identity_.format > kStoreFormat) return {};
    std::string key = manifest_key(0);
    for (;;) {
      auto entry = transaction.at_or_after(key);
      if (!entry.ok()) return entry.error();
      const auto checkpoint = entry->has_value() ? manifest_of((*entry)->key) : std::nullopt;
      if (!checkpoint) return {};
      complete_.push_back(*checkpoint);
      key = (*entry)->key;
      key.push_back('\0');
    }
  });
  if (!looked.ok()) return looked;
  if (identity_.format > kStoreFormat) {
    return Error{directory_.string() + " has store format " + std::to_string(identity_.format) +
                 ", made" + made_by(identity_) + "; this Weir " + options.weir_version +
                 " reads up to format " + std::to_string(kStoreFormat) +
                 ": run a newer Weir, or take another state directory"};
  }
  if (access_ == StoreAccess::ReadOnly) return {};
  if (identity_.kind == ManifestKind::Savepoint) {
    return Error{
        directory_.string() + " is a savepoint of job " + identity_.job +
        " and is never written: take another state directory and start from the savepoint"};
  }
  if (identity_.job != options.job) {
    return Error{directory_.string() + " holds the checkpoints of job " + identity_.job +
                 ", not of " + options.job + ": take another state directory"};
  }
  return {};
}

}  // namespace weir
