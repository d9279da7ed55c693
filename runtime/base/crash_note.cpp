#include <weir/base/crash_note.hpp>

#include <atomic>
#include <utility>

namespace weir {
namespace {

constinit thread_local const CrashSite* innermost = nullptr;

/// The compiler must not move what is called out of the note: the handler looks in the midst of it.
void seen_by_handlers() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }

}  // namespace

CrashNote::CrashNote(const CrashSite& site) noexcept : before_(std::exchange(innermost, &site)) { seen_by_handlers(); }

CrashNote::~CrashNote() {
  seen_by_handlers();
  innermost = before_;
}

std::string_view current_crash_site() noexcept { return innermost == nullptr ? std::string_view() : innermost->crash_site(); }

}  // namespace weir
