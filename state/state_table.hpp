// Keyed state at memory speed that can still be snapshotted without stopping. Entries live in slots that
// never move; a hash index maps keys to slots; a byte of marks per slot says what the snapshot in progress
// and the next one need of it. Copy on write is per entry: the first change to an entry that is frozen but
// not yet written writes it out first, so a freeze costs nothing by itself and the pause is one entry long.
//
//   marks := live parity epoch      parity: written by the last full pass; epoch: dirty in epoch 1 or 2, or clean
//
// References into a table stay valid until their entry is erased. Ask again after a barrier: an entry may be
// changed only through edit(), which is what makes the copy. One thread.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <weir/record/codec.hpp>
#include <weir/state/slot_index.hpp>
#include <weir/state/table.hpp>

namespace weir {

/// A key with a scope inside it, such as a window. Its key group is that of the key alone.
template <class K, class N>
struct Scoped {
  K key{};
  N scope{};
  friend auto operator<=>(const Scoped&, const Scoped&) = default;
};
template <class K, class N>
constexpr auto weir_fields(const Scoped<K, N>*) {
  return std::make_tuple(make_field("key", &Scoped<K, N>::key), make_field("scope", &Scoped<K, N>::scope));
}
template <class K, class N>
constexpr std::string_view weir_record_name(const Scoped<K, N>*) { return "Scoped"; }

/// The hash that decides a key's group.
template <class K>
std::uint64_t group_hash(const K& key) { return hash_of(key); }
template <class K, class N>
std::uint64_t group_hash(const Scoped<K, N>& key) { return group_hash(key.key); }

template <Key K, Record V>
class StateTable final : public Table {
 public:
  struct Entry {
    K key;
    V value;
  };

  /// `tracking`: whether snapshots will be taken; without, changes are not recorded.
  enum class Tracking : std::uint8_t { Off, On };

  StateTable(std::string name, KeyOwnership ownership, Tracking tracking)
      : name_(std::move(name)), ownership_(ownership), tracking_(tracking) {}
  ~StateTable() override { clear(); }
  StateTable(const StateTable&) = delete;
  StateTable& operator=(const StateTable&) = delete;

  std::size_t size() const { return index_.size(); }

  void prefetch(std::uint64_t hash) const { index_.prefetch(hash); }
  void prefetch_entry(std::uint64_t hash) const {
    if (const auto slot = index_.guess(hash); slot != SlotIndex::kNone) __builtin_prefetch(&at(slot));
  }

  const V* find(const K& key) const { return find(key, hash_of(key)); }
  const V* find(const K& key, std::uint64_t hash) const {
    const auto slot = slot_of(key, hash);
    return slot == SlotIndex::kNone ? nullptr : &at(slot).value;
  }

  /// The value to change; nullptr when there is none.
  V* edit_existing(const K& key) {
    const auto slot = slot_of(key, hash_of(key));
    if (slot == SlotIndex::kNone) return nullptr;
    touch(slot);
    return &at(slot).value;
  }

  /// The value to change, made by default when there is none.
  V& edit(const K& key) { return edit(key, hash_of(key)); }
  V& edit(const K& key, std::uint64_t hash) { return edit_entry(key, hash).value; }

  /// The entry to change, made by default when there is none. It keeps its address until it is erased.
  Entry& edit_entry(const K& key, std::uint64_t hash) {
    const auto slot = slot_of(key, hash);
    if (slot == SlotIndex::kNone) [[unlikely]] return add_entry(key, hash);
    touch(slot);
    return at(slot);
  }

  void put(const K& key, V value) { edit(key) = std::move(value); }

  /// Whether there was something to erase.
  bool erase(const K& key) { return erase(key, hash_of(key)); }
  bool erase(const K& key, std::uint64_t hash) {
    const auto slot = slot_of(key, hash);
    if (slot == SlotIndex::kNone) return false;
    erase_slot(hash, slot);
    return true;
  }

  /// Looks at up to `budget` places from `cursor` on and erases the entries for which unwanted(key, value) holds. Returns
  /// where to go on, or 0 when all have been looked at. `unwanted` must not change the table.
  template <class Unwanted>
  std::uint32_t erase_some(std::uint32_t cursor, std::size_t budget, Unwanted&& unwanted) {
    for (; budget > 0 && cursor < marks_.size(); --budget, ++cursor) {
      if (!(marks_[cursor] & kLive)) continue;
      const Entry& entry = std::as_const(*this).at(cursor);
      if (unwanted(entry.key, entry.value)) erase_slot(hash_of(entry.key), cursor);
    }
    return cursor < marks_.size() ? cursor : 0;
  }

  /// Calls visit(key, value) for every entry, in no particular order. The visitor must not change the table.
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    for_each_entry([&](const Entry& entry) { visit(entry.key, entry.value); });
  }
  /// Calls visit(entry), likewise.
  template <class Visitor>
  void for_each_entry(Visitor&& visit) const {
    for (std::uint32_t slot = 0; slot < marks_.size(); ++slot) {
      if (marks_[slot] & kLive) visit(at(slot));
    }
  }

  void freeze(SnapshotMode mode) override {
    WEIR_CHECK(tracking_ == Tracking::On, "a table without tracking cannot be frozen:", name_);
    WEIR_CHECK(!writing_, "a table was frozen before its last snapshot was written:", name_);
    writing_ = true;
    full_ = mode == SnapshotMode::Full;
    frozen_.swap(dirty_);
    dirty_.clear();
    frozen_erased_.swap(erased_);
    erased_.clear();
    hot_ ^= kEpoch;
    if (full_) {
      frozen_.clear();
      frozen_erased_.clear();
      hot_ ^= kParity;
      limit_ = static_cast<std::uint32_t>(marks_.size());
    }
    cursor_ = 0;
  }

  bool write_some(std::size_t budget, const ChunkSink& sink) override {
    if (!writing_) return true;
    for (; budget > 0 && !frozen_erased_.empty(); --budget) {
      Codec<K>::write(tombstones_, 0, frozen_erased_.back());
      ++tombstones_.rows;
      frozen_erased_.pop_back();
    }
    const std::uint32_t end = full_ ? limit_ : static_cast<std::uint32_t>(frozen_.size());
    for (; budget > 0 && cursor_ < end; --budget) {
      const std::uint32_t slot = full_ ? cursor_ : frozen_[cursor_];
      ++cursor_;
      if (pending(slot)) write_entry(slot);
    }
    const bool erased = frozen_erased_.empty();
    const bool done = erased && cursor_ == end;
    if (done) writing_ = false;
    // A key may have been erased and made again: no entry leaves before the last tombstone.
    flush(tombstones_, ChunkKind::Tombstones, Codec<K>::schema(), erased, sink);
    if (erased) flush(entries_, ChunkKind::Entries, entry_schema(), done, sink);
    return done;
  }

  void discard() override {
    if (!writing_) return;
    write_some(static_cast<std::size_t>(-1), [](StateChunk) {});
  }

  void restore(const StateChunk& chunk) override {
    const Schema mine = chunk.kind == ChunkKind::Tombstones ? Codec<K>::schema() : entry_schema();
    auto bindings = parse_schema(chunk.schema).or_throw();
    auto bound = bind(mine, bindings);
    if (!bound) throw Failure("state '" + name_ + "' cannot be restored: " + bound.error().message);
    Cursors in(chunk.block, std::move(bound).or_throw());
    for (std::uint32_t row = 0; row < chunk.block.rows; ++row) {
      K key{};
      Codec<K>::read(in, 0, key);
      if (chunk.kind == ChunkKind::Tombstones) {
        erase(key);
        continue;
      }
      V value{};
      Codec<V>::read(in, Codec<K>::columns, value);
      if (ownership_.owns(group_hash(key))) put(key, std::move(value));
    }
  }

  std::size_t memory_bytes() const override {
    return slabs_.size() * kSlab * sizeof(Entry) + marks_.capacity() + index_.memory_bytes() +
           (dirty_.capacity() + frozen_.capacity() + free_.capacity()) * sizeof(std::uint32_t);
  }

  /// Drops everything, unrecorded: only for a table that no snapshot has seen.
  void clear() {
    for (std::uint32_t slot = 0; slot < marks_.size(); ++slot) {
      if (marks_[slot] & kLive) std::destroy_at(&at(slot));
    }
    slabs_.clear();
    marks_.clear();
    free_.clear();
    index_.clear();
  }

 private:
  static constexpr std::uint8_t kEpoch = 3;      // 0 clean; 1 and 2 alternate, so that ^3 turns one into the other
  static constexpr std::uint8_t kParity = 4;
  static constexpr std::uint8_t kLive = 128;
  static constexpr std::uint32_t kSlab = 1024;   // entries: large enough to amortise the allocation
  static constexpr std::size_t kChunkBytes = 512 * 1024;  // LMDB writes large values fastest from here on

  struct Slab {
    alignas(Entry) std::byte bytes[kSlab * sizeof(Entry)];
  };

  static Schema entry_schema() { return {Kind::Tuple, {}, {{"", Codec<K>::schema()}, {"", Codec<V>::schema()}}}; }

  Entry& at(std::uint32_t slot) { return reinterpret_cast<Entry*>(slabs_[slot / kSlab]->bytes)[slot % kSlab]; }
  const Entry& at(std::uint32_t slot) const {
    return reinterpret_cast<const Entry*>(slabs_[slot / kSlab]->bytes)[slot % kSlab];
  }

  std::uint32_t slot_of(const K& key, std::uint64_t hash) const {
    return index_.find(hash, [&](std::uint32_t slot) { return at(slot).key == key; });
  }

  std::uint32_t take_slot(const K& key) {
    std::uint32_t slot = 0;
    if (free_.empty()) {
      slot = static_cast<std::uint32_t>(marks_.size());
      WEIR_CHECK(slot < SlotIndex::kNone - 1, "a table is full:", name_, slot);
      if (slot % kSlab == 0) slabs_.push_back(std::make_unique_for_overwrite<Slab>());
      marks_.push_back(0);
    } else {
      slot = free_.back();
      free_.pop_back();
    }
    std::construct_at(&at(slot), Entry{key, V{}});
    marks_[slot] = static_cast<std::uint8_t>(kLive | (hot_ & kParity));
    return slot;
  }

  [[gnu::noinline]] Entry& add_entry(const K& key, std::uint64_t hash) {
    const std::uint32_t slot = take_slot(key);
    index_.insert(hash, slot);
    if (tracking_ == Tracking::On) {
      marks_[slot] = hot_;
      dirty_.push_back(slot);
    }
    return at(slot);
  }

  void erase_slot(std::uint64_t hash, std::uint32_t slot) {
    index_.erase(hash, slot);
    if (tracking_ == Tracking::On) {
      if (pending(slot)) write_entry(slot);
      erased_.push_back(std::move(at(slot).key));
    }
    std::destroy_at(&at(slot));
    marks_[slot] = 0;
    free_.push_back(slot);
  }

  /// Before a change: keeps what the snapshot in progress needs and notes the entry for the next one.
  void touch(std::uint32_t slot) {
    if (tracking_ == Tracking::Off || marks_[slot] == hot_) [[likely]] return;
    if (pending(slot)) write_entry(slot);
    if ((marks_[slot] & kEpoch) != (hot_ & kEpoch)) dirty_.push_back(slot);
    marks_[slot] = hot_;
  }

  /// Frozen and not yet written.
  bool pending(std::uint32_t slot) const {
    const std::uint8_t mark = marks_[slot];
    if (!writing_ || !(mark & kLive)) return false;
    if (full_) return (mark & kParity) != (hot_ & kParity);
    return (mark & kEpoch) != 0 && (mark & kEpoch) != (hot_ & kEpoch);
  }

  void write_entry(std::uint32_t slot) {
    const Entry& entry = at(slot);
    Codec<K>::write(entries_, 0, entry.key);
    Codec<V>::write(entries_, Codec<K>::columns, entry.value);
    ++entries_.rows;
    const std::uint8_t epoch = marks_[slot] & kEpoch;
    marks_[slot] = static_cast<std::uint8_t>(kLive | (hot_ & kParity) | (epoch == (hot_ & kEpoch) ? epoch : 0));
  }

  void flush(Columns& block, ChunkKind kind, const Schema& schema, bool done, const ChunkSink& sink) {
    if (block.rows == 0 || (!done && block.size_bytes() < kChunkBytes)) return;
    Columns full(block.columns.size());
    std::swap(full, block);
    sink({name_, kind, to_text(schema), std::move(full)});
  }

  std::string name_;
  KeyOwnership ownership_;
  Tracking tracking_;
  SlotIndex index_;
  std::vector<std::unique_ptr<Slab>> slabs_;
  std::vector<std::uint8_t> marks_;
  std::vector<std::uint32_t> free_;

  std::uint8_t hot_ = kLive | 1;  // the marks of an entry that needs nothing before a change
  std::vector<std::uint32_t> dirty_;
  std::vector<K> erased_;

  bool writing_ = false;
  bool full_ = false;
  std::uint32_t cursor_ = 0;
  std::uint32_t limit_ = 0;
  std::vector<std::uint32_t> frozen_;
  std::vector<K> frozen_erased_;
  Columns entries_{Codec<K>::columns + Codec<V>::columns};
  Columns tombstones_{Codec<K>::columns};
};

}  // namespace weir
