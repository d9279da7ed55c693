// A list per key. Each element is an entry of its own, numbered: adding one costs that element, in time and in
// the next checkpoint, however long the list. Where a key's list begins and ends is kept in memory and found again on
// restore. With a time to live every element expires by itself.
#pragma once

#include <algorithm>
#include <unordered_map>
#include <vector>

#include <weir/state/operator_state.hpp>
#include <weir/state/state_cell.hpp>
#include <weir/state/time_to_live.hpp>

namespace weir {

template <class T>
class ListCell final : public StateCell {
 public:
  ListCell(OperatorState& state, CurrentKey& current, const std::string& name, const StateOptions& options)
      : current_(current), time_to_live_(options), table_(state.table<Place, Kept<T>>(name)) {
    table_.for_each([&](const Place& place, const Kept<T>&) {
      const auto [at, added] = spans_.try_emplace(place.key, Span{place.scope, place.scope + 1, 0});
      Span& span = at->second;
      span.begin = std::min(span.begin, place.scope);
      span.end = std::max(span.end, place.scope + 1);
      ++span.count;
    });
  }

  void add(T value) {
    Span& span = spans_[current_.key()];
    table_.put({current_.key(), span.end}, {std::move(value), time_to_live_.deadline(current_.now())});
    ++span.end;
    ++span.count;
  }

  /// Calls visit(element) from the first to the last.
  template <class Visitor>
  void visit(Visitor&& visitor) {
    expire_current();
    const auto found = spans_.find(current_.key());
    if (found == spans_.end()) return;
    const Span span = found->second;
    for (std::uint64_t number = span.begin; number < span.end; ++number) {
      if (const Kept<T>* kept = table_.find({current_.key(), number})) visitor(read(number, *kept));
    }
  }

  /// Without a time to live, at once; with one, looks at every element.
  std::size_t size() {
    expire_current();
    const auto found = spans_.find(current_.key());
    return found == spans_.end() ? 0 : found->second.count;
  }

  const T* front() {
    const Kept<T>* kept = first();
    return kept == nullptr ? nullptr : &read(spans_.find(current_.key())->second.begin, *kept);
  }

  void pop_front() {
    if (first() != nullptr) remove(spans_.find(current_.key())->second.begin);
  }

  void clear() {
    const auto found = spans_.find(current_.key());
    if (found == spans_.end()) return;
    for (std::uint64_t number = found->second.begin; number < found->second.end; ++number) table_.erase({current_.key(), number});
    spans_.erase(found);
  }

  void expire_some(std::size_t budget) override {
    if (!time_to_live_.limited()) return;
    const ProcessingTime now = current_.now();
    swept_ = table_.erase_some(swept_, budget, [&](const Place& place, const Kept<T>& kept) {
      if (!time_to_live_.expired(kept.expires_ms, now)) return false;
      removed(place.key, place.scope);
      return true;
    });
  }

 private:
  using Place = Scoped<StateKey, std::uint64_t>;
  struct Span {  // element numbers in [begin, end), some of which may be gone
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::size_t count = 0;
  };
  struct Hash {
    std::size_t operator()(const StateKey& key) const { return hash_of(key); }
  };

  const T& read(std::uint64_t number, const Kept<T>& kept) {
    if (time_to_live_.refreshed_by_reading()) {
      table_.edit({current_.key(), number}).expires_ms = time_to_live_.deadline(current_.now());
    }
    return kept.value;
  }

  /// The first element, at its span's begin; nullptr when there is none.
  const Kept<T>* first() {
    for (auto found = spans_.find(current_.key()); found != spans_.end(); found = spans_.find(current_.key())) {
      const std::uint64_t number = found->second.begin;
      const Kept<T>* kept = table_.find({current_.key(), number});
      if (kept == nullptr) ++found->second.begin;
      else if (!time_to_live_.expired(kept->expires_ms, current_.now())) return kept;
      else remove(number);
    }
    return nullptr;
  }

  void expire_current() {
    if (!time_to_live_.limited()) return;
    const ProcessingTime now = current_.now();
    const auto found = spans_.find(current_.key());
    if (found == spans_.end()) return;
    const Span span = found->second;
    for (std::uint64_t number = span.begin; number < span.end; ++number) {
      const Kept<T>* kept = table_.find({current_.key(), number});
      if (kept != nullptr && time_to_live_.expired(kept->expires_ms, now)) remove(number);
    }
  }

  void remove(std::uint64_t number) {
    table_.erase({current_.key(), number});
    removed(current_.key(), number);
  }

  void removed(const StateKey& key, std::uint64_t number) {
    const auto found = spans_.find(key);
    Span& span = found->second;
    if (number == span.begin) ++span.begin;
    if (--span.count == 0) spans_.erase(found);
  }

  CurrentKey& current_;
  TimeToLive time_to_live_;
  StateTable<Place, Kept<T>>& table_;
  std::unordered_map<StateKey, Span, Hash> spans_;
  std::uint32_t swept_ = 0;
};

/// The list of the current key. Borrows its cell; copies refer to the same state.
template <class T>
class List {
 public:
  List() = default;
  explicit List(ListCell<T>& cell) : cell_(&cell) {}

  void add(T value) { detail::bound(cell_).add(std::move(value)); }
  std::size_t size() const { return detail::bound(cell_).size(); }
  bool empty() const { return size() == 0; }
  /// Calls visit(const T&) for every element in order of adding. The visitor must not change the list.
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    detail::bound(cell_).visit(visit);
  }
  /// A copy of the elements.
  std::vector<T> values() const {
    std::vector<T> copy;
    for_each([&](const T& value) { copy.push_back(value); });
    return copy;
  }
  /// The oldest element; nullptr when there is none. Valid until the next change.
  const T* front() const { return detail::bound(cell_).front(); }
  void pop_front() { detail::bound(cell_).pop_front(); }
  void clear() { detail::bound(cell_).clear(); }

 private:
  ListCell<T>* cell_ = nullptr;
};

}  // namespace weir
