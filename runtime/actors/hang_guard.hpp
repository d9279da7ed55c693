// A call into a job's code that never comes back takes a thread for ever, and soon all of them. What runs such a call notes when it
// began in a CallCell; a HangGuard looks at the cells now and then, on a thread of its own, and tells of a call that has been
// under way for too long. It cannot be ended but with its process.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>

#include <weir/base/time.hpp>

namespace weir {

struct CallCell {
  std::atomic<std::int64_t> began_ns{0};  // of the steady clock; 0: none is under way
  std::atomic<pthread_t> thread{};        // that makes it
};

/// A call is under way as long as this lives.
class CallScope {
 public:
  explicit CallScope(CallCell& cell);
  ~CallScope() { cell_.began_ns.store(0, std::memory_order_release); }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

 private:
  CallCell& cell_;
};

class HangGuard {
 public:
  /// Called once, on the guard's thread: what it was told to watch, and which thread hangs.
  using Hung = std::function<void(const std::string& what, pthread_t thread)>;

  /// 0: nothing hangs too long.
  HangGuard(Duration limit, Hung hung);
  ~HangGuard();
  HangGuard(const HangGuard&) = delete;
  HangGuard& operator=(const HangGuard&) = delete;

  void watch(std::string what, std::shared_ptr<const CallCell> cell);

 private:
  struct Watched {
    std::string what;
    std::shared_ptr<const CallCell> cell;
  };

  void loop();
  const Watched* find_hung() const;

  const Duration limit_;
  const Hung hung_;
  std::mutex mutex_;
  std::condition_variable woken_;
  std::vector<Watched> watched_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace weir
