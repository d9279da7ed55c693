// Programs under test are run as people run them, and killed as machines kill them. What a program
// prints goes to a file that the test can read.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace weir::testing {

/// A running program. One that still runs when this is destroyed is killed.
class Process {
 public:
  /// Starts `program` with `arguments`; standard output and standard error go to `output`.
  Process(const std::filesystem::path& program, const std::vector<std::string>& arguments,
          const std::filesystem::path& output);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Waits for the end at most for so long: the exit status, 128 + signal when a signal ended it, or
  /// nothing when it still runs.
  std::optional<int> wait_for(std::chrono::milliseconds limit);

  /// Sends a signal, as Ctrl-C does SIGINT.
  void signal(int number);

  /// SIGKILL: no destructor runs, no buffer is flushed. Waits until it is gone.
  void kill();

 private:
  std::optional<int> status_;
  pid_t child_ = -1;
  int end_ = -1;  // readable once the child has ended
};

/// Sends a signal to every process whose command line holds these words one after the other; false when there is none.
bool signal_processes(const std::vector<std::string>& words, int number);

/// What a file holds; empty when there is none.
std::string content_of(const std::filesystem::path& file);

}  // namespace weir::testing
