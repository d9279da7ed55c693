// Many entries per key (the entries of a map, buffered records of a join) that can be found by key and scope, walked in
// order of scope, and changed one by one. Stored is one entry of a StateTable each, so that a change costs, in time and
// in the next checkpoint, that entry and not the whole collection. The order is an index in memory, per key a sorted
// set of scopes; it is no part of checkpoints and is rebuilt on restore.
//
// References are valid until their entry is erased; change through edit() only. One thread.
#pragma once

#include <set>
#include <unordered_map>

#include <weir/state/operator_state.hpp>

namespace weir {

template <Key K, class N, Record V>
class ScopedTable {
  static_assert(Key<N> && std::totally_ordered<N>, "a map's key must be a Record with == and <");

 public:
  using Scopes = std::set<N>;

  /// Declares the table in `state`.
  ScopedTable(OperatorState& state, const std::string& name) : entries_(state.table<Scoped<K, N>, V>(name)) {
    entries_.for_each([&](const Scoped<K, N>& at, const V&) { index_[at.key].insert(at.scope); });
  }

  std::size_t size() const { return entries_.size(); }

  const V* find(const K& key, const N& scope) const { return entries_.find({key, scope}); }
  V* edit_existing(const K& key, const N& scope) { return entries_.edit_existing({key, scope}); }
  V& edit(const K& key, const N& scope) {
    const std::size_t before = entries_.size();
    V& value = entries_.edit({key, scope});
    if (entries_.size() != before) index_[key].insert(scope);
    return value;
  }

  bool erase(const K& key, const N& scope) {
    if (!entries_.erase({key, scope})) return false;
    forget(key, scope);
    return true;
  }

  /// The scopes of a key in order, or nullptr when it has none.
  const Scopes* scopes(const K& key) const {
    const auto found = index_.find(key);
    return found == index_.end() ? nullptr : &found->second;
  }

  /// See StateTable.
  template <class Unwanted>
  std::uint32_t erase_some(std::uint32_t cursor, std::size_t budget, Unwanted&& unwanted) {
    return entries_.erase_some(cursor, budget, [&](const Scoped<K, N>& at, const V& value) {
      if (!unwanted(at.key, at.scope, value)) return false;
      forget(at.key, at.scope);
      return true;
    });
  }

  template <class Visitor>
  void for_each(Visitor&& visit) const {
    entries_.for_each([&](const Scoped<K, N>& at, const V& value) { visit(at.key, at.scope, value); });
  }

 private:
  struct Hash {
    std::size_t operator()(const K& key) const { return hash_of(key); }
  };

  void forget(const K& key, const N& scope) {
    const auto found = index_.find(key);
    found->second.erase(scope);
    if (found->second.empty()) index_.erase(found);
  }

  StateTable<Scoped<K, N>, V>& entries_;
  std::unordered_map<K, Scopes, Hash> index_;
};

}  // namespace weir
