// Tumbling and sliding windows lie on a grid: one begins every `slide` from `offset` on and is `size` long. Records are
// not added to windows but to slices, the stretches between neighbouring window boundaries, so that a record costs the
// same however many windows it is in. Every window is a whole number of slices:
//
//   size 10, slide 4     windows  [0 . . . . . . . . . 10)
//                                         [4 . . . . . . . . . 14)
//                        slices   [0,2)[2,4)[4,6)[6,8)[8,10)[10,12) …
//
// With size = q * slide + r, each slide is cut at r ("paired windows": Krishnamurthy, Wu, Franklin, On-the-fly sharing for
// streamed aggregation, SIGMOD 2006), which gives at most two slices per slide; panes of gcd(size, slide) (Li et al., No
// pane, no gain, SIGMOD Record 2005) would be many when the two have little in common.
//
// A value; pure arithmetic on milliseconds, floors towards the past.
#pragma once

#include <cstdint>
#include <string>

#include <weir/operators/window.hpp>

namespace weir {

class WindowGrid {
 public:
  /// The offset is anything. Sizes with a fault are taken for a millisecond: whoever has a name to tell the fault by refuses them.
  WindowGrid(Duration size, Duration slide, Duration offset);

  /// What is wrong with the sizes that were given to `verb`: that they are not positive, or too long. Empty: nothing.
  static std::string fault(const char* verb, Duration size, Duration slide);

  Duration size() const { return Duration(size_); }
  Duration slide() const { return Duration(slide_); }
  /// Whether every instant is in some window.
  bool gapless() const { return size_ >= slide_; }

  /// Whether the time can be placed at all. Records without event time cannot, nor can the ends of time.
  static constexpr bool placeable(EventTime time) {
    return static_cast<std::uint64_t>(time.ms) + kReach <= 2 * kReach;
  }

  /// A watermark, moved from the ends of time to where arithmetic is safe, and still beyond every record.
  static constexpr EventTime clamp(EventTime watermark) {
    constexpr std::int64_t limit = 2 * static_cast<std::int64_t>(kReach);
    return {watermark.ms < -limit ? -limit : watermark.ms > limit ? limit : watermark.ms};
  }

  /// Where the last window that begins at or before `time` begins.
  EventTime last_start(EventTime time) const { return {floor(time.ms)}; }
  Window window_ending(EventTime end) const { return {{end.ms - size_}, end}; }
  /// The end of the last window that ends at or before `time`.
  EventTime last_end_before(EventTime time) const { return {floor(time.ms - size_) + size_}; }

  /// Slices are numbered in order; number 0 begins at the offset.
  using Slice = std::int64_t;

  Slice slice_of(EventTime time) const {
    const std::int64_t begin = floor(time.ms);
    const Slice slide = (begin - offset_) / slide_;
    return cut_ == slide_ ? slide : 2 * slide + (time.ms - begin >= cut_ ? 1 : 0);
  }
  EventTime start_of(Slice slice) const {
    if (cut_ == slide_) return {offset_ + slice * slide_};
    return {offset_ + (slice >> 1) * slide_ + ((slice & 1) != 0 ? cut_ : 0)};
  }
  /// The end of the first window that contains the slice or, when none does, that begins after it.
  EventTime first_end(Slice slice) const { return {floor(start_of(slice).ms - size_) + slide_ + size_}; }
  /// The end of the last window that contains the slice or, when none does, that ends before it.
  EventTime last_end(Slice slice) const { return {floor(start_of(slice).ms) + size_}; }
  /// With slide > size, there are slices between windows.
  bool in_some_window(Slice slice) const { return gapless() || start_of(slice) < last_end(slice); }
  /// How many slices make a window, rounded up.
  std::int64_t slices_per_window() const { return (size_ + slide_ - 1) / slide_ * (cut_ == slide_ ? 1 : 2); }

  /// "size 3600000ms, slide 1000ms, offset 0ms"
  std::string to_text() const;

 private:
  static constexpr std::uint64_t kReach = std::uint64_t{1} << 61;  // leaves room for any arithmetic here

  std::int64_t floor(std::int64_t time) const {
    const std::int64_t into = (time - offset_) % slide_;
    return time - (into < 0 ? into + slide_ : into);
  }

  std::int64_t size_;
  std::int64_t slide_;
  std::int64_t offset_;
  std::int64_t cut_;  // where a slide is cut in two; slide_ when it is not
};

/// Throws Failure: the record has no usable event time.
[[noreturn]] void fail_unplaceable(EventTime time);

}  // namespace weir
