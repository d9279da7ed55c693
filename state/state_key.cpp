#include <weir/state/state_key.hpp>

namespace weir {
namespace {

bool same_key(const Schema& stored, const Schema& mine) {
  if (stored.fields.size() != mine.fields.size()) return false;
  if (stored.fields.empty()) return key_shape(stored) == key_shape(mine);
  if (stored.kind != mine.kind) return false;
  for (std::size_t i = 0; i < stored.fields.size(); ++i) {
    const auto& [stored_name, stored_field] = stored.fields[i];
    const auto& [name, field] = mine.fields[i];
    if (stored_name != name || !same_key(stored_field, field)) return false;
  }
  return true;
}

}  // namespace

void require_same_key(const std::string& name, const Schema& stored, const Schema& mine) {
  if (same_key(stored, mine)) return;
  throw Failure("state '" + name + "' cannot be restored: its keys were stored as " + to_text(stored) + " and are now " +
                to_text(mine) + "; keep the type of the key, or start without the checkpoint");
}

std::string key_shape(const Schema& schema) {
  switch (schema.kind) {
    case Kind::Text: return "text";
    case Kind::Float32:
    case Kind::Float64: return "float";
    case Kind::Optional: return "optional " + key_shape(schema.fields.front().second);
    case Kind::List: return "list of " + key_shape(schema.fields.front().second);
    case Kind::Map:
      return "map of " + key_shape(schema.fields.front().second) + " to " + key_shape(schema.fields.back().second);
    case Kind::Record:
    case Kind::Tuple: {
      std::string shape;
      for (const auto& [name, field] : schema.fields) shape += (shape.empty() ? "(" : ", ") + key_shape(field);
      return shape.empty() ? "()" : shape + ")";
    }
    default: return "integer";
  }
}

}  // namespace weir
