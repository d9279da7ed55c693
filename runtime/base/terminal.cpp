#include <weir/base/terminal.hpp>

#include <algorithm>

#include <sys/ioctl.h>
#include <unistd.h>

namespace weir {

bool is_terminal(std::FILE* stream) { return isatty(fileno(stream)) == 1; }

std::string lines_for_terminal(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size() - 1) + 1;
    text.append(kClearLine).append(lines.substr(0, end));
    lines.remove_prefix(end);
  }
  return text;
}

std::string progress_for_terminal(std::string_view text, std::size_t columns) {
  // The last column stays free: some terminals wrap as soon as it is written.
  return std::string(kClearLine).append(text.substr(0, columns > 0 ? columns - 1 : 0)) + '\r';
}

std::size_t terminal_columns(std::FILE* stream) {
  winsize size{};
  return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace weir
