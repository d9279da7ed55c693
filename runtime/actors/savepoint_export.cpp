#include <weir/actors/savepoint_export.hpp>

#include <map>
#include <system_error>

#include <weir/base/bytes.hpp>
#include <weir/base/version.hpp>

namespace weir {
namespace {

constexpr std::uint64_t kRequestBytes = 8 << 20;

void remove_directory(const std::filesystem::path& directory) {
  std::error_code ignored;  // what is left takes room and does no harm
  std::filesystem::remove_all(directory, ignored);
}

}  // namespace

SavepointExport::SavepointExport(Manifest manifest, std::filesystem::path directory, std::filesystem::path scratch)
    : manifest_(std::move(manifest)), directory_(std::move(directory)), scratch_directory_(std::move(scratch)) {
  std::map<ChunkId, PartReference> parts;
  for (const OperatorParts& op : manifest_.operators) {
    for (const PartReference& part : op.parts) parts.emplace(part.chunk, part);
  }
  for (auto& [chunk, part] : parts) parts_.push_back(std::move(part));
}

SavepointExport::~SavepointExport() {
  scratch_.reset();
  remove_directory(scratch_directory_);
}

std::vector<wire::PartName> SavepointExport::next() {
  std::vector<wire::PartName> names;
  for (std::uint64_t bytes = 0; asked_ < parts_.size() && bytes < kRequestBytes; ++asked_) {
    const ChunkId& chunk = parts_[asked_].chunk;
    names.push_back({chunk.checkpoint, chunk.operator_index, chunk.task, chunk.sequence});
    bytes += parts_[asked_].bytes;
  }
  return names;
}

Result<CheckpointStore*> SavepointExport::scratch() {
  if (!scratch_) {
    remove_directory(scratch_directory_);  // of an export that was interrupted
    auto opened = CheckpointStore::open(scratch_directory_, {.job = manifest_.job, .weir_version = kVersion});
    if (!opened) return opened.error();
    scratch_ = std::move(opened).or_throw();
  }
  return scratch_.get();
}

Result<void> SavepointExport::add(const std::vector<wire::PartBytes>& parts) {
  auto store = scratch();
  if (!store) return store.error();
  std::vector<Chunk> chunks;
  for (const wire::PartBytes& part : parts) {
    const auto bytes = as_span(part.bytes);
    chunks.push_back({{part.checkpoint, part.node, part.index, part.sequence}, {bytes.begin(), bytes.end()}});
  }
  return (*store)->write(chunks);
}

/// By a leader that wrote it and did not come to say so.
bool SavepointExport::is_written() const {
  if (!std::filesystem::exists(directory_ / "data.mdb")) return false;
  const auto there = CheckpointStore::open(directory_, {.job = manifest_.job, .weir_version = kVersion, .access = StoreAccess::ReadOnly});
  return there && (*there)->checkpoints() == std::vector<std::uint64_t>{manifest_.checkpoint};
}

Result<void> SavepointExport::finish() {
  if (is_written()) return {};
  auto store = scratch();
  if (!store) return store.error();
  if (auto committed = (*store)->commit(manifest_); !committed) return committed;
  const auto exported = (*store)->export_savepoint(manifest_, directory_);
  return !exported && is_written() ? Result<void>() : exported;  // by a leader that was faster
}

}  // namespace weir
