#include <weir/actors/part_store.hpp>

#include <algorithm>
#include <system_error>

#include <weir/base/bytes.hpp>
#include <weir/base/version.hpp>

namespace weir {

Result<CheckpointStore*> PartStore::store() {
  if (!store_) {
    StoreOptions options{.job = name(), .weir_version = kVersion};
    if (limit_bytes_ > 0) options.limit_bytes = limit_bytes_;
    auto opened = CheckpointStore::open(directory_, options);
    if (!opened) return opened.error();
    store_ = std::move(opened).or_throw();
  }
  return store_.get();
}

Result<void> PartStore::write(const std::vector<wire::PartBytes>& parts) {
  auto opened = store();
  if (!opened) return opened.error();
  const auto complete = (*opened)->checkpoints();
  std::vector<Chunk> chunks;
  for (const wire::PartBytes& part : parts) {
    if (!complete.empty() && part.checkpoint <= complete.front()) return Error{"checkpoint " + std::to_string(part.checkpoint) + " is over"};
    const auto bytes = as_span(part.bytes);
    chunks.push_back({{part.checkpoint, part.node, part.index, part.sequence}, {bytes.begin(), bytes.end()}});
  }
  return (*opened)->write(chunks, Durability::Now);
}

PartStore::Found PartStore::read(const std::vector<wire::PartName>& names) {
  auto opened = store();
  if (!opened) return {{}, names};
  Found found;
  for (const wire::PartName& name : names) {
    const auto bytes = (*opened)->read({name.checkpoint, name.node, name.index, name.sequence});
    if (!bytes) found.missing.push_back(name);
    else found.parts.push_back({name.checkpoint, name.node, name.index, name.sequence, std::string(as_text(*bytes))});
  }
  return found;
}

Result<void> PartStore::keep(const Manifest& manifest, std::uint32_t retained) {
  auto opened = store();
  if (!opened) return opened.error();
  const auto complete = (*opened)->checkpoints();
  if (!complete.empty() && complete.front() >= manifest.checkpoint) return {};
  auto share = (*opened)->share_of(manifest);
  if (!share) return share.error();
  share->job = name();
  if (auto done = (*opened)->commit(*share); !done) return done;
  return (*opened)->retain(std::max(1U, retained));
}

Result<void> PartStore::drop(CheckpointId checkpoint) {
  auto opened = store();
  return opened ? (*opened)->drop(checkpoint) : opened.error();
}

Result<void> PartStore::rewind(const Manifest& manifest, std::uint32_t retained) {
  (void)keep(manifest, retained);  // it may have become complete while this node was away
  auto opened = store();
  if (!opened) return opened.error();
  const auto complete = (*opened)->checkpoints();
  if (std::find(complete.begin(), complete.end(), manifest.checkpoint) == complete.end()) return {};
  return (*opened)->rewind_to(manifest.checkpoint);
}

Result<void> PartStore::clear() {
  auto opened = store();
  return opened ? (*opened)->clear() : opened.error();
}

void PartStore::remove() {
  store_.reset();
  std::error_code ignored;  // what is left takes room and does no harm
  std::filesystem::remove_all(directory_, ignored);
}

}  // namespace weir
