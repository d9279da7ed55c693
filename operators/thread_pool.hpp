// Functions that block must not block a task. A pool runs them on threads of its own, first come, first served.
//
// Any thread may call run(). Destroying the pool drops the jobs that have not begun and waits for those that have, so a job
// that never ends keeps its pool, and the task that owns it, alive. A job must not throw.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weir {

class ThreadPool {
 public:
  using Job = std::function<void()>;

  explicit ThreadPool(std::size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void run(Job job);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace weir
