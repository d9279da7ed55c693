// State that is the same on every task: rules, rates, a small table that arrives as a broadcast stream. Every task applies
// the same changes, so that one copy is enough: the first task's is what checkpoints hold, and every task of the next
// run gets it, at whatever parallelism. It is meant to be small: a freeze encodes all of it at once.
//
// Functions read it through BroadcastMap; only the context of process_broadcast() can change it, which is what keeps the
// tasks alike.
#pragma once

#include <map>

#include <weir/state/operator_state.hpp>
#include <weir/state/state_cell.hpp>

namespace weir {

template <class K, class V>
class BroadcastTable final : public Table {
 public:
  BroadcastTable(std::string name, std::uint32_t task) : name_(std::move(name)), task_(task) {}

  std::map<K, V> entries;

  void freeze(SnapshotMode) override {
    rows_.clear();
    if (task_ != 0) return;
    for (const auto& [key, value] : entries) rows_.add(key, value);
    rows_.close();
  }

  bool write_some(std::size_t, const ChunkSink& sink) override {
    rows_.send(name_, ChunkKind::Union, sink);
    return true;
  }

  void discard() override { rows_.clear(); }

  void restore(const StateChunk& chunk) override {
    auto bound = bind(Codec<Entry>::schema(), parse_schema(chunk.schema).or_throw());
    if (!bound) throw Failure("state '" + name_ + "' cannot be restored: " + bound.error().message);
    Cursors in(chunk.block, std::move(bound).or_throw());
    for (std::uint32_t row = 0; row < chunk.block.rows; ++row) {
      Entry entry{};
      Codec<Entry>::read(in, 0, entry);
      entries.insert_or_assign(std::move(entry.first), std::move(entry.second));
    }
  }

  std::size_t memory_bytes() const override { return entries.size() * (sizeof(Entry) + 4 * sizeof(void*)); }

 private:
  using Entry = std::pair<K, V>;

  std::string name_;
  std::uint32_t task_;
  ChunkWriter<K, V> rows_;
};

/// A map that all tasks share, to be read. Borrows its table; copies refer to the same state.
template <class K, class V>
class BroadcastMap {
 public:
  BroadcastMap() = default;
  explicit BroadcastMap(BroadcastTable<K, V>& table) : table_(&table) {}

  /// nullptr when there is none. Valid until the next change.
  const V* find(const K& key) const {
    const auto found = entries().find(key);
    return found == entries().end() ? nullptr : &found->second;
  }
  bool contains(const K& key) const { return find(key) != nullptr; }
  std::size_t size() const { return entries().size(); }
  bool empty() const { return entries().empty(); }
  /// All of it, in order of keys.
  const std::map<K, V>& entries() const { return detail::bound(table_).entries; }

 private:
  friend class BroadcastWriter;
  BroadcastTable<K, V>* table_ = nullptr;
};

/// What may change a BroadcastMap. Only operators make one, for where every task does the same.
class BroadcastWriter {
 public:
  template <class K, class V>
  void put(BroadcastMap<K, V>& map, const std::type_identity_t<K>& key, std::type_identity_t<V> value) {
    detail::bound(map.table_).entries.insert_or_assign(key, std::move(value));
  }
  template <class K, class V>
  void erase(BroadcastMap<K, V>& map, const std::type_identity_t<K>& key) { detail::bound(map.table_).entries.erase(key); }
};

/// Declares broadcast state in a function's open(state, broadcast).
class BroadcastState {
 public:
  explicit BroadcastState(OperatorState& state) : state_(state) {}

  template <Key K, Record V>
  BroadcastMap<K, V> map(const std::string& name) {
    return BroadcastMap<K, V>(state_.declare(name, std::make_unique<BroadcastTable<K, V>>(name, state_.scope().task)));
  }

 private:
  OperatorState& state_;
};

}  // namespace weir
