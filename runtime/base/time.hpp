// Streams live in two times: event time, which records carry, and processing time, which the machine's
// clock tells. Mixing them is the classic mistake, so event time has a type of its own. Both count
// milliseconds; durations are std::chrono's.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <ostream>
#include <string>

namespace weir {

using namespace std::chrono_literals;  // 5s, 10min: wherever weir's names are at hand

/// A length of time, in whole milliseconds.
using Duration = std::chrono::milliseconds;

/// When something happened in the world, in milliseconds since 1970-01-01T00:00:00Z.
struct EventTime {
  std::int64_t ms = 0;

  static constexpr EventTime min() { return {std::numeric_limits<std::int64_t>::min()}; }
  static constexpr EventTime max() { return {std::numeric_limits<std::int64_t>::max()}; }

  friend constexpr auto operator<=>(EventTime, EventTime) = default;
};

namespace detail {
constexpr std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}
}  // namespace detail

/// Addition and subtraction saturate, so that the ends of time stay the ends of time.
constexpr EventTime operator+(EventTime t, Duration d) { return {detail::saturating_add(t.ms, d.count())}; }
constexpr EventTime operator-(EventTime t, Duration d) { return {detail::saturating_add(t.ms, -d.count())}; }
constexpr Duration operator-(EventTime a, EventTime b) { return Duration(a.ms - b.ms); }

/// For messages: ISO 8601 in UTC, 2001-01-01T00:47:00Z, as append_text in text.hpp has it; the ends of time by name.
std::string to_text(EventTime time);

inline std::ostream& operator<<(std::ostream& out, EventTime time) { return out << to_text(time); }

/// A reading of the processing-time clock, in milliseconds since 1970-01-01T00:00:00Z.
struct ProcessingTime {
  std::int64_t ms = 0;

  static constexpr ProcessingTime max() { return {std::numeric_limits<std::int64_t>::max()}; }
  friend constexpr auto operator<=>(ProcessingTime, ProcessingTime) = default;
};

constexpr ProcessingTime operator+(ProcessingTime t, Duration d) {
  return {detail::saturating_add(t.ms, d.count())};
}
constexpr Duration operator-(ProcessingTime a, ProcessingTime b) { return Duration(a.ms - b.ms); }

/// Of those that there are; none when there is none.
constexpr std::optional<ProcessingTime> earliest(std::initializer_list<std::optional<ProcessingTime>> times) {
  std::optional<ProcessingTime> first;
  for (const auto& time : times) {
    if (time && (!first || *time < *first)) first = time;
  }
  return first;
}

}  // namespace weir
