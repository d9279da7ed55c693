#include <weir/actors/hang_guard.hpp>

#include <algorithm>
#include <chrono>

namespace weir {
namespace {

std::int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

CallScope::CallScope(CallCell& cell) : cell_(cell) {
  cell_.thread.store(::pthread_self(), std::memory_order_relaxed);
  cell_.began_ns.store(steady_ns(), std::memory_order_release);
}

HangGuard::HangGuard(Duration limit, Hung hung) : limit_(limit), hung_(std::move(hung)) {
  if (limit_ > Duration(0)) thread_ = std::thread([this] { loop(); });
}

HangGuard::~HangGuard() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void HangGuard::watch(std::string what, std::shared_ptr<const CallCell> cell) {
  const std::lock_guard lock(mutex_);
  watched_.push_back({std::move(what), std::move(cell)});
}

void HangGuard::loop() {
  const Duration every = std::clamp(limit_ / 4, Duration(1), Duration(1000));
  std::unique_lock lock(mutex_);
  while (!woken_.wait_for(lock, every, [this] { return stopping_; })) {
    const Watched* hung = find_hung();
    if (hung == nullptr) continue;
    const Watched found = *hung;
    lock.unlock();
    return hung_(found.what, found.cell->thread.load(std::memory_order_relaxed));
  }
}

const HangGuard::Watched* HangGuard::find_hung() const {
  const std::int64_t latest = steady_ns() - std::chrono::nanoseconds(limit_).count();
  for (const Watched& watched : watched_) {
    const std::int64_t began = watched.cell->began_ns.load(std::memory_order_acquire);
    if (began != 0 && began < latest) return &watched;
  }
  return nullptr;
}

}  // namespace weir
