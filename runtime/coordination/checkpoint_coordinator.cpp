#include <weir/coordination/checkpoint_coordinator.hpp>

#include <algorithm>
#include <utility>

namespace weir {
namespace {

bool is_keyed(const PartReference& part) { return part.kind == ChunkKind::Entries || part.kind == ChunkKind::Tombstones; }

/// Within one snapshot tombstones are applied before entries: a key erased and put again is there.
void append_in_order(std::vector<PartReference>& chain, const std::vector<PartReference>& parts) {
  for (const PartReference& part : parts) {
    if (part.kind == ChunkKind::Tombstones) chain.push_back(part);
  }
  for (const PartReference& part : parts) {
    if (part.kind != ChunkKind::Tombstones) chain.push_back(part);
  }
}

}  // namespace

CheckpointCoordinator::CheckpointCoordinator(const JobShape& shape, CheckpointOptions options, std::string weir_version)
    : shape_(shape), options_(options), weir_version_(std::move(weir_version)) {}

void CheckpointCoordinator::start(CheckpointId newest, std::uint64_t attempt, ProcessingTime now) {
  running_ = true;
  attempt_ = attempt;
  pending_.reset();
  complete_ = newest;
  last_id_ = std::max(last_id_, newest);
  parent_usable_ = false;  // restored tasks have frozen nothing yet
  chains_.clear();
  chain_length_ = 0;
  if (options_.interval) due_ = now + *options_.interval;
}

void CheckpointCoordinator::stop() {
  running_ = false;
  pending_.reset();
}

std::optional<Barrier> CheckpointCoordinator::tick(ProcessingTime now) {
  if (!running_ || pending_ || !due_ || now < *due_) return std::nullopt;
  return trigger(Barrier::Mode::Aligned, now);
}

std::optional<Barrier> CheckpointCoordinator::trigger(Barrier::Mode mode, ProcessingTime now, Barrier::Afterwards afterwards) {
  if (!running_ || pending_) return std::nullopt;
  const bool full = std::exchange(full_required_, false) || wants_full();
  const CheckpointId parent = parent_usable_ && !full ? complete_ : 0;
  pending_ = Pending{{++last_id_, parent, mode, afterwards}, now, {}, false};
  if (options_.interval) due_ = now + *options_.interval;
  return pending_->barrier;
}

std::optional<CheckpointId> CheckpointCoordinator::expire(ProcessingTime now) {
  if (!pending_ || pending_->committing || now < pending_->since + options_.timeout) return std::nullopt;
  const CheckpointId expired = pending_->barrier.checkpoint;
  abandon(expired);
  return expired;
}

std::optional<CommitRequest> CheckpointCoordinator::stored(std::uint32_t task, CheckpointId checkpoint, StoredParts parts) {
  if (!pending_ || pending_->barrier.checkpoint != checkpoint || pending_->committing) return std::nullopt;
  pending_->stored.insert_or_assign(task, std::move(parts));
  if (pending_->stored.size() < shape_.tasks.size()) return std::nullopt;
  pending_->committing = true;
  next_chains_ = extended_chains();
  return CommitRequest{make_manifest(next_chains_)};
}

bool CheckpointCoordinator::committed(CheckpointId checkpoint, ProcessingTime now) {
  if (!pending_ || pending_->barrier.checkpoint != checkpoint || !pending_->committing) return false;
  const bool all_full = std::all_of(pending_->stored.begin(), pending_->stored.end(),
                                    [](const auto& entry) { return entry.second.mode == SnapshotMode::Full; });
  chain_length_ = all_full ? 0 : chain_length_ + 1;
  chains_ = std::move(next_chains_);
  complete_ = checkpoint;
  parent_usable_ = true;
  pending_.reset();
  if (options_.interval) due_ = std::max(*due_, now);
  return true;
}

void CheckpointCoordinator::abandon(CheckpointId checkpoint) {
  if (!pending_ || pending_->barrier.checkpoint != checkpoint) return;
  pending_.reset();
  parent_usable_ = false;  // what the tasks froze is lost: the next must be full
}

std::optional<ProcessingTime> CheckpointCoordinator::next_event() const {
  if (!running_) return std::nullopt;
  if (pending_ && pending_->committing) return std::nullopt;
  if (pending_) return pending_->since + options_.timeout;
  return due_;
}

CheckpointCoordinator::Chains CheckpointCoordinator::extended_chains() const {
  Chains chains;
  for (const auto& [task, stored] : pending_->stored) {
    for (const auto& [node, parts] : stored.parts) {
      auto& chain = chains[{task, node}];
      append_in_order(chain, parts);
    }
    if (stored.mode == SnapshotMode::Full) continue;
    for (const auto& [owner, earlier] : chains_) {
      if (owner.first != task) continue;
      std::vector<PartReference> chain;
      std::copy_if(earlier.begin(), earlier.end(), std::back_inserter(chain), is_keyed);
      auto& later = chains[owner];
      chain.insert(chain.end(), later.begin(), later.end());
      later = std::move(chain);
    }
  }
  return chains;
}

/// Whether the deltas of the chain weigh more than what they build on.
bool CheckpointCoordinator::wants_full() const {
  if (chain_length_ >= options_.longest_chain) return true;
  std::uint64_t base = 0;
  std::uint64_t deltas = 0;
  for (const auto& [owner, chain] : chains_) {
    if (chain.empty()) continue;
    const CheckpointId first = chain.front().chunk.checkpoint;
    for (const PartReference& part : chain) (part.chunk.checkpoint == first ? base : deltas) += part.bytes;
  }
  return deltas > base;
}

Manifest CheckpointCoordinator::make_manifest(const Chains& chains) const {
  Manifest manifest;
  manifest.checkpoint = pending_->barrier.checkpoint;
  manifest.job = shape_.job;
  manifest.attempt = attempt_;
  manifest.key_groups = shape_.key_groups;
  manifest.kind = pending_->barrier.mode == Barrier::Mode::Savepoint ? ManifestKind::Savepoint : ManifestKind::Checkpoint;
  manifest.weir_version = weir_version_;
  for (const ShapeVertex& vertex : shape_.vertices) {
    for (const ShapeOperator& op : vertex.operators) {
      manifest.operators.push_back({op.name, op.node, vertex.parallelism, {}});
      for (const auto& [owner, chain] : chains) {
        auto& parts = manifest.operators.back().parts;
        if (owner.second == op.node) parts.insert(parts.end(), chain.begin(), chain.end());
      }
    }
  }
  return manifest;
}

}  // namespace weir
