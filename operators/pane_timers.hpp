// Which pane is due next. Many panes are due at the same time, when a window ends, so they are kept by time. Transient:
// what a pane waits for follows from its state, and entries that no longer hold are skipped when they come up.
// Belongs to one operator; one thread.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include <weir/operators/window.hpp>

namespace weir {

template <class K>
class PaneTimers {
 public:
  struct Item {
    K key;
    Window id;
  };

  void add(std::int64_t time_ms, const K& key, const Window& id) {
    if (taken_ > 0 && time_ms < next_ms()) drop_taken();
    if (!last_ || last_ms_ != time_ms) {
      last_ = &queue_[time_ms];
      last_ms_ = time_ms;
    }
    last_->push_back({key, id});
  }

  bool any_until(std::int64_t time_ms) const { return !queue_.empty() && queue_.begin()->first <= time_ms; }
  bool empty() const { return queue_.empty(); }
  std::int64_t next_ms() const { return queue_.begin()->first; }

  Item front() const { return queue_.begin()->second[taken_]; }
  void pop() {
    auto& items = queue_.begin()->second;
    if (++taken_ < items.size()) return;
    taken_ = 0;
    last_ = nullptr;
    queue_.erase(queue_.begin());
  }

 private:
  void drop_taken() {
    auto& items = queue_.begin()->second;
    items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(std::exchange(taken_, 0)));
  }

  std::map<std::int64_t, std::vector<Item>> queue_;
  std::size_t taken_ = 0;                // of the first time's entries
  std::vector<Item>* last_ = nullptr;    // queue_[last_ms_]
  std::int64_t last_ms_ = 0;
};

}  // namespace weir
