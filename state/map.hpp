// A map per key, walked in order of its own keys. Each entry is stored by itself: a change costs that entry, in time and
// in the next checkpoint, however large the map. With a time to live every entry expires by itself.
#pragma once

#include <optional>
#include <vector>

#include <weir/state/scoped_table.hpp>
#include <weir/state/state_cell.hpp>
#include <weir/state/time_to_live.hpp>

namespace weir {

template <class K, class V>
class MapCell final : public StateCell {
 public:
  MapCell(OperatorState& state, CurrentKey& current, const std::string& name, const StateOptions& options)
      : current_(current), time_to_live_(options), table_(state, name) {}

  const V* get(const K& key) {
    const Kept<V>* kept = table_.find(current_.key(), key);
    if (kept == nullptr) return nullptr;
    if (time_to_live_.expired(kept->expires_ms, current_.now())) {
      erase(key);
      return nullptr;
    }
    if (time_to_live_.refreshed_by_reading()) touch(table_.edit(current_.key(), key));
    return &kept->value;
  }

  V& edit(const K& key) {
    Kept<V>& kept = table_.edit(current_.key(), key);
    if (time_to_live_.expired(kept.expires_ms, current_.now())) kept.value = V{};
    touch(kept);
    return kept.value;
  }

  bool erase(const K& key) {
    const Kept<V>* kept = table_.find(current_.key(), key);
    const bool visible = kept != nullptr && !time_to_live_.expired(kept->expires_ms, current_.now());
    return table_.erase(current_.key(), key) && visible;
  }

  /// Calls visit(key, value) in order, from the first key not less than `from`, while it returns true.
  template <class Visitor>
  void visit(const std::optional<K>& from, Visitor&& visitor) {
    const auto* keys = table_.scopes(current_.key());
    if (keys == nullptr) return;
    visit(from ? keys->lower_bound(*from) : keys->begin(), keys->end(), visitor);
  }
  /// The same in reverse order, from the last key.
  template <class Visitor>
  void visit_back(Visitor&& visitor) {
    const auto* keys = table_.scopes(current_.key());
    if (keys != nullptr) visit(keys->rbegin(), keys->rend(), visitor);
  }

  /// Without a time to live, at once; with one, looks at every entry.
  std::size_t size() {
    const auto* keys = table_.scopes(current_.key());
    if (keys == nullptr) return 0;
    if (!time_to_live_.limited()) return keys->size();
    std::size_t count = 0;
    for (const K& key : *keys) {
      count += time_to_live_.expired(table_.find(current_.key(), key)->expires_ms, current_.now()) ? 0 : 1;
    }
    return count;
  }

  void clear() {
    while (const auto* keys = table_.scopes(current_.key())) table_.erase(current_.key(), K(*keys->begin()));
  }

  void expire_some(std::size_t budget) override {
    if (!time_to_live_.limited()) return;
    const ProcessingTime now = current_.now();
    swept_ = table_.erase_some(swept_, budget, [&](const StateKey&, const K&, const Kept<V>& kept) {
      return time_to_live_.expired(kept.expires_ms, now);
    });
  }

 private:
  template <class At, class Visitor>
  void visit(At at, const At& end, Visitor& visitor) {
    std::vector<K> expired;
    for (; at != end; ++at) {
      const Kept<V>* kept = table_.find(current_.key(), *at);
      if (time_to_live_.expired(kept->expires_ms, current_.now())) {
        expired.push_back(*at);
        continue;
      }
      if (time_to_live_.refreshed_by_reading()) touch(table_.edit(current_.key(), *at));
      if (!visitor(*at, kept->value)) break;
    }
    for (const K& key : expired) erase(key);
  }

  void touch(Kept<V>& kept) {
    if (time_to_live_.limited()) kept.expires_ms = time_to_live_.deadline(current_.now());
  }

  CurrentKey& current_;
  TimeToLive time_to_live_;
  ScopedTable<StateKey, K, Kept<V>> table_;
  std::uint32_t swept_ = 0;
};

/// The map of the current key. Borrows its cell; copies refer to the same state.
template <class K, class V>
class Map {
 public:
  Map() = default;
  explicit Map(MapCell<K, V>& cell) : cell_(&cell) {}

  /// nullptr when there is none. Valid until the next change.
  const V* find(const K& key) const { return detail::bound(cell_).get(key); }
  bool contains(const K& key) const { return find(key) != nullptr; }
  void put(const K& key, V value) { detail::bound(cell_).edit(key) = std::move(value); }
  /// The value to change in place, V{} when there was none. Use it at once: never keep it for the next record.
  V& edit(const K& key) { return detail::bound(cell_).edit(key); }
  /// Whether there was something to erase.
  bool erase(const K& key) { return detail::bound(cell_).erase(key); }

  /// Calls visit(key, value) for every entry in order of keys. The visitor must not change the map.
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    detail::bound(cell_).visit(std::nullopt, [&](const K& key, const V& value) { visit(key, value); return true; });
  }
  /// The same from the first key not less than `from` on, while visit returns true.
  template <class Visitor>
  void for_each_from(const K& from, Visitor&& visit) const { detail::bound(cell_).visit(from, visit); }

  /// The same from the last key back, while visit returns true.
  template <class Visitor>
  void for_each_back(Visitor&& visit) const { detail::bound(cell_).visit_back(visit); }

  std::size_t size() const { return detail::bound(cell_).size(); }
  bool empty() const { return size() == 0; }
  void clear() { detail::bound(cell_).clear(); }

 private:
  MapCell<K, V>* cell_ = nullptr;
};

}  // namespace weir
