#include <weir/connectors/format.hpp>

#include <algorithm>
#include <chrono>

namespace weir {
namespace {

constexpr EventTime kFirstIso{-62'167'219'200'000};  // 0000-01-01T00:00:00Z
constexpr EventTime kLastIso{253'402'300'799'999};   // 9999-12-31T23:59:59.999Z

void append_digits(std::string& out, std::int64_t number, int digits) {
  std::array<char, 4> text{};
  for (int i = digits - 1; i >= 0; --i, number /= 10)
    text[static_cast<std::size_t>(i)] = static_cast<char>('0' + number % 10);
  out.append(text.data(), static_cast<std::size_t>(digits));
}

}  // namespace

FormatError format_error(std::string_view file, const Row& row, std::size_t at,
                         std::string_view text) {
  const std::string_view before = row.text.substr(0, at);
  const auto line_begin = before.rfind('\n');
  const std::uint64_t line =
      row.begin.line + static_cast<std::uint64_t>(std::count(before.begin(), before.end(), '\n'));
  const std::uint64_t column = line_begin == std::string_view::npos ? at + 1 : at - line_begin;
  std::string message(file);
  message += ":" + std::to_string(line) + ":" + std::to_string(column) + ": ";
  message += text;
  return {.message = std::move(message), .line = line, .column = column};
}

FormatError row_too_long(std::string_view file, const Row& row) {
  return format_error(
      file, row, 0,
      "row is longer than " + std::to_string(row.text.size()) + " bytes; raise max_row_bytes");
}

std::string quoted_excerpt(std::string_view text, std::size_t max_bytes) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string quoted = "'";
  for (const char c : text.substr(0, max_bytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      quoted += c;
    } else {
      quoted += "\\x";
      quoted += hex[byte / 16];
      quoted += hex[byte % 16];
    }
  }
  if (text.size() > max_bytes) quoted += "...";
  return quoted + "'";
}

void append_time(std::string& out, EventTime time, TimeStyle style) {
  if (style == TimeStyle::Milliseconds || time < kFirstIso || time > kLastIso) {
    detail::append_number(out, time.ms);
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

}  // namespace weir
