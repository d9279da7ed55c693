// How a checkpoint leaves its store as a savepoint.
#include <cerrno>
#include <chrono>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <weir/state/checkpoint_store.hpp>
#include <weir/state/durable_directory.hpp>
#include <weir/state/lmdb_environment.hpp>
#include <weir/state/store_layout.hpp>

namespace weir {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCopyBytes = 32ULL
                                   << 20;  // of chunks per transaction, which holds them in memory

/// Copies chunks, checked, in as many transactions as they need.
Result<void> copy_chunks(const CheckpointStore& source, const std::vector<ChunkId>& chunks,
                         LmdbEnvironment& target) {
  auto next = chunks.begin();
  while (next != chunks.end()) {
    const auto first = next;
    auto copied =
        target.write(Durability::Later, [&](LmdbTransaction& transaction) -> Result<void> {
          std::size_t bytes = 0;
          for (next = first; next != chunks.end() && bytes < kCopyBytes; ++next) {
            auto content = source.read(*next);
            if (!content.ok()) return content.error();
            bytes += content->size();
            if (auto put = put_sealed(transaction, key_of(*next), *content); !put.ok()) return put;
          }
          return {};
        });
    if (!copied.ok()) return copied;
  }
  return {};
}

Result<void> fill(const CheckpointStore& source, Manifest manifest, LmdbEnvironment& target) {
  if (auto copied = copy_chunks(source, chunks_of({&manifest, 1}), target); !copied.ok()) return copied;
  manifest.kind = ManifestKind::Savepoint;
  const StoreIdentity identity{.format = kStoreFormat,
                               .kind = ManifestKind::Savepoint,
                               .job = manifest.job,
                               .weir_version = manifest.weir_version};
  return target.write(Durability::Now, [&](LmdbTransaction& transaction) -> Result<void> {
    if (auto put = put_sealed(transaction, kIdentityKey, encode(identity)); !put.ok()) return put;
    return put_sealed(transaction, manifest_key(manifest.checkpoint), encode(manifest));
  });
}

Error cannot_write(const fs::path& directory, const std::string& why) {
  return {"cannot write savepoint " + directory.string() + ": " + why};
}

/// A lock on a directory, held for as long as this and its process live.
class DirectoryLock {
 public:
  explicit DirectoryLock(const fs::path& directory)
      : descriptor_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
        failure_(::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 ? 0 : errno) {}
  ~DirectoryLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

  bool held() const { return failure_ == 0; }
  bool held_by_another() const { return failure_ == EWOULDBLOCK; }

 private:
  int descriptor_;
  int failure_;
};

/// Where a network's file system has no locks its writer may live, so it is left alone for a day.
bool is_abandoned(const fs::path& unfinished) {
  constexpr std::chrono::hours kLong{24};
  const DirectoryLock lock(unfinished);
  if (lock.held() || lock.held_by_another()) return lock.held();
  std::error_code error;
  const auto changed = fs::last_write_time(unfinished, error);
  return !error && fs::file_time_type::clock::now() - changed > kLong;
}

/// What processes that were killed left behind. Another may be writing a savepoint of the same name at this moment, so each has a
/// directory of its own, and a lock on it.
void remove_leftovers(const fs::path& parent, const std::string& hidden) {
  std::error_code error;
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    const bool named_so = entry.path().filename().string().starts_with(hidden);
    if (named_so && is_abandoned(entry.path())) leftovers.push_back(entry.path());
  }
  for (const fs::path& one : leftovers) fs::remove_all(one, error);
}

}  // namespace

Result<void> CheckpointStore::export_savepoint(const Manifest& manifest,
                                               const fs::path& directory) const {
  std::error_code error;
  fs::path target = fs::absolute(directory).lexically_normal();
  if (!target.has_filename())
    target = target.parent_path();  // it was written with a slash at its end
  if (fs::exists(target, error) &&
      !(fs::is_directory(target, error) && fs::is_empty(target, error))) {
    return cannot_write(target, "it exists already; name a directory that does not");
  }
  const std::string hidden = '.' + target.filename().string() + ".unfinished-";
  remove_leftovers(target.parent_path(), hidden);
  const fs::path unfinished =
      target.parent_path() / (hidden + std::to_string(std::random_device()()));
  fs::create_directories(unfinished, error);
  if (error) return cannot_write(target, error.message());
  const DirectoryLock lock(unfinished);

  auto written = [&]() -> Result<void> {
    auto environment = LmdbEnvironment::open(unfinished / "data.mdb");
    if (!environment.ok()) return environment.error();
    return fill(*this, manifest, **environment);
  }();
  if (written.ok()) written = sync_directory(unfinished);
  if (written.ok()) {
    fs::rename(unfinished, target, error);
    if (error) written = Error{error.message()};
  }
  if (!written.ok()) {
    fs::remove_all(unfinished, error);
    return cannot_write(target, written.error().message);
  }
  return sync_directory(target.parent_path());
}

}  // namespace weir
