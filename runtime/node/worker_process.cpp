#include <weir/node/worker_process.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>

#include <execinfo.h>
#include <unistd.h>

#include <weir/actors/worker_runtime.hpp>
#include <weir/base/crash_note.hpp>
#include <weir/base/exception_text.hpp>
#include <weir/node/bundle.hpp>
#include <weir/node/job_plan.hpp>

namespace weir {
namespace {

constinit std::atomic<bool> hang_told = false;  // for a signal handler, which can be given nothing
static_assert(std::atomic<bool>::is_always_lock_free);

void print(std::string_view text) { (void)!::write(STDERR_FILENO, text.data(), text.size()); }

/// One line, without memory of its own, and in one piece, since others may be writing.
template <std::size_t N>
void print_line(const std::array<std::string_view, N>& parts) {
  std::array<char, 1000> line;
  char* end = line.data();
  for (const std::string_view part : parts) {
    const std::size_t room = static_cast<std::size_t>(line.data() + line.size() - 1 - end);
    end = std::copy_n(part.data(), std::min(part.size(), room), end);
  }
  *end++ = '\n';
  print({line.data(), end});
}

/// Only what is safe in a signal handler; the signal's name stands in what the daemon says of the process's end.
void on_crash(int signal) {
  std::array<void*, 64> frames{};
  const std::string_view site = current_crash_site();
  if (!site.empty() && !hang_told) print_line<4>({kLastWords, "it crashed in operator '", site, "'"});
  print("the worker crashed; backtrace:\n");
  ::backtrace_symbols_fd(frames.data(), ::backtrace(frames.data(), frames.size()), STDERR_FILENO);
  ::raise(signal);  // the handler is gone by now (SA_RESETHAND): this ends the process
}

void catch_crashes() {
  std::array<void*, 1> first{};
  ::backtrace(first.data(), first.size());  // loads what it needs, which must not happen in the handler
  struct sigaction action {};
  action.sa_handler = on_crash;
  action.sa_flags = SA_RESETHAND | SA_NODEFER;
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) ::sigaction(signal, &action, nullptr);
}

Result<std::shared_ptr<const Plan>> load(const wire::Assign& assign) {
  try {
    const auto bundle = LoadedBundle::load(assign.bundle);
    if (!bundle) return bundle.error();
    return std::make_shared<const Plan>(plan_job(bundle->job(), assign.options, {assign.parallelism, assign.key_groups}));
  } catch (...) {
    return Error{current_exception_text()};
  }
}

}  // namespace

int run_worker_process(const WorkerProcessOptions& options) {
  // What the job prints must not wait in a buffer that is lost when this process is killed, as workers are.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  catch_crashes();
  const auto hung = [limit = options.hang_timeout](const std::string& what, pthread_t thread) {
    const std::string line = std::string(kLastWords) + what + " has not come back for " + std::to_string(limit.count()) + " ms: it loops, or waits for something\n";
    hang_told = true;
    print(line);
    ::pthread_kill(thread, SIGABRT);  // whose backtrace is the one to see
  };
  const auto ran = run_worker({options.job, options.attempt, options.node, options.process, options.hang_timeout, hung, load});
  if (ran) return 0;
  std::cerr << kLastWords << ran.error().message << '\n';
  return 1;
}

}  // namespace weir
