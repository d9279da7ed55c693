#include <weir/base/text.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace weir {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t size;
};

constexpr std::array kDurations = {Unit{"ms", 1},        Unit{"s", 1000},       Unit{"min", 60'000},
                                   Unit{"m", 60'000},    Unit{"h", 3'600'000},  Unit{"d", 86'400'000}};
constexpr std::array kSizes = {Unit{"", 1},
                               Unit{"B", 1},
                               Unit{"KB", 1000},
                               Unit{"MB", 1000'000},
                               Unit{"GB", 1000'000'000},
                               Unit{"KiB", 1024},
                               Unit{"MiB", 1024 * 1024},
                               Unit{"GiB", 1024 * 1024 * 1024}};

template <std::size_t N>
std::optional<std::int64_t> parse_quantity(std::string_view text, const std::array<Unit, N>& units) {
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const Unit& unit : units) {
    std::int64_t total = 0;
    if (unit.name == rest && !__builtin_mul_overflow(number, unit.size, &total)) return total;
  }
  return std::nullopt;
}

/// Reads exactly `digits` digits at the front of `text` and drops them.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool take_sign(std::string_view& text, std::string_view signs) {
  if (text.empty() || signs.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// Milliseconds since midnight of "hh:mm[:ss[.fraction]]", dropping what it read.
std::optional<std::int64_t> take_time_of_day(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take_sign(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  std::int64_t ms = (*hour * 60 + *minute) * 60'000LL;
  if (!take_sign(text, ":")) return ms;
  const auto second = take_number(text, 2);
  if (!second || *second > 60) return std::nullopt;
  ms += *second * 1000LL;
  if (!take_sign(text, ".")) return ms;
  int scale = 100;
  bool any = false;
  while (const auto digit = take_number(text, 1)) {
    ms += *digit * scale;
    scale /= 10;
    any = true;
  }
  if (!any) return std::nullopt;
  return ms;
}

/// Milliseconds that a zone is ahead of UTC, of "Z", "+hh", "+hhmm", "+hh:mm" or nothing, dropping what it read.
std::optional<std::int64_t> take_zone(std::string_view& text) {
  if (text.empty() || take_sign(text, "Zz")) return 0;
  const std::int64_t sign = text.front() == '-' ? -1 : 1;
  if (!take_sign(text, "+-")) return std::nullopt;
  const auto hours = take_number(text, 2);
  if (!hours || *hours > 23) return std::nullopt;
  if (text.empty()) return sign * *hours * 3'600'000LL;
  take_sign(text, ":");
  const auto minutes = take_number(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return sign * (*hours * 60 + *minutes) * 60'000LL;
}

constexpr EventTime kFirstIso{-62'167'219'200'000};  // 0000-01-01T00:00:00Z
constexpr EventTime kLastIso{253'402'300'799'999};   // 9999-12-31T23:59:59.999Z

void append_digits(std::string& out, std::int64_t number, int digits) {
  std::array<char, 4> text{};
  for (int i = digits - 1; i >= 0; --i, number /= 10)
    text[static_cast<std::size_t>(i)] = static_cast<char>('0' + number % 10);
  out.append(text.data(), static_cast<std::size_t>(digits));
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration(0);
  if (const auto ms = parse_quantity(text, kDurations)) return Duration(*ms);
  return Error{"'" + std::string(text) + "' is not a duration; write 250ms, 10s, 5min, 2h or 7d"};
}

std::string to_text(Duration duration) {
  const std::int64_t ms = duration.count();
  if (ms == 0) return "0s";
  for (const Unit& unit : {Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"min", 60'000}, Unit{"s", 1000}}) {
    if (ms % unit.size == 0) return std::to_string(ms / unit.size) + std::string(unit.name);
  }
  return std::to_string(ms) + "ms";
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  if (const auto bytes = parse_quantity(text, kSizes)) return static_cast<std::uint64_t>(*bytes);
  return Error{"'" + std::string(text) + "' is not a size; write 512, 64KiB, 16MiB or 1GiB"};
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array kUnits = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  double size = static_cast<double>(bytes);
  for (; size >= 1024 && unit + 1 < kUnits.size(); ++unit) size /= 1024;
  std::array<char, 64> text{};
  const bool whole = size >= 1000 || std::abs(size - std::round(size)) < 0.05;
  std::snprintf(text.data(), text.size(), whole ? "%.0f %s" : "%.1f %s", size, kUnits[unit]);
  return text.data();
}

std::optional<EventTime> parse_event_time(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return EventTime{number};

  const auto year = take_number(text, 4);
  if (!year || !take_sign(text, "-")) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take_sign(text, "-")) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  std::int64_t ms = duration_cast<milliseconds>(sys_days(date).time_since_epoch()).count();
  if (take_sign(text, "T ")) {
    const auto of_day = take_time_of_day(text);
    const auto zone = of_day ? take_zone(text) : std::nullopt;
    if (!zone) return std::nullopt;
    ms += *of_day - *zone;
  } else {
    take_sign(text, "Zz");
  }
  if (!text.empty()) return std::nullopt;
  return EventTime{ms};
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : between).append(word);
  return text;
}

void append_text(std::string& out, EventTime time) {
  if (time < kFirstIso || time > kLastIso) {
    out += std::to_string(time.ms);
    return;
  }
  using namespace std::chrono;
  const sys_time<milliseconds> point{milliseconds(time.ms)};
  const auto midnight = floor<days>(point);
  const year_month_day date{midnight};
  const std::int64_t of_day = (point - midnight).count();
  append_digits(out, static_cast<int>(date.year()), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_digits(out, of_day / 3'600'000, 2);
  out += ':';
  append_digits(out, of_day / 60'000 % 60, 2);
  out += ':';
  append_digits(out, of_day / 1000 % 60, 2);
  if (of_day % 1000 != 0) {
    out += '.';
    append_digits(out, of_day % 1000, 3);
  }
  out += 'Z';
}

std::string to_text(EventTime time) {
  if (time == EventTime::min()) return "beginning of time";
  if (time == EventTime::max()) return "end of time";
  std::string text;
  append_text(text, time);
  return text;
}

}  // namespace weir
