// People write durations, sizes and times as text, in options and in files. These functions read them
// strictly: a value that is not wholly understood is an error that says what would be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/base/time.hpp>

namespace weir {

/// Reads "250ms", "10s", "5min", "2h", "7d"; a bare "0" needs no unit.
Result<Duration> parse_duration(std::string_view text);

/// Writes a duration in its largest exact unit: 90000 ms is "90s".
std::string to_text(Duration duration);

/// Reads "512", "64KiB", "16MiB", "1GiB" (also KB, MB, GB as powers of 1000): bytes.
Result<std::uint64_t> parse_bytes(std::string_view text);

/// Writes a size for people, in the largest unit that it has one of, with a digit behind the point where there are few:
/// "195.3 KiB", "64 GiB", "512 bytes".
std::string bytes_text(std::uint64_t bytes);

/// The words with `between` between them.
std::string joined(const std::vector<std::string>& words, std::string_view between);

/// Reads ISO 8601: 2001-01-01, 2001-01-01T00:47, …:00, …:00.250, blank for T, in UTC, with or without Z, or with an offset
/// from it: +02:00, -0730, +01. Or a plain integer, as milliseconds since 1970; so 20240101 is in 1970, not in 2024. Empty when
/// it is none of these.
std::optional<EventTime> parse_event_time(std::string_view text);

/// Appends a time as people and other programs read it everywhere: ISO 8601 in UTC, with milliseconds only where there are any.
/// Times outside the years 0 to 9999 have no such form and are written as milliseconds since 1970.
void append_text(std::string& out, EventTime time);

}  // namespace weir
