#include <weir/state/state_key.hpp>

namespace weir {

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
