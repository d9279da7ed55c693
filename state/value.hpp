// One value per key, used like an optional:
//
//   weir::Value<double> last;
//   last = state.value<double>("last");                              // in open()
//   if (last && payment.amount > 10 * *last) ...; last.set(payment.amount);
#pragma once

#include <utility>

#include <weir/state/operator_state.hpp>
#include <weir/state/state_cell.hpp>
#include <weir/state/time_to_live.hpp>

namespace weir {

template <class T>
class ValueCell final : public StateCell {
 public:
  ValueCell(OperatorState& state, CurrentKey& current, const std::string& name, const StateOptions& options)
      : current_(current), time_to_live_(options), table_(state.table<StateKey, Kept<T>>(name)) {}

  const T* get() {
    const Kept<T>* kept = table_.find(current_.key(), current_.hash());
    if (kept == nullptr) return nullptr;
    if (time_to_live_.expired(kept->expires_ms, current_.now())) {
      clear();
      return nullptr;
    }
    if (time_to_live_.refreshed_by_reading()) touch(table_.edit(current_.key(), current_.hash()));
    return &kept->value;
  }

  T& edit() {
    Kept<T>& kept = table_.edit(current_.key(), current_.hash());
    if (time_to_live_.expired(kept.expires_ms, current_.now())) kept.value = T{};
    touch(kept);
    return kept.value;
  }

  void clear() { table_.erase(current_.key(), current_.hash()); }

  void expire_some(std::size_t budget) override {
    if (!time_to_live_.limited()) return;
    const ProcessingTime now = current_.now();
    swept_ = table_.erase_some(swept_, budget, [&](const StateKey&, const Kept<T>& kept) {
      return time_to_live_.expired(kept.expires_ms, now);
    });
  }

 private:
  void touch(Kept<T>& kept) {
    if (time_to_live_.limited()) kept.expires_ms = time_to_live_.deadline(current_.now());
  }

  CurrentKey& current_;
  TimeToLive time_to_live_;
  StateTable<StateKey, Kept<T>>& table_;
  std::uint32_t swept_ = 0;
};

/// The value of the current key. Borrows its cell; copies refer to the same state.
template <class T>
class Value {
 public:
  Value() = default;
  explicit Value(ValueCell<T>& cell) : cell_(&cell) {}

  /// nullptr when there is none. Valid until the next change.
  const T* get() const { return detail::bound(cell_).get(); }
  explicit operator bool() const { return get() != nullptr; }
  const T& operator*() const {
    const T* value = get();
    if (value == nullptr) [[unlikely]] throw Failure("state was read that has no value for this key; ask first: if (handle) ...");
    return *value;
  }
  const T* operator->() const { return &**this; }
  T value_or(T other) const {
    const T* value = get();
    return value == nullptr ? std::move(other) : *value;
  }

  void set(T value) { detail::bound(cell_).edit() = std::move(value); }
  /// The value to change in place, T{} when there was none. Use it at once: never keep it for the next record.
  T& edit() { return detail::bound(cell_).edit(); }
  void clear() { detail::bound(cell_).clear(); }

 private:
  ValueCell<T>* cell_ = nullptr;
};

}  // namespace weir
