// Days and hours in UTC, as numbers: cheap keys. weir::utc_text makes text of times.
#pragma once

#include <cstdint>

#include <weir/base/time.hpp>

namespace nexmark {

/// Days since 1970-01-01. The site's times are after that.
constexpr std::int64_t day_number(weir::EventTime time) { return time.ms / 86'400'000; }

/// 0 … 23
constexpr std::int64_t hour(weir::EventTime time) { return time.ms / 3'600'000 % 24; }

}  // namespace nexmark
