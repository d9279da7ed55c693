// Entries found by key that keep their address for life: they live in slots of slabs that never move, and a hash index
// maps keys to slots. Owns the entries. One thread.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include <weir/base/check.hpp>
#include <weir/state/slot_index.hpp>
#include <weir/state/slot_marks.hpp>

namespace weir {

/// A look-up in a batch of them: the key's hash, and the slot where its entry probably is.
struct Lookup {
  std::uint64_t hash = 0;
  std::uint32_t slot = SlotIndex::kNone;
};

template <class K, class V>
class EntrySlots {
 public:
  struct Entry {
    K key;
    V value;
  };

  explicit EntrySlots(SlotMarks::Tracking tracking) : marks_(tracking) {}
  ~EntrySlots() { clear(); }
  EntrySlots(const EntrySlots&) = delete;
  EntrySlots& operator=(const EntrySlots&) = delete;

  std::size_t size() const { return index_.size(); }
  SlotMarks& marks() { return marks_; }
  const SlotMarks& marks() const { return marks_; }

  Entry& at(std::uint32_t slot) { return reinterpret_cast<Entry*>(slabs_[slot / kSlab]->bytes)[slot % kSlab]; }
  const Entry& at(std::uint32_t slot) const {
    return reinterpret_cast<const Entry*>(slabs_[slot / kSlab]->bytes)[slot % kSlab];
  }

  /// The slot of a key; SlotIndex::kNone when it has none.
  std::uint32_t find(const K& key, std::uint64_t hash) const {
    return index_.find(hash, [&](std::uint32_t slot) { return at(slot).key == key; });
  }
  /// Whether a guessed slot has the entry of this key.
  bool holds(std::uint32_t slot, const K& key) const {
    return slot < marks_.size() && marks_.live(slot) && at(slot).key == key;
  }

  /// Starts to load what a look-up of this hash will read of the index. Always inline, because g++ 12 takes a function that
  /// only fetches for one without effect and drops its calls.
  [[gnu::always_inline]] void prefetch(std::uint64_t hash) const { index_.prefetch(hash); }

  /// Guesses the slot of each of a batch of look-ups, and fetches the entries of a table that no cache holds, so that the
  /// misses overlap.
  template <class Lookups>
  void locate(Lookups& lookups) const {
    const std::size_t count = lookups.size();
    if (index_.size() < kCached) {
      for (std::size_t i = 0; i < count; ++i) lookups[i].slot = index_.guess(lookups[i].hash);
      return;
    }
    for (std::size_t i = 0; i < std::min(count, kAhead); ++i) index_.prefetch(lookups[i].hash);
    for (std::size_t i = 0; i < count; ++i) {
      if (i + kAhead < count) index_.prefetch(lookups[i + kAhead].hash);
      const std::uint32_t slot = lookups[i].slot = index_.guess(lookups[i].hash);
      if (slot < marks_.size()) __builtin_prefetch(&at(slot));
    }
  }

  /// Makes an entry for a key that has none.
  std::uint32_t add(const K& key, std::uint64_t hash) {
    const std::uint32_t slot = take_slot();
    std::construct_at(&at(slot), Entry{key, V{}});
    marks_.add(slot);
    index_.insert(hash, slot);
    return slot;
  }

  /// Removes an entry, and gives its key.
  K remove(std::uint64_t hash, std::uint32_t slot) {
    index_.erase(hash, slot);
    K key = std::move(at(slot).key);
    std::destroy_at(&at(slot));
    marks_.remove(slot);
    free_.push_back(slot);
    return key;
  }

  /// Drops everything, unrecorded.
  void clear() {
    for (std::uint32_t slot = 0; slot < marks_.size(); ++slot) {
      if (marks_.live(slot)) std::destroy_at(&at(slot));
    }
    slabs_.clear();
    marks_.clear();
    free_.clear();
    index_.clear();
  }

  std::size_t memory_bytes() const {
    return slabs_.size() * sizeof(Slab) + marks_.memory_bytes() + index_.memory_bytes() +
           free_.capacity() * sizeof(std::uint32_t);
  }

 private:
  static constexpr std::uint32_t kSlab = 1024;     // entries: large enough to amortise the allocation
  static constexpr std::size_t kCached = 1 << 14;  // entries: some hundred kilobytes, which a second-level cache holds
  static constexpr std::size_t kFreeAhead = 8;     // free slots are all over the slabs too
  static constexpr std::size_t kAhead = 16;        // look-ups: as long as memory takes, and as many misses as a core can have

  struct Slab {
    alignas(Entry) std::byte bytes[kSlab * sizeof(Entry)];
  };

  std::uint32_t take_slot() {
    if (!free_.empty()) {
      const std::uint32_t slot = free_.back();
      free_.pop_back();
      if (free_.size() >= kFreeAhead) __builtin_prefetch(&at(free_[free_.size() - kFreeAhead]), 1);
      return slot;
    }
    const std::uint32_t slot = marks_.size();
    WEIR_CHECK(slot < SlotIndex::kNone - 1, "a table is full:", slot);
    if (slot % kSlab == 0) slabs_.push_back(std::make_unique_for_overwrite<Slab>());
    return marks_.append();
  }

  SlotMarks marks_;
  SlotIndex index_;
  std::vector<std::unique_ptr<Slab>> slabs_;
  std::vector<std::uint32_t> free_;
};

}  // namespace weir
