#include "support/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/process_ports.hpp"

namespace weir::testing {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// In the child: nothing here may allocate, since other threads may have held the allocator's lock.
[[noreturn]] void become(char* const* arguments, int output) {
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  execv(arguments[0], arguments);
  _exit(127);
}

}  // namespace

Process::Process(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                 const std::filesystem::path& output) {
  std::vector<std::string> words = {program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) fail("cannot write " + output.string());
  child_ = fork();
  if (child_ == 0) become(pointers.data(), file);
  close(file);
  if (child_ < 0) fail("cannot start " + program.string());
  end_ = static_cast<int>(syscall(SYS_pidfd_open, child_, 0));
  if (end_ < 0) fail("cannot watch " + program.string());
}

Process::~Process() {
  kill();
  close(end_);
}

std::optional<int> Process::wait_for(std::chrono::milliseconds limit) {
  if (status_) return status_;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  pollfd ended{end_, POLLIN, 0};
  for (int ready = 0; ready <= 0;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() < 0) return std::nullopt;
    ready = poll(&ended, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) fail("cannot wait for a child");
    if (ready == 0) return std::nullopt;
  }
  int status = 0;
  if (waitpid(child_, &status, 0) != child_) fail("cannot wait for a child");
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return status_;
}

void Process::signal(int number) {
  if (!status_) ::kill(child_, number);
}

void Process::kill() {
  if (status_) return;
  ::kill(child_, SIGKILL);
  wait_for(std::chrono::hours(1));
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

bool signal_processes(const std::vector<std::string>& words, int number) {
  bool found = false;
  for (const pid_t process : processes_with(words)) found |= ::kill(process, number) == 0;
  return found;
}

}  // namespace weir::testing
