#include <weir/operators/window_grid.hpp>

#include <string>

#include <weir/base/result.hpp>

namespace weir {
namespace {

constexpr std::int64_t kLongest = std::int64_t{1} << 60;  // milliseconds: 36 million years

void require_length(const char* verb, const char* what, Duration length) {
  if (length.count() > 0 && length.count() < kLongest) return;
  const char* wrong = length.count() > 0 ? " is too long: " : " must be positive: ";
  throw Failure(std::string(verb) + ": the " + what + wrong + std::to_string(length.count()) + "ms");
}

}  // namespace

WindowGrid::WindowGrid(const char* verb, Duration size, Duration slide, Duration offset)
    : size_(size.count()), slide_(slide.count()) {
  require_length(verb, "size", size);
  require_length(verb, "slide", slide);
  offset_ = offset.count() % slide_;
  const std::int64_t rest = size_ % slide_;
  cut_ = rest == 0 ? slide_ : rest;
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
