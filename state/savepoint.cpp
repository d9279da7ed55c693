// How a checkpoint leaves its store as a savepoint.
#include <chrono>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

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

/// Of processes that were killed. Another may write one of the same name at this moment, so each has a directory of its own, and only
/// what has been left alone for long is removed.
void remove_leftovers(const fs::path& parent, const std::string& hidden) {
  constexpr std::chrono::hours kLong{24};
  std::error_code error;
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    const auto changed = fs::last_write_time(entry.path(), error);
    const bool old = !error && fs::file_time_type::clock::now() - changed > kLong;
    if (old && entry.path().filename().string().starts_with(hidden)) leftovers.push_back(entry.path());
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
