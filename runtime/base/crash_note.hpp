// A process that crashes may do next to nothing, and yet should say in what it crashed. So a thread notes what it is about to call,
// and the handler of the crash's signal, which runs on that thread, reads the note.
//
// The notes of a thread nest; each thread has its own.
#pragma once

#include <string_view>

namespace weir {

/// What is called, and can say so at any moment of the call.
class CrashSite {
 public:
  virtual ~CrashSite() = default;
  /// Called in a signal handler: it neither allocates nor locks. Valid until the call goes on.
  virtual std::string_view crash_site() const noexcept = 0;
};

/// Stands as long as this lives, which the site outlives.
class CrashNote {
 public:
  explicit CrashNote(const CrashSite& site) noexcept;
  ~CrashNote();
  CrashNote(const CrashNote&) = delete;
  CrashNote& operator=(const CrashNote&) = delete;

 private:
  const CrashSite* before_;
};

/// By this thread's innermost note; empty without one. Safe in a signal handler.
std::string_view current_crash_site() noexcept;

}  // namespace weir
