#include <weir/actors/stored_state.hpp>

#include <algorithm>

namespace weir {
namespace {

StoredTask& task_of(StoredOperator& op, std::uint32_t task) {
  const auto found = std::find_if(op.tasks.begin(), op.tasks.end(), [&](const StoredTask& t) { return t.task == task; });
  if (found != op.tasks.end()) return *found;
  op.tasks.push_back({task, {}});
  return op.tasks.back();
}

}  // namespace

Result<StoredState> load(const CheckpointStore& store, Manifest manifest) {
  StoredState state;
  state.place = store.directory().string();
  state.job.key_groups = manifest.key_groups;
  for (const OperatorParts& stored : manifest.operators) {
    StoredOperator& op = state.job.operators[stored.name];
    op.parallelism = stored.parallelism;
    for (const PartReference& part : stored.parts) {
      auto bytes = store.read(part.chunk);
      if (!bytes) return bytes.error();
      auto block = unpack(*bytes);
      if (!block) return Error{"chunk " + to_text(part.chunk) + ": " + block.error().message};
      task_of(op, part.chunk.task).chunks.push_back({part.table, part.kind, part.schema, std::move(block).or_throw()});
    }
  }
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

}  // namespace weir
