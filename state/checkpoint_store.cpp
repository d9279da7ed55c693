#include <weir/state/checkpoint_store.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include <weir/state/lmdb_environment.hpp>
#include <weir/state/store_layout.hpp>
#include <weir/state/store_lock.hpp>

namespace weir {
namespace {

constexpr std::uint64_t kLast = std::numeric_limits<std::uint64_t>::max();
// Removed in one transaction; bounds the list of freed pages, which LMDB stores as one value, to 128 KiB.
constexpr std::size_t kDropBytes = 64ULL << 20;
constexpr std::size_t kDropChunks = 4096;
constexpr std::size_t kSeal = sizeof(std::uint64_t);  // bytes of a stored value's checksum

bool share_nothing(const Manifest& one, const Manifest& other) {
  const auto chunks = chunks_of({&one, 1});
  const auto others = chunks_of({&other, 1});
  std::vector<ChunkId> shared;
  std::set_intersection(chunks.begin(), chunks.end(), others.begin(), others.end(), std::back_inserter(shared));
  return shared.empty();
}

/// What is wrong with one part of a manifest; empty when nothing is.
Result<std::string> check_part(const LmdbTransaction& transaction, const PartReference& part) {
  const std::string key = key_of(part.chunk);
  auto value = transaction.get(key);
  if (!value.ok()) return value.error();
  if (!value->has_value()) return std::string("missing");
  const Sealed sealed = open_sealed(key, **value);
  if (!sealed.intact()) return mismatch(sealed);
  if (sealed.content.size() == part.bytes) return std::string();
  return "expected " + std::to_string(part.bytes) + " bytes, found " +
         std::to_string(sealed.content.size());
}

}  // namespace

CheckpointStore::CheckpointStore(std::filesystem::path directory, std::unique_ptr<StoreLock> lock,
                                 std::unique_ptr<LmdbEnvironment> environment)
    : directory_(std::move(directory)),
      lock_(std::move(lock)),
      environment_(std::move(environment)) {}

CheckpointStore::~CheckpointStore() = default;

Result<void> CheckpointStore::write(std::span<const Chunk> chunks, Durability durability) {
  WEIR_CHECK(access_ == StoreAccess::ReadWrite, "a store opened for reading is written to",
             directory_);
  std::vector<const Chunk*> ordered;  // neighbours on disk, and few page splits
  for (const Chunk& chunk : chunks) {
    WEIR_CHECK(!complete(chunk.id.checkpoint), "a chunk comes after its checkpoint is complete",
               to_text(chunk.id));
    ordered.push_back(&chunk);
  }
  std::stable_sort(ordered.begin(), ordered.end(), [](auto* a, auto* b) { return a->id < b->id; });
  return environment_->write(durability, [&](LmdbTransaction& transaction) -> Result<void> {
    for (const Chunk* chunk : ordered) {
      if (auto put = put_sealed(transaction, key_of(chunk->id), chunk->bytes); !put.ok())
        return put;
    }
    return {};
  });
}

Result<Manifest> CheckpointStore::share_of(const Manifest& manifest) const {
  Manifest share = manifest;
  auto looked = environment_->read([&](const LmdbTransaction& transaction) -> Result<void> {
    for (OperatorParts& op : share.operators) {
      std::vector<PartReference> held;
      for (PartReference& part : op.parts) {
        auto value = transaction.get(key_of(part.chunk));
        if (!value.ok()) return value.error();
        if (value->has_value() && (*value)->size() == part.bytes + kSeal) held.push_back(std::move(part));
      }
      op.parts = std::move(held);
    }
    return {};
  });
  if (!looked.ok()) return looked.error();
  return share;
}

Result<void> CheckpointStore::commit(const Manifest& manifest) {
  WEIR_CHECK(access_ == StoreAccess::ReadWrite, "a store opened for reading is written to",
             directory_);
  WEIR_CHECK(manifest.job == identity_.job, "a manifest of another job", manifest.job,
             identity_.job);
  WEIR_CHECK(complete_.empty() || manifest.checkpoint > complete_.back(),
             "checkpoints complete out of order", manifest.checkpoint, complete_.back());
  if (auto there = environment_->present(); !there.ok()) return there;
  const auto encoded = encode(manifest);
  auto done =
      environment_->write(Durability::Now, [&](LmdbTransaction& transaction) -> Result<void> {
        for (const OperatorParts& operator_parts : manifest.operators) {
          for (const PartReference& part : operator_parts.parts) {
            auto value = transaction.get(key_of(part.chunk));
            if (!value.ok()) return value.error();
            if (!value->has_value() || (*value)->size() != part.bytes + kSeal) {
              return Error{"checkpoint " + std::to_string(manifest.checkpoint) +
                           " cannot complete: chunk " + to_text(part.chunk) + " of operator " +
                           operator_parts.name + " is not stored as " + std::to_string(part.bytes) +
                           " bytes"};
            }
          }
        }
        return put_sealed(transaction, manifest_key(manifest.checkpoint), encoded);
      });
  if (done.ok()) complete_.push_back(manifest.checkpoint);
  return done;
}

std::vector<std::uint64_t> CheckpointStore::checkpoints() const {
  return {complete_.rbegin(), complete_.rend()};
}

bool CheckpointStore::complete(std::uint64_t checkpoint) const {
  return std::binary_search(complete_.begin(), complete_.end(), checkpoint);
}

Result<Manifest> CheckpointStore::manifest(std::uint64_t checkpoint) const {
  if (!complete(checkpoint)) {
    return Error{"there is no checkpoint " + std::to_string(checkpoint) + " in " +
                 directory_.string()};
  }
  Result<Manifest> manifest = Error{};
  auto looked = environment_->read([&](const LmdbTransaction& transaction) -> Result<void> {
    auto content = get_sealed(transaction, manifest_key(checkpoint), "its manifest");
    if (!content.ok()) return content.error();
    manifest = decode_manifest(*content);
    return {};
  });
  if (looked.ok() && manifest.ok()) return manifest;
  const Error& problem = looked.ok() ? manifest.error() : looked.error();
  return Error{"checkpoint " + std::to_string(checkpoint) + " is corrupt: " + problem.message};
}

Result<void> CheckpointStore::check(const Manifest& manifest) const {
  std::size_t number = 0;
  for (const OperatorParts& operator_parts : manifest.operators) {
    for (const PartReference& part : operator_parts.parts) {
      Result<std::string> problem = std::string();
      auto looked = environment_->read([&](const LmdbTransaction& transaction) -> Result<void> {
        problem = check_part(transaction, part);
        return {};
      });
      if (!looked.ok()) return looked;
      if (!problem.ok()) return problem.error();
      if (!problem->empty()) {
        return Error{"part " + std::to_string(number) + " (chunk " + to_text(part.chunk) +
                     " of operator " + operator_parts.name + "), " + *problem};
      }
      ++number;
    }
  }
  return {};
}

Result<Restorable> CheckpointStore::newest() const {
  return newest([&](const Manifest& manifest) { return check(manifest); });
}

Result<Restorable> CheckpointStore::newest(const Take& take) const {
  Restorable restorable{.manifest = {}, .warnings = warnings_};
  std::vector<std::string> problems;
  for (const std::uint64_t checkpoint : checkpoints()) {
    const std::string number = std::to_string(checkpoint);
    auto found = manifest(checkpoint);
    const Result<void> taken = found.ok() ? take(*found) : Result<void>();
    if (found.ok() && taken.ok()) {
      for (const std::string& problem : problems)
        restorable.warnings.push_back(problem + "; restoring " + number);
      restorable.manifest = std::move(found).value();
      return restorable;
    }
    problems.push_back(found.ok() ? "checkpoint " + number + " is corrupt: " + taken.error().message
                                  : found.error().message);
  }
  if (problems.empty()) return restorable;
  std::string message = "no checkpoint in " + directory_.string() + " can be restored";
  for (const std::string& problem : problems) message += "; " + problem;
  return Error{message};
}

Result<std::vector<std::byte>> CheckpointStore::read(const ChunkId& id) const {
  std::vector<std::byte> bytes;
  auto looked = environment_->read([&](const LmdbTransaction& transaction) -> Result<void> {
    auto content =
        get_sealed(transaction, key_of(id), "chunk " + to_text(id) + " in " + directory_.string());
    if (!content.ok()) return content.error();
    bytes.assign(content->begin(), content->end());
    return {};
  });
  if (!looked.ok()) return looked.error();
  return bytes;
}

Result<void> CheckpointStore::retain(std::size_t count) {
  WEIR_CHECK(count > 0, "a store must retain at least one checkpoint");
  std::vector<Manifest> kept;  // newest first
  std::vector<std::uint64_t> dropped;
  // One damaged base chunk spoils all checkpoints that build on it: who keeps several keeps one that does not.
  bool has_independent = count == 1;
  for (const std::uint64_t checkpoint : checkpoints()) {
    // A manifest that cannot be read can restore nothing, so it does not count.
    const bool wanted = kept.size() < count || !has_independent;
    auto found = wanted ? manifest(checkpoint) : Result<Manifest>(Error{});
    const bool independent = found.ok() && !kept.empty() && share_nothing(kept.front(), *found);
    if (found.ok() && (kept.size() < count || independent)) {
      kept.push_back(std::move(found).value());
      has_independent |= independent;
    } else {
      dropped.push_back(checkpoint);
    }
  }
  if (kept.empty()) return {};
  if (auto done = drop_manifests(dropped); !done.ok()) return done;
  return drop_chunks(0, kept.front().checkpoint, chunks_of(kept));
}

Result<void> CheckpointStore::drop(std::uint64_t checkpoint) {
  return complete(checkpoint) ? Result<void>() : drop_chunks(checkpoint, checkpoint, {});
}

Result<void> CheckpointStore::rewind_to(std::uint64_t checkpoint) {
  WEIR_CHECK(complete(checkpoint), "only a complete checkpoint can be gone back to", checkpoint);
  const auto newer = std::upper_bound(complete_.begin(), complete_.end(), checkpoint);
  if (auto done = drop_manifests({newer, complete_.end()}); !done.ok()) return done;
  warnings_.clear();  // whoever goes on from here has been told
  return checkpoint == kLast ? Result<void>() : drop_chunks(checkpoint + 1, kLast, {});
}

Result<void> CheckpointStore::clear() {
  if (auto done = drop_manifests(complete_); !done.ok()) return done;
  return drop_chunks(0, kLast, {});
}

Result<void> CheckpointStore::drop_manifests(const std::vector<std::uint64_t>& dropped) {
  WEIR_CHECK(access_ == StoreAccess::ReadWrite, "a store opened for reading is written to",
             directory_);
  if (dropped.empty()) return {};
  auto done = environment_->shrink([&](LmdbTransaction& transaction) -> Result<void> {
    for (const std::uint64_t checkpoint : dropped) {
      if (auto erased = transaction.erase(manifest_key(checkpoint)); !erased.ok()) return erased;
    }
    return {};
  });
  if (!done.ok()) return done;
  std::vector<std::uint64_t> left;
  for (const std::uint64_t checkpoint : complete_) {
    if (std::find(dropped.begin(), dropped.end(), checkpoint) == dropped.end())
      left.push_back(checkpoint);
  }
  complete_ = std::move(left);
  return {};
}

Result<void> CheckpointStore::drop_chunks(std::uint64_t first, std::uint64_t last,
                                          std::span<const ChunkId> keep) {
  std::optional<std::string> resume = key_of({.checkpoint = first});
  while (resume) {
    const std::string from = *resume;
    auto done = environment_->shrink([&](LmdbTransaction& transaction) -> Result<void> {
      std::string key = from;
      std::size_t bytes = 0;
      std::size_t chunks = 0;
      while (bytes < kDropBytes && chunks < kDropChunks) {
        auto entry = transaction.at_or_after(key);
        if (!entry.ok()) return entry.error();
        const auto id = entry->has_value() ? chunk_of((*entry)->key) : std::nullopt;
        if (!id || id->checkpoint > last) {
          resume.reset();
          return {};
        }
        key = (*entry)->key;
        if (!std::binary_search(keep.begin(), keep.end(), *id)) {
          bytes += (*entry)->value.size();
          ++chunks;
          if (auto erased = transaction.erase(key); !erased.ok()) return erased;
        }
        key.push_back('\0');  // the next key there can be
      }
      resume = key;
      return {};
    });
    if (!done.ok()) return done;
  }
  return {};
}

}  // namespace weir
