#include <weir/operators/window_assigner.hpp>

#include <string>

#include <weir/base/result.hpp>

namespace weir {
namespace {

std::string records_fault(const char* what, std::int64_t records) {
  if (records > 0) return "";
  return std::string("count_window: the ") + what + " must be positive: " + std::to_string(records);
}

}  // namespace

std::string gap_fault(Duration gap) {
  if (gap.count() > 0) return "";
  return "session: the gap must be positive: " + std::to_string(gap.count()) + "ms";
}

void refuse_gap(Duration gap) { throw Failure(gap_fault(gap)); }

GlobalWindow<Purging<AfterCount>> count_window(std::int64_t size) {
  return {{AfterCount{size}}, records_fault("size", size)};
}

SlidingCountWindow count_window(std::int64_t size, std::int64_t slide) {
  const std::string of_size = records_fault("size", size);
  return {{AfterCount{slide}, of_size.empty() ? records_fault("slide", slide) : of_size}, size};
}

}  // namespace weir
