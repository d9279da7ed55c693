#include <weir/actors/stored_state.hpp>

#include <algorithm>

#include <weir/base/version.hpp>

namespace weir {
namespace {

StoredTask& task_of(StoredOperator& op, std::uint32_t task) {
  const auto found = std::find_if(op.tasks.begin(), op.tasks.end(), [&](const StoredTask& t) { return t.task == task; });
  if (found != op.tasks.end()) return *found;
  op.tasks.push_back({task, {}});
  return op.tasks.back();
}

}  // namespace

Result<StoredJob> assemble(const Manifest& manifest, const ReadChunk& read) {
  StoredJob job;
  job.key_groups = manifest.key_groups;
  for (const OperatorParts& stored : manifest.operators) {
    StoredOperator& op = job.operators[stored.name];
    op.parallelism = stored.parallelism;
    for (const PartReference& part : stored.parts) {
      auto block = read(part.chunk);
      if (!block) return block.error();
      if (*block) task_of(op, part.chunk.task).chunks.push_back({part.table, part.kind, part.schema, std::move(**block)});
    }
  }
  return job;
}

Result<StoredState> load(const CheckpointStore& store, Manifest manifest) {
  auto job = assemble(manifest, [&](const ChunkId& chunk) -> Result<std::optional<Columns>> {
    auto bytes = store.read(chunk);
    if (!bytes) return bytes.error();
    auto block = unpack(*bytes);
    if (!block) return Error{"chunk " + to_text(chunk) + ": " + block.error().message};
    return std::optional(std::move(block).or_throw());
  });
  if (!job) return job.error();
  StoredState state;
  state.place = store.directory().string();
  state.job = std::move(job).or_throw();
  state.manifest = std::move(manifest);
  return state;
}

Result<StoredState> load_newest(const CheckpointStore& store) {
  StoredState state;
  auto newest = store.newest([&](const Manifest& manifest) -> Result<void> {
    auto loaded = load(store, manifest);
    if (!loaded) return loaded.error();
    state = std::move(loaded).or_throw();
    return {};
  });
  if (!newest) return newest.error();
  state.warnings = std::move(newest->warnings);
  return state;
}

Result<StoredState> load_savepoint(const std::filesystem::path& directory) {
  const auto store = CheckpointStore::open(directory, {.job = "", .weir_version = kVersion, .access = StoreAccess::ReadOnly});
  if (!store) return store.error();
  auto state = load_newest(**store);
  if (!state || state->manifest) return state;
  return Error{directory.string() + " holds no complete checkpoint to start from; name a savepoint, or start without one"};
}

}  // namespace weir
