// What all keyed state of one function shares: the key of the record being processed and the clock. A state handle
// is a borrowed pointer to a cell, which finds the current key here.
#pragma once

#include <functional>

#include <weir/base/result.hpp>
#include <weir/state/state_key.hpp>

namespace weir {

/// The key that state handles refer to now. A resource.
class CurrentKey {
 public:
  explicit CurrentKey(std::function<ProcessingTime()> clock) : clock_(std::move(clock)) {}
  CurrentKey(const CurrentKey&) = delete;
  CurrentKey& operator=(const CurrentKey&) = delete;

  /// `group` is the hash that decides the key group: for a key with a scope, such as a window, that of the key alone.
  template <class K>
  void enter(const K& key, std::uint64_t group) {
    key_.group = group;
    key_.bytes.clear();
    append_key(key_.bytes, key);
    hash_ = hash_of(key_);
    entered_ = true;
  }
  void leave() { entered_ = false; }

  const StateKey& key() const {
    if (!entered_) [[unlikely]] {
      throw Failure("keyed state was used where there is no key; use it in process() and on_timer(), not in open()");
    }
    return key_;
  }
  /// The key's place in tables.
  std::uint64_t hash() const { return hash_; }

  /// Never goes back, so that what has expired stays expired.
  ProcessingTime now() {
    latest_ = std::max(latest_, clock_());
    return latest_;
  }

 private:
  std::function<ProcessingTime()> clock_;
  StateKey key_;
  std::uint64_t hash_ = 0;
  bool entered_ = false;
  ProcessingTime latest_;
};

/// The state behind one handle, for all keys of the task.
class StateCell {
 public:
  virtual ~StateCell() = default;
  /// Looks at about `budget` entries and removes those that have expired.
  virtual void expire_some(std::size_t budget) = 0;
};

namespace detail {
/// The cell of a handle, which open() must have bound.
template <class Cell>
Cell& bound(Cell* cell) {
  if (cell == nullptr) [[unlikely]] {
    throw Failure("a state handle was used that open() has not bound; write handle = state.value<T>(\"name\") or the like there");
  }
  return *cell;
}
}  // namespace detail

}  // namespace weir
