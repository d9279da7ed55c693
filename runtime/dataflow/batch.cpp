#include <weir/dataflow/batch.hpp>

#include <numeric>

namespace weir {

std::vector<BatchPtr> single_records(BatchPtr batch) {
  std::vector<std::uint32_t> targets(batch->size());
  std::iota(targets.begin(), targets.end(), 0U);
  std::vector<BatchPtr> singles(targets.size());
  if (!singles.empty()) batch->type().scatter(*batch, targets, singles);
  return singles;
}

std::string to_text(const Origin& origin) {
  if (!origin.split) return "unknown position";
  return *origin.split + ":" + std::to_string(origin.position);
}

}  // namespace weir
