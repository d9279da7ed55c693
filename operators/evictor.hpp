// Which records of a window its function sees. An evictor may drop records each time the window fires, before the function
// runs or, wrapped in evict_after(…), behind it; what it drops is gone from the window. A window with an evictor keeps its
// records one by one, so use one only where an aggregate cannot do.
//
//   keep_last(n)                 the n that came last
//   keep_recent(10s)             those less than that older than the newest
//   keep_near(threshold, f)      those for which f(record, last record) < threshold
//
// An evictor of your own is a copyable type with
//   template <class T> void evict(std::vector<WindowElement<T>>& elements, const Window& window) const
// All are values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <weir/operators/window.hpp>

namespace weir {

template <class E, class T>
concept Evictor = std::copy_constructible<E> &&
                  requires(const E& evictor, std::vector<WindowElement<T>>& elements, const Window& window) {
                    evictor.evict(elements, window);
                  };

/// What windows have unless they are given one.
struct NoEvictor {
  template <class T>
  void evict(std::vector<WindowElement<T>>&, const Window&) const {}
};

struct KeepLast {
  std::size_t count;
  template <class T>
  void evict(std::vector<WindowElement<T>>& elements, const Window&) const {
    if (elements.size() > count) elements.erase(elements.begin(), elements.end() - static_cast<std::ptrdiff_t>(count));
  }
};

struct KeepRecent {
  Duration age;
  template <class T>
  void evict(std::vector<WindowElement<T>>& elements, const Window&) const {
    EventTime newest = EventTime::min();
    for (const auto& element : elements) newest = std::max(newest, element.time);
    std::erase_if(elements, [&](const auto& element) { return element.time <= newest - age; });
  }
};

template <class F>
struct KeepNear {
  double threshold;
  F distance;
  template <class T>
  void evict(std::vector<WindowElement<T>>& elements, const Window&) const {
    if (elements.empty()) return;
    const T last = elements.back().record;
    std::erase_if(elements, [&](const auto& element) { return std::invoke(distance, element.record, last) >= threshold; });
  }
};

/// Evicts behind the function instead of before it.
template <class E>
struct EvictAfter {
  E evictor;
  template <class T>
  void evict(std::vector<WindowElement<T>>& elements, const Window& window) const { evictor.evict(elements, window); }
};

template <class E>
inline constexpr bool kEvictsAfter = false;
template <class E>
inline constexpr bool kEvictsAfter<EvictAfter<E>> = true;

inline KeepLast keep_last(std::size_t count) { return {count}; }
inline KeepRecent keep_recent(Duration age) { return {age}; }
template <class F>
KeepNear<F> keep_near(double threshold, F distance) { return {threshold, std::move(distance)}; }
template <class E>
EvictAfter<E> evict_after(E evictor) { return {std::move(evictor)}; }

}  // namespace weir
