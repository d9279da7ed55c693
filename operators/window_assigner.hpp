// Which windows a record belongs to.
//
//   tumbling(5min)                  one after the other                [0,5) [5,10) …
//   sliding(1h, 1s)                 of the first length, one beginning every so often
//   session(10min)                  a key's records, up to a gap of silence
//   session(&Order::patience)       the same with a gap that each record states
//   count_window(100)               every 100 records of a key
//   count_window(100, 10)           the last 100 records of a key, every 10
//   global_window()                 one for all time: fires only by a trigger of yours
//
// Times are event time; `.time = WindowTime::Processing` in the options, or tumbling_processing(…) and so on, take the
// machine's clock. An offset moves the grid: tumbling(24h, {.offset = -8h}) are days in UTC+8. A size that is not positive
// is a fault, which the step that has the windows refuses with Failure when the pipeline is built. All are values.
//
// An assigner is a type with
//   Time: WindowTimeOf<…>, kMerging: whether its windows grow together, DefaultTrigger
//   each_window(record, time, visit)     calls visit(Window) for every window; `time` is of the assigner's kind
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/operators/trigger.hpp>
#include <weir/operators/window_grid.hpp>

namespace weir {

enum class WindowTime : std::uint8_t { Event, Processing };

struct WindowShape {
  Duration offset{0};
};

/// One window after the other, or overlapping ones. `Kind` is a compile-time choice: event-time ones are sliced.
template <WindowTime Kind>
struct AlignedWindows {
  static constexpr WindowTime kTime = Kind;
  static constexpr bool kMerging = false;
  using DefaultTrigger = AtEnd;

  WindowGrid grid;
  std::string fault = {};  // of what was given; empty: none

  template <class T, class Visit>
  void each_window(const T&, EventTime time, Visit&& visit) const {
    const EventTime oldest = time - grid.size();
    for (EventTime start = grid.last_start(time); start > oldest; start = start - grid.slide()) {
      visit(Window{start, start + grid.size()});
    }
  }
};

template <WindowTime Kind>
struct TumblingWindows : AlignedWindows<Kind> {};
template <WindowTime Kind>
struct SlidingWindows : AlignedWindows<Kind> {};

/// Gap is a Duration, or a function of a record that yields one.
template <WindowTime Kind, class Gap>
struct SessionWindows {
  static constexpr WindowTime kTime = Kind;
  static constexpr bool kMerging = true;
  using DefaultTrigger = AtEnd;

  Gap gap;
  std::string fault = {};  // of what was given; empty: none

  template <class T, class Visit>
  void each_window(const T& record, EventTime time, Visit&& visit) const {
    visit(Window{time, time + gap_of(record)});
  }

 private:
  template <class T>
  Duration gap_of(const T& record) const {
    if constexpr (std::is_same_v<Gap, Duration>) return gap;
    else return positive_gap(std::invoke(gap, record));
  }
  static Duration positive_gap(Duration gap);
};

/// What is wrong with a gap; empty: nothing.
std::string gap_fault(Duration gap);
/// Throws Failure with that.
[[noreturn]] void refuse_gap(Duration gap);

template <WindowTime Kind, class Gap>
Duration SessionWindows<Kind, Gap>::positive_gap(Duration gap) {
  if (gap.count() <= 0) [[unlikely]] refuse_gap(gap);
  return gap;
}

template <class Trigger>
struct GlobalWindow {
  static constexpr WindowTime kTime = WindowTime::Event;
  static constexpr bool kMerging = false;
  using DefaultTrigger = Trigger;

  Trigger default_trigger{};
  std::string fault = {};  // of what was given; empty: none

  template <class T, class Visit>
  void each_window(const T&, EventTime, Visit&& visit) const {
    visit(Window{EventTime::min(), EventTime::max()});
  }
};

/// The last `size` records of a key, every `slide` of them.
struct SlidingCountWindow : GlobalWindow<AfterCount> {
  std::int64_t size = 0;
};

template <class A>
concept WindowAssigner = std::copy_constructible<A> && requires {
  { A::kTime } -> std::convertible_to<WindowTime>;
  { A::kMerging } -> std::convertible_to<bool>;
  typename A::DefaultTrigger;
};

/// Whether records are put into windows by their event times: not by the clock, nor all into one.
template <WindowAssigner A>
inline constexpr bool kEventWindows = A::kTime == WindowTime::Event && !requires(const A& assigner) { assigner.default_trigger; };

inline TumblingWindows<WindowTime::Event> tumbling(Duration size, WindowShape shape = {}) {
  return {{WindowGrid(size, size, shape.offset), WindowGrid::fault("tumbling", size, size)}};
}
inline SlidingWindows<WindowTime::Event> sliding(Duration size, Duration slide, WindowShape shape = {}) {
  return {{WindowGrid(size, slide, shape.offset), WindowGrid::fault("sliding", size, slide)}};
}
inline TumblingWindows<WindowTime::Processing> tumbling_processing(Duration size, WindowShape shape = {}) {
  return {{WindowGrid(size, size, shape.offset), WindowGrid::fault("tumbling_processing", size, size)}};
}
inline SlidingWindows<WindowTime::Processing> sliding_processing(Duration size, Duration slide, WindowShape shape = {}) {
  return {{WindowGrid(size, slide, shape.offset), WindowGrid::fault("sliding_processing", size, slide)}};
}

inline SessionWindows<WindowTime::Event, Duration> session(Duration gap) { return {gap, gap_fault(gap)}; }
inline SessionWindows<WindowTime::Processing, Duration> session_processing(Duration gap) { return {gap, gap_fault(gap)}; }
/// `gap_of(record)` is a Duration or a member that is one.
template <class F>
  requires(!std::convertible_to<F, Duration>)
SessionWindows<WindowTime::Event, F> session(F gap_of) { return {std::move(gap_of)}; }
template <class F>
  requires(!std::convertible_to<F, Duration>)
SessionWindows<WindowTime::Processing, F> session_processing(F gap_of) { return {std::move(gap_of)}; }

inline GlobalWindow<Never> global_window() { return {}; }
GlobalWindow<Purging<AfterCount>> count_window(std::int64_t size);
SlidingCountWindow count_window(std::int64_t size, std::int64_t slide);

}  // namespace weir
