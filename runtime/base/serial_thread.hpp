// Disks block, and actors must not. A SerialThread does what it is given one after the other, in the order in which it was
// given, on a thread of its own; who gave it hears of the result by a message that the work itself sends.
//
// Any thread may give it work.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace weir {

class SerialThread {
 public:
  /// Must not throw.
  using Work = std::function<void()>;

  SerialThread() : thread_([this] { loop(); }) {}
  ~SerialThread() { stop(); }
  SerialThread(const SerialThread&) = delete;
  SerialThread& operator=(const SerialThread&) = delete;

  /// Does nothing once stopped.
  void run(Work work);
  /// Waits for the work at hand, and drops what waits behind it. May be called again.
  void stop();

 private:
  void loop();

  std::mutex mutex_;
  std::condition_variable woken_;
  std::deque<Work> waiting_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace weir
