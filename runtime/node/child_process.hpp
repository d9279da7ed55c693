// Between fork and exec, where nothing may allocate or lock: the child becomes a program whose output goes to who started it, and
// which dies with the thread that did.
#pragma once

#include <cstdint>

#include <sys/types.h>

namespace weir {

struct ChildOptions {
  pid_t parent = 0;                // its process id, as of before the fork
  int output = -1;                 // a descriptor, for standard output and standard error
  std::uint64_t memory_bytes = 0;  // that it may have; 0: no limit
};

/// The exit status of a child that could not become the program, as shells have it.
inline constexpr int kNotStarted = 127;

/// `words`: the program's file, its arguments, and a null pointer.
[[noreturn]] void become_program(char* const* words, const ChildOptions& options);

}  // namespace weir
