#include <weir/connectors/format.hpp>

#include <algorithm>

#include <weir/base/text.hpp>

namespace weir {

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

std::optional<Duration> read_duration(std::string_view text) {
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (error == std::errc{} && end == text.data() + text.size()) return Duration(ms);
  auto duration = parse_duration(text);
  return duration ? std::optional(*duration) : std::nullopt;
}

void append_time(std::string& out, EventTime time, TimeStyle style) {
  if (style == TimeStyle::Milliseconds) detail::append_number(out, time.ms);
  else append_text(out, time);
}

}  // namespace weir
