#include <weir/operators/window_assigner.hpp>

#include <string>

#include <weir/base/result.hpp>

namespace weir {
namespace {

void require_records(const char* what, std::int64_t records) {
  if (records > 0) return;
  throw Failure(std::string("count_window: the ") + what + " must be positive: " + std::to_string(records));
}

}  // namespace

Duration check_gap(Duration gap) {
  if (gap.count() > 0) return gap;
  throw Failure("session: the gap must be positive: " + std::to_string(gap.count()) + "ms");
}

GlobalWindow<Purging<AfterCount>> count_window(std::int64_t size) {
  require_records("size", size);
  return {{AfterCount{size}}};
}

SlidingCountWindow count_window(std::int64_t size, std::int64_t slide) {
  require_records("size", size);
  require_records("slide", slide);
  return {{AfterCount{slide}}, size};
}

}  // namespace weir
