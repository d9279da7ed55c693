#include <weir/state/keyed_state.hpp>

namespace weir {

void KeyedState::opened(const Schema& key) {
  if (cells_.empty()) return;
  const std::string shape = key_shape(key);
  auto& stored = state_.list<std::string>("~key", ChunkKind::Union);
  for (const std::string& before : stored) {
    if (before == shape) continue;
    throw Failure("operator '" + state_.scope().operator_name + "' was keyed by " + before + " and is now keyed by " + shape +
                  ": its state cannot be restored; give it another name to start anew");
  }
  stored = {shape};
}

}  // namespace weir
