#include <weir/base/serial_thread.hpp>

#include <utility>

namespace weir {

void SerialThread::run(Work work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    waiting_.push_back(std::move(work));
  }
  woken_.notify_one();
}

void SerialThread::stop() {
  std::deque<Work> dropped;  // destroyed outside of the lock: what it holds may be much
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(waiting_);
  }
  woken_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void SerialThread::loop() {
  for (;;) {
    Work work;
    {
      std::unique_lock lock(mutex_);
      woken_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
      if (stopped_) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work();
  }
}

}  // namespace weir
