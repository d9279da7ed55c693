// Entries found by key that keep their address for life: they live in slots of slabs that never move, and a hash index
// maps keys to slots. A slab has as many slots as all before it together, so a table of few entries is small, and one of
// many has few slabs. Owns the entries. One thread.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/base/check.hpp>
#include <weir/base/page_allocator.hpp>
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
  ~EntrySlots() {
    clear();
    while (slab_count_ > 0) free_slab();
  }
  EntrySlots(const EntrySlots&) = delete;
  EntrySlots& operator=(const EntrySlots&) = delete;

  std::size_t size() const { return index_.size(); }
  SlotMarks& marks() { return marks_; }
  const SlotMarks& marks() const { return marks_; }

  Entry& at(std::uint32_t slot) { return *entry(slot); }
  const Entry& at(std::uint32_t slot) const { return *entry(slot); }

  /// Whether the entry of the next slot lies right behind that of this one.
  static bool adjacent(std::uint32_t slot) { return slab_of(slot) == slab_of(slot + 1); }

  /// The slot of a key; SlotIndex::kNone when it has none.
  std::uint32_t find(const K& key, std::uint64_t hash) const {
    return index_.find(hash, [&](std::uint32_t slot) { return at(slot).key == key; });
  }
  /// Whether a guessed slot has the entry of this key.
  bool holds(std::uint32_t slot, const K& key) const {
    return slot < marks_.size() && marks_.live(slot) && at(slot).key == key;
  }

  /// Calls visit(entry) for every entry, in no particular order. The visitor must not add or remove any.
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    for (std::uint32_t slot = 0; slot < marks_.size(); ++slot) {
      if (marks_.live(slot)) visit(at(slot));
    }
  }

  /// Starts to load what the guess of a look-up of this hash will read.
  [[gnu::always_inline]] void prefetch(std::uint64_t hash) const { index_.prefetch(hash); }

  /// Guesses the slot of each of a batch of look-ups, and fetches the entries of a table that no cache holds, so that the
  /// misses overlap.
  template <class Lookups>
  void locate(Lookups&& lookups) const {
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

  /// The slot of a key, and whether its entry had to be made.
  std::pair<std::uint32_t, bool> find_or_add(const K& key, std::uint64_t hash) {
    return index_.find_or_add(
        hash, [&](std::uint32_t slot) { return at(slot).key == key; },
        [&] {
          const std::uint32_t slot = take_slot();
          std::construct_at(&at(slot), Entry{key, V{}});
          marks_.add(slot);
          return slot;
        });
  }

  /// Removes an entry, and gives its key.
  K remove(std::uint64_t hash, std::uint32_t slot) {
    index_.erase(hash, slot);
    free_.push_back(slot);
    return retire(slot);
  }

  /// The same where all entries are going: the key is not to be looked up again, nor its slot used, before clear().
  K retire(std::uint32_t slot) {
    K key = std::move(at(slot).key);
    std::destroy_at(&at(slot));
    marks_.remove(slot);
    return key;
  }

  /// The same with the entries of `count` slots from `first` on, all of them live.
  void retire(std::uint32_t first, std::uint32_t count) {
    if constexpr (!std::is_trivially_destructible_v<Entry>) {
      for (std::uint32_t slot = first; slot < first + count; ++slot) std::destroy_at(&at(slot));
    }
    marks_.remove(first, count);
  }

  /// Drops everything, unrecorded, and keeps the memory.
  void clear() {
    if constexpr (!std::is_trivially_destructible_v<Entry>) {
      for_each([](const Entry& entry) { std::destroy_at(&entry); });
    }
    marks_.clear();
    free_.clear();
    index_.clear();
  }

  /// How many entries there is memory for.
  std::size_t capacity() const { return capacity_of(slab_count_); }

  std::size_t memory_bytes() const {
    return marks_.size() * sizeof(Entry) + marks_.memory_bytes() + index_.memory_bytes() + free_.capacity() * sizeof(std::uint32_t);
  }

 private:
  static constexpr std::uint32_t kFirstSlab = 8;   // entries
  static constexpr std::size_t kMostSlabs = 30;    // as many as slots have numbers
  static constexpr std::size_t kCached = 1 << 14;  // entries: some hundred kilobytes, which a second-level cache holds
  static constexpr std::size_t kFreeAhead = 8;     // free slots are all over the slabs too
  static constexpr std::size_t kAhead = 16;        // look-ups: as long as memory takes, and as many misses as a core can have

  static std::size_t slab_of(std::uint32_t slot) { return static_cast<std::size_t>(std::bit_width(slot / kFirstSlab)); }
  static std::size_t capacity_of(std::size_t slabs) { return slabs == 0 ? 0 : std::size_t{kFirstSlab} << (slabs - 1); }
  static std::size_t size_of(std::size_t slab) { return capacity_of(slab + 1) - capacity_of(slab); }

  /// Slabs are addressed as if slot 0 were in them.
  Entry* entry(std::uint32_t slot) const {
    return reinterpret_cast<Entry*>(slabs_[slab_of(slot)] + std::uintptr_t{slot} * sizeof(Entry));
  }

  std::uint32_t take_slot() {
    if (!free_.empty()) {
      const std::uint32_t slot = free_.back();
      free_.pop_back();
      if (free_.size() >= kFreeAhead) __builtin_prefetch(&at(free_[free_.size() - kFreeAhead]), 1);
      return slot;
    }
    if (marks_.size() == capacity()) add_slab();
    return marks_.append();
  }

  [[gnu::noinline]] void add_slab() {
    WEIR_CHECK(slab_count_ < kMostSlabs, "a table is full:", marks_.size());
    Entry* const memory = PageAllocator<Entry>().allocate(size_of(slab_count_));
    slabs_[slab_count_] = reinterpret_cast<std::uintptr_t>(memory) - capacity() * sizeof(Entry);
    ++slab_count_;
  }
  void free_slab() {
    --slab_count_;
    const std::uintptr_t memory = slabs_[slab_count_] + capacity() * sizeof(Entry);
    PageAllocator<Entry>().deallocate(reinterpret_cast<Entry*>(memory), size_of(slab_count_));
  }

  SlotMarks marks_;
  SlotIndex index_;
  std::array<std::uintptr_t, kMostSlabs> slabs_;
  std::size_t slab_count_ = 0;
  std::vector<std::uint32_t> free_;
};

}  // namespace weir
