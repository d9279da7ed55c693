#include <weir/node/child_process.hpp>

#include <csignal>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace weir {

void become_program(char* const* words, const ChildOptions& options) {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);  // the daemon's threads block those that end it
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != options.parent) ::_exit(kNotStarted);
  const rlimit memory{options.memory_bytes, options.memory_bytes};
  if (options.memory_bytes > 0) ::setrlimit(RLIMIT_DATA, &memory);
  ::dup2(options.output, STDOUT_FILENO);
  ::dup2(options.output, STDERR_FILENO);
  ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
  ::execv(words[0], words);
  ::_exit(kNotStarted);
}

}  // namespace weir
