// Keyed state at memory speed that can still be snapshotted without stopping. Copy on write is per entry: the first change
// to an entry that is frozen but not yet written writes it out first, so a freeze costs nothing by itself and the pause is
// one entry long.
//
//   EntrySlots   the entries, where they never move      entry_slots.hpp
//   SlotMarks    what a snapshot needs of each           slot_marks.hpp
//   SnapshotRows what has been written out and erased    snapshot_rows.hpp
//
// References into a table stay valid until their entry is erased. Ask again after a barrier: an entry may be
// changed only through edit(), which is what makes the copy. One thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <weir/state/entry_slots.hpp>
#include <weir/state/scoped.hpp>
#include <weir/state/snapshot_rows.hpp>
#include <weir/state/table.hpp>

namespace weir {

template <Key K, Record V>
class StateTable final : public Table {
 public:
  using Entry = typename EntrySlots<K, V>::Entry;
  using Tracking = SlotMarks::Tracking;

  StateTable(std::string name, KeyOwnership ownership, Tracking tracking)
      : rows_(std::move(name)), ownership_(ownership), slots_(tracking) {}

  std::size_t size() const { return slots_.size(); }

  /// Prepares the look-ups of a batch. Each lookup has `hash`, and gets `slot`. What is looked up may be changed in between.
  template <class Lookups>
  void locate(Lookups&& lookups) const { slots_.locate(lookups); }

  const V* find(const K& key) const { return find(key, hash_of(key)); }
  const V* find(const K& key, std::uint64_t hash) const {
    const auto slot = slots_.find(key, hash);
    return slot == SlotIndex::kNone ? nullptr : &slots_.at(slot).value;
  }
  /// For a look-up that was prepared.
  const V* find(const K& key, const Lookup& lookup) const {
    return slots_.holds(lookup.slot, key) ? &slots_.at(lookup.slot).value : find(key, lookup.hash);
  }

  /// The value to change; nullptr when there is none.
  V* edit_existing(const K& key) {
    const auto slot = slots_.find(key, hash_of(key));
    if (slot == SlotIndex::kNone) return nullptr;
    touch(slot);
    return &slots_.at(slot).value;
  }

  /// The value to change, made by default when there is none.
  V& edit(const K& key) { return edit(key, hash_of(key)); }
  V& edit(const K& key, std::uint64_t hash) {
    const auto [slot, made] = slots_.find_or_add(key, hash);
    if (!made) touch(slot);
    return slots_.at(slot).value;
  }
  /// The same for a look-up that was prepared.
  V& edit(const K& key, const Lookup& lookup) {
    if (!slots_.holds(lookup.slot, key)) [[unlikely]] return edit(key, lookup.hash);
    touch(lookup.slot);
    return slots_.at(lookup.slot).value;
  }

  void put(const K& key, V value) { edit(key) = std::move(value); }

  /// Whether there was something to erase.
  bool erase(const K& key) { return erase(key, hash_of(key)); }
  bool erase(const K& key, std::uint64_t hash) {
    const auto slot = slots_.find(key, hash);
    if (slot == SlotIndex::kNone) return false;
    erase_slot(hash, slot);
    return true;
  }

  /// Looks at up to `budget` places from `cursor` on and erases the entries for which unwanted(key, value) holds. Returns
  /// where to go on, or 0 when all have been looked at. `unwanted` must not change the table.
  template <class Unwanted>
  std::uint32_t erase_some(std::uint32_t cursor, std::size_t budget, Unwanted&& unwanted) {
    const std::uint32_t end = slots_.marks().size();
    for (; budget > 0 && cursor < end; --budget, ++cursor) {
      if (!slots_.marks().live(cursor)) continue;
      const Entry& entry = std::as_const(slots_).at(cursor);
      if (unwanted(entry.key, entry.value)) erase_slot(hash_of(entry.key), cursor);
    }
    return cursor < end ? cursor : 0;
  }

  /// Calls visit(key, value) for every entry, in no particular order. The visitor must not change the table.
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    slots_.for_each([&](const Entry& entry) { visit(entry.key, entry.value); });
  }

  void freeze(SnapshotMode mode) override {
    SlotMarks& marks = slots_.marks();
    WEIR_CHECK(marks.tracking(), "a table without tracking cannot be frozen:", rows_.table());
    WEIR_CHECK(!marks.writing(), "a table was frozen before its last snapshot was written:", rows_.table());
    marks.freeze(mode);
    rows_.freeze(mode);
  }

  bool write_some(std::size_t budget, const ChunkSink& sink) override {
    SlotMarks& marks = slots_.marks();
    if (!marks.writing()) return true;
    const auto next = [&] {
      const std::uint32_t slot = marks.next();
      if (marks.pending(slot)) write_out(slot);
    };
    const bool done = rows_.write_some(budget, [&] { return marks.left(); }, next, sink);
    if (done) marks.finish();
    return done;
  }

  void discard() override {
    if (!slots_.marks().writing()) return;
    slots_.marks().discard();
    rows_.discard();
  }

  void restore(const StateChunk& chunk) override {
    const auto put = [this](const K& key, V value) {
      if (!ownership_.owns(group_hash(key))) return;
      const auto [slot, made] = slots_.find_or_add(key, hash_of(key));
      if (!made) touch(slot);
      slots_.at(slot).value = std::move(value);
      slots_.marks().restored(slot);
    };
    rows_.read(chunk, put, [this](const K& key) { erase(key); });
  }

  std::size_t memory_bytes() const override { return slots_.memory_bytes(); }

  /// Drops everything, unrecorded: only for a table that no snapshot has seen.
  void clear() { slots_.clear(); }

 private:
  void erase_slot(std::uint64_t hash, std::uint32_t slot) {
    if (slots_.marks().pending(slot)) write_out(slot);
    const bool stored = slots_.marks().stored(slot);
    K key = slots_.remove(hash, slot);
    if (stored) rows_.erased(std::move(key));
  }

  /// Before a change: keeps what the snapshot in progress needs and notes the entry for the next one.
  void touch(std::uint32_t slot) {
    SlotMarks& marks = slots_.marks();
    if (marks.settled(slot)) [[likely]] return;
    if (marks.pending(slot)) write_out(slot);
    marks.dirty(slot);
  }

  void write_out(std::uint32_t slot) {
    const Entry& entry = slots_.at(slot);
    rows_.add(entry.key, entry.value);
    slots_.marks().written(slot);
  }

  SnapshotRows<K, V> rows_;
  KeyOwnership ownership_;
  EntrySlots<K, V> slots_;
};

}  // namespace weir
