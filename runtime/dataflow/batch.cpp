#include <weir/dataflow/batch.hpp>

namespace weir {

std::string to_text(const Origin& origin) {
  if (!origin.split) return "unknown position";
  return *origin.split + ":" + std::to_string(origin.position);
}

}  // namespace weir
