// Days and times of day in UTC.
#pragma once

#include <cstdint>
#include <string>

#include <weir/base/time.hpp>

namespace nexmark {

/// Days since 1970-01-01: a cheap key.
constexpr std::int64_t day_number(weir::EventTime time) {
  constexpr std::int64_t day_ms = 86'400'000;
  return (time.ms >= 0 ? time.ms : time.ms - day_ms + 1) / day_ms;
}
constexpr std::int64_t minute_number(weir::EventTime time) {
  return (time.ms - day_number(time) * 86'400'000) / 60'000;
}
constexpr std::int64_t hour(weir::EventTime time) { return minute_number(time) / 60; }

std::string day_text(std::int64_t day_number);        // 2015-07-15
std::string minute_text(std::int64_t minute_number);  // 09:41

}  // namespace nexmark
