#include <weir/dataflow/batch.hpp>

namespace weir {

std::vector<BatchPtr> in_parts(BatchPtr batch, std::size_t most) {
  std::vector<std::uint32_t> targets(batch->size());
  for (std::size_t i = 0; i < targets.size(); ++i) targets[i] = static_cast<std::uint32_t>(i / most);
  std::vector<BatchPtr> parts((targets.size() + most - 1) / most);
  if (!parts.empty()) batch->type().scatter(*batch, targets, parts);
  return parts;
}

std::string to_text(const Origin& origin) {
  if (!origin.split) return "unknown position";
  return *origin.split + ":" + std::to_string(origin.position);
}

}  // namespace weir
