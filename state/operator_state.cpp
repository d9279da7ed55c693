#include <weir/state/operator_state.hpp>

#include <algorithm>

namespace weir {

void OperatorState::insert(const std::string& name, std::unique_ptr<Table> table) {
  if (name.empty()) throw Failure("operator '" + scope_.operator_name + "' declares state without a name; name it");
  if (tables_.contains(name)) {
    throw Failure("operator '" + scope_.operator_name + "' declares state '" + name + "' twice; rename one");
  }
  for (StateChunk& chunk : restored_) {
    if (chunk.table != name) continue;
    try {
      table->restore(chunk);
    } catch (const Failure& failure) {
      throw Failure("operator '" + scope_.operator_name + "': " + failure.what());
    }
    chunk.block = Columns();
  }
  std::erase_if(restored_, [&](const StateChunk& chunk) { return chunk.table == name; });
  tables_.emplace(name, std::move(table));
}

std::vector<std::string> OperatorState::unclaimed() const {
  std::vector<std::string> names;
  for (const StateChunk& chunk : restored_) names.push_back(chunk.table);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void OperatorState::freeze(SnapshotMode mode) {
  for (auto& [name, table] : tables_) table->freeze(mode);
}

bool OperatorState::write_some(std::size_t budget, const ChunkSink& sink) {
  for (auto& [name, table] : tables_) {
    if (!table->write_some(budget, sink)) return false;
  }
  return true;
}

void OperatorState::discard() {
  for (auto& [name, table] : tables_) table->discard();
}

std::size_t OperatorState::memory_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [name, table] : tables_) bytes += table->memory_bytes();
  return bytes;
}

}  // namespace weir
