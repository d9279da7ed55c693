// ThreadSanitizer sees only what was compiled with it. CAF comes compiled from the distribution, so
// the atomics that order a send before its receipt, and one message of an actor before the next,
// are invisible, and every hand-over between actors looks like a race. This file, part of the
// thread-sanitized build alone, stands between the program and libcaf_core and tells the sanitizer
// what CAF promises, and no more:
//
//   enqueue(message)  happens before  the receiver's handler of that message
//   enqueue(message)  happens before  its destruction, also where nobody handled it
//   one activation or handler of an actor  happens before  its next handler, and before its
//   destruction whoever launches an actor  happens before  its first handler
//
// The names are CAF 0.17's, mangled; against another version a name is not found and nothing is
// intercepted.
#include <dlfcn.h>

#include <cstddef>

extern "C" {
void __tsan_acquire(void*);
void __tsan_release(void*);
}

namespace {

template <class Function>
Function* original(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

using Actor = char;
constexpr std::ptrdiff_t resumable_offset =
    160;  // of the base class resumable in a scheduled_actor
constexpr std::ptrdiff_t control_block_bytes = 64;  // the control block lies right before its actor

// A visitor holds a pointer to the actor whose message it handles.
Actor* actor_of(void* visitor) { return *static_cast<Actor**>(visitor); }

}  // namespace

#define WEIR_INTERCEPT(result, name, symbol, ...)      \
  extern "C" result name(__VA_ARGS__) __asm__(symbol); \
  constexpr const char* name##_symbol = symbol;        \
  result name(__VA_ARGS__)
#define WEIR_ORIGINAL(name) (*original<decltype(name)>(name##_symbol))

// A unique_ptr passed by value arrives as the address of the pointer.
WEIR_INTERCEPT(void, enqueue_scheduled,
               "_ZN3caf15scheduled_actor7enqueueESt10unique_ptrINS_15mailbox_elementENS_"
               "6detail8disposerEEPNS_14execution_unitE",
               Actor* self, void** message, void* unit) {
  __tsan_release(*message);
  static auto& next = WEIR_ORIGINAL(enqueue_scheduled);
  next(self, message, unit);
}

WEIR_INTERCEPT(void, enqueue_blocking,
               "_ZN3caf14blocking_actor7enqueueESt10unique_ptrINS_15mailbox_elementENS_"
               "6detail8disposerEEPNS_14execution_unitE",
               Actor* self, void** message, void* unit) {
  __tsan_release(*message);
  static auto& next = WEIR_ORIGINAL(enqueue_blocking);
  next(self, message, unit);
}

WEIR_INTERCEPT(int, handle_scheduled,
               "_ZN3caf15scheduled_actor15mailbox_visitorclERNS_15mailbox_elementE", void* visitor,
               void* message) {
  Actor* self = actor_of(visitor);
  __tsan_acquire(message);
  static auto& next = WEIR_ORIGINAL(handle_scheduled);
  const int result = next(visitor, message);
  __tsan_release(self);
  return result;
}

WEIR_INTERCEPT(int, handle_blocking,
               "_ZN3caf14blocking_actor15mailbox_visitorclERNS_15mailbox_elementE", void* visitor,
               void* message) {
  __tsan_acquire(message);
  static auto& next = WEIR_ORIGINAL(handle_blocking);
  return next(visitor, message);
}

WEIR_INTERCEPT(bool, activate, "_ZN3caf15scheduled_actor8activateEPNS_14execution_unitE",
               Actor* self, void* unit) {
  static auto& next = WEIR_ORIGINAL(activate);
  const bool result = next(self, unit);
  __tsan_release(self);
  return result;
}

WEIR_INTERCEPT(int, resume, "_ZThn160_N3caf15scheduled_actor6resumeEPNS_14execution_unitEm",
               Actor* resumable, void* unit, std::size_t most_messages) {
  __tsan_acquire(resumable - resumable_offset);
  static auto& next = WEIR_ORIGINAL(resume);
  return next(resumable, unit, most_messages);
}

WEIR_INTERCEPT(void, launch, "_ZN3caf15scheduled_actor6launchEPNS_14execution_unitEbb", Actor* self,
               void* unit, bool lazy, bool hidden) {
  __tsan_release(self);
  static auto& next = WEIR_ORIGINAL(launch);
  next(self, unit, lazy, hidden);
}

WEIR_INTERCEPT(void, release_actor, "_ZN3caf21intrusive_ptr_releaseEPNS_19actor_control_blockE",
               Actor* control_block) {
  __tsan_release(control_block + control_block_bytes);
  __tsan_acquire(control_block + control_block_bytes);
  static auto& next = WEIR_ORIGINAL(release_actor);
  next(control_block);
}

WEIR_INTERCEPT(void, delete_message, "_ZNK3caf14memory_managed16request_deletionEb", void* message,
               bool decrement) {
  __tsan_acquire(message);
  static auto& next = WEIR_ORIGINAL(delete_message);
  next(message, decrement);
}
