#include <weir/operators/window_grid.hpp>

#include <string>

#include <weir/base/result.hpp>

namespace weir {
namespace {

constexpr std::int64_t kLongest = std::int64_t{1} << 60;  // milliseconds: 36 million years

bool sound(Duration length) { return length.count() > 0 && length.count() < kLongest; }

std::string length_fault(const char* verb, const char* what, Duration length) {
  if (sound(length)) return "";
  const char* wrong = length.count() > 0 ? " is too long: " : " must be positive: ";
  return std::string(verb) + ": the " + what + wrong + std::to_string(length.count()) + "ms";
}

}  // namespace

WindowGrid::WindowGrid(Duration size, Duration slide, Duration offset)
    : size_(sound(size) ? size.count() : 1), slide_(sound(slide) ? slide.count() : 1) {
  offset_ = offset.count() % slide_;
  const std::int64_t rest = size_ % slide_;
  cut_ = rest == 0 ? slide_ : rest;
}

std::string WindowGrid::fault(const char* verb, Duration size, Duration slide) {
  const std::string of_size = length_fault(verb, "size", size);
  return of_size.empty() ? length_fault(verb, "slide", slide) : of_size;
}

std::string WindowGrid::to_text() const {
  return "size " + std::to_string(size_) + "ms, slide " + std::to_string(slide_) + "ms, offset " + std::to_string(offset_) + "ms";
}

void fail_unplaceable(EventTime time) {
  if (time == EventTime::min()) {
    throw Failure("a record in an event-time window has no event time: call event_time() before window(), or use a "
                  "processing-time window");
  }
  throw Failure("a record in an event-time window has a time out of range, in milliseconds: " + std::to_string(time.ms));
}

}  // namespace weir
