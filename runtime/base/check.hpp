// A broken promise inside Weir must surface where it happens, with the values that broke it, and must
// never be mistaken for the user's fault or the environment's. WEIR_CHECK states such a promise; a
// failed one throws Bug, which the task shell catches like any other failure of a task.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace weir {

/// An error in Weir itself. Report it; retrying rarely helps.
class Bug : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

namespace detail {

template <class... Values>
[[noreturn]] void fail_check(const char* condition, const char* file, int line, const char* text,
                             const Values&... values) {
  std::ostringstream message;
  message << "bug: " << text << " (" << condition << " at " << file << ":" << line << ")";
  ((message << ' ' << values), ...);
  throw Bug(message.str());
}

}  // namespace detail
}  // namespace weir

/// Throws Bug with the text, the place and the values when the condition does not hold.
#define WEIR_CHECK(condition, ...)                                                  \
  do {                                                                              \
    if (!(condition)) [[unlikely]] {                                                \
      ::weir::detail::fail_check(#condition, __FILE__, __LINE__, __VA_ARGS__);      \
    }                                                                               \
  } while (false)
