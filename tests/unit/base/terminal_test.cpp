// What rows, log lines and the progress line leave on a terminal, on one small enough to play.
#include <doctest/doctest.h>

#include <vector>

#include <weir/base/terminal.hpp>

using namespace weir;

namespace {

/// Knows what the convention needs: text, line feed, carriage return, and clearing to the end of the line.
std::vector<std::string> shown(const std::string& written) {
  std::vector<std::string> lines(1);
  std::size_t column = 0;
  for (std::size_t i = 0; i < written.size(); ++i) {
    std::string& line = lines.back();
    if (written[i] == '\n') {
      lines.emplace_back();
      column = 0;
    } else if (written[i] == '\r') {
      column = 0;
    } else if (written.compare(i, 3, "\033[K") == 0) {
      line.resize(std::min(column, line.size()));
      i += 2;
    } else {
      line.resize(std::max(line.size(), column + 1), ' ');
      line[column++] = written[i];
    }
  }
  return lines;
}

}  // namespace

TEST_CASE("rows take the place of the progress line, which comes back beneath them") {
  const std::string progress = progress_for_terminal("job: 1234567 records, 99 M/s", 80);
  CHECK(shown(progress + lines_for_terminal("a 1\nb 2\n") + progress) ==
        std::vector<std::string>{"a 1", "b 2", "job: 1234567 records, 99 M/s"});
  CHECK(shown(lines_for_terminal("a 1\n") + progress + "^C" + lines_for_terminal("b 2\n\nc 3\n")) ==
        std::vector<std::string>{"a 1", "b 2", "", "c 3", ""});
}

TEST_CASE("a progress line never wraps, and a shorter one leaves nothing of a longer one") {
  CHECK(shown(progress_for_terminal("0123456789", 8)) == std::vector<std::string>{"0123456"});
  CHECK(shown(progress_for_terminal("0123456789", 80) + progress_for_terminal("abc", 80)) == std::vector<std::string>{"abc"});
  CHECK(shown(progress_for_terminal("abc", 0)) == std::vector<std::string>{""});
}
