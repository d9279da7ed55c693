#include <weir/node/run_program.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostOutput = 1 << 20;

/// Until the program closes its output. Nothing when that takes too long.
std::optional<std::string> read_all(int output, Clock::time_point end) {
  std::string text;
  std::array<char, 4096> piece{};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0) return std::nullopt;
    pollfd readable{output, POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(left.count())) <= 0) continue;
    const ssize_t count = ::read(output, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(piece.data(), std::min(static_cast<std::size_t>(count), kMostOutput - text.size()));
  }
}

}  // namespace

Result<ProgramRun> run_program(const std::vector<std::string>& command, const ProgramLimits& limits) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return Error{std::string("no pipe: ") + std::strerror(errno)};
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) become_program(words.data(), {parent, pipe[1], limits.memory_bytes});
  ::close(pipe[1]);
  if (child < 0) {
    ::close(pipe[0]);
    return Error{std::string("no process: ") + std::strerror(errno)};
  }
  auto output = read_all(pipe[0], Clock::now() + limits.time);
  ::close(pipe[0]);
  if (!output) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  if (!output) return Error{command.front() + " did not end within " + std::to_string(limits.time.count()) + " ms"};
  if (WIFSIGNALED(status)) return ProgramRun{128 + WTERMSIG(status), WTERMSIG(status), std::move(*output)};
  return ProgramRun{WEXITSTATUS(status), 0, std::move(*output)};
}

}  // namespace weir
