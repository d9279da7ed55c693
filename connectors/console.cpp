#include <weir/connectors/console.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>

#include <weir/base/terminal.hpp>

namespace weir {
namespace {

constexpr std::string_view kGap = "  ";  // between columns

/// How many places a text takes, taking each code point of UTF-8 for one.
std::size_t places(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

namespace detail {

std::string rounded(double number) {
  constexpr std::size_t kReadable = 8;  // characters that need no rounding
  constexpr int kDigits = 6;
  std::array<char, 64> text{};
  auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  if (static_cast<std::size_t>(end - text.data()) <= kReadable || !std::isfinite(number))
    return {text.data(), end};
  const double size = std::abs(number);
  if (size < 1e-4 || size >= 1e15) {
    end = std::to_chars(text.data(), text.data() + text.size(), number,
                        std::chars_format::scientific, kDigits - 1)
              .ptr;
    return {text.data(), end};
  }
  const int whole = std::max(1, static_cast<int>(std::floor(std::log10(size))) + 1);
  end = std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed,
                      std::max(0, kDigits - whole))
            .ptr;
  std::string_view shown(text.data(), static_cast<std::size_t>(end - text.data()));
  if (shown.find('.') != std::string_view::npos) {
    shown = shown.substr(0, shown.find_last_not_of('0') + 1);
    if (shown.ends_with('.')) shown.remove_suffix(1);
  }
  return std::string(shown);
}

std::string in_one_line(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (c == '\t') {
      line += "\\t";
    } else {
      ((line += "\\x") += hex[byte / 16]) += hex[byte % 16];
    }
  }
  return line;
}

}  // namespace detail

void ConsoleScreen::print(std::string_view header, std::string_view lines) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(begun_, true)) write(header);
  write(lines);
}

void ConsoleScreen::print(const std::vector<std::string>& names,
                          const std::vector<TableRow>& rows) {
  const std::lock_guard lock(mutex_);
  for (const TableRow& row : rows) widen(row);
  std::string text;
  if (!std::exchange(begun_, true) && !names.empty()) {
    TableRow head;
    for (std::size_t i = 0; i < names.size(); ++i) {
      head.push_back({names[i], rows.empty() ? TableCell::Align::Left : rows.front()[i].align});
    }
    widen(head);
    append_line(text, head);
    for (std::size_t i = 0; i < head.size(); ++i) head[i].text = std::string(widths_[i], '-');
    append_line(text, head);
  }
  for (const TableRow& row : rows) append_line(text, row);
  write(text);
}

void ConsoleScreen::widen(const TableRow& row) {
  widths_.resize(std::max(widths_.size(), row.size()));
  for (std::size_t i = 0; i < row.size(); ++i)
    widths_[i] = std::max(widths_[i], places(row[i].text));
}

void ConsoleScreen::append_line(std::string& text, const TableRow& row) const {
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string blanks(widths_[i] - places(row[i].text), ' ');
    if (i > 0) text += kGap;
    if (row[i].align == TableCell::Align::Right) text += blanks;
    text += row[i].text;
    if (row[i].align == TableCell::Align::Left && i + 1 < row.size()) text += blanks;
  }
  text += '\n';
}

void ConsoleScreen::write(std::string_view text) {
  const std::string shown = is_terminal(out_) ? lines_for_terminal(text) : std::string();
  if (!shown.empty()) text = shown;
  flockfile(out_);  // the progress line must not come between pieces of a line
  const bool written = std::fwrite(text.data(), 1, text.size(), out_) == text.size() && std::fflush(out_) == 0;
  const int code = errno;
  funlockfile(out_);
  if (!written) throw Failure(std::string("cannot write to the console: ") + std::strerror(code));
}

}  // namespace weir
