// Finds the slot of a key. Only 8 bytes a key: half of its hash as a tag, and the slot's number. Keys stay
// in their slots, so growing the index moves no key and no value. Open addressing with linear probing and
// backward-shift deletion (Knuth, TAOCP 6.4, algorithm R), at most half full: a longer search costs more than the memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <weir/base/page_allocator.hpp>

namespace weir {

class SlotIndex {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const { return entries_.size() * sizeof(Entry); }

  /// Starts to load the cache line that a look-up of this hash will read. Always inline, because g++ 12 takes a function that
  /// only fetches for one without effect and drops its calls.
  [[gnu::always_inline]] void prefetch(std::uint64_t hash) const {
    if (!entries_.empty()) __builtin_prefetch(&entries_[static_cast<std::uint32_t>(hash) & mask_]);
  }

  /// The slot the index most likely has for this hash, without comparing keys; kNone when there seems to be none. Looks at
  /// three places without branching on what it finds, since a mispredicted branch costs more than a useless answer.
  [[gnu::always_inline]] std::uint32_t guess(std::uint64_t hash) const {
    if (entries_.empty()) return kNone;
    const auto tag = static_cast<std::uint32_t>(hash);
    const Entry& first = entries_[tag & mask_];
    const Entry& second = entries_[(tag + 1) & mask_];
    const Entry& third = entries_[(tag + 2) & mask_];
    std::uint32_t slot = third.slot | (static_cast<std::uint32_t>(third.tag == tag) - 1);  // kNone unless it matches
    const std::uint32_t take_second = 0U - static_cast<std::uint32_t>(second.tag == tag);
    slot = (second.slot & take_second) | (slot & ~take_second);
    const std::uint32_t take_first = 0U - static_cast<std::uint32_t>(first.tag == tag);
    return (first.slot & take_first) | (slot & ~take_first);
  }

  /// The slot for which `same(slot)` holds among those with this hash; kNone when there is none.
  template <class Same>
  std::uint32_t find(std::uint64_t hash, Same&& same) const {
    if (entries_.empty()) return kNone;
    const auto tag = static_cast<std::uint32_t>(hash);
    for (std::size_t at = tag & mask_;; at = (at + 1) & mask_) {
      const Entry& entry = entries_[at];
      if (entry.slot == kNone) return kNone;
      if (entry.tag == tag && same(entry.slot)) return entry.slot;
    }
  }

  /// The same; when there is none, make() gives the slot to add. It must not change the index.
  template <class Same, class Make>
  std::pair<std::uint32_t, bool> find_or_add(std::uint64_t hash, Same&& same, Make&& make) {
    if ((size_ + 1) * 2 > entries_.size()) [[unlikely]] grow();
    const auto tag = static_cast<std::uint32_t>(hash);
    for (std::size_t at = tag & mask_;; at = (at + 1) & mask_) {
      Entry& entry = entries_[at];
      if (entry.slot == kNone) {
        entry = {tag, make()};
        ++size_;
        return {entry.slot, true};
      }
      if (entry.tag == tag && same(entry.slot)) return {entry.slot, false};
    }
  }

  /// Adds a slot whose key is not in the index.
  void insert(std::uint64_t hash, std::uint32_t slot) {
    if ((size_ + 1) * 2 > entries_.size()) grow();
    place({static_cast<std::uint32_t>(hash), slot});
    ++size_;
  }

  /// Removes a slot that is in the index.
  void erase(std::uint64_t hash, std::uint32_t slot) {
    std::size_t hole = static_cast<std::uint32_t>(hash) & mask_;
    while (entries_[hole].slot != slot) hole = (hole + 1) & mask_;
    for (std::size_t at = (hole + 1) & mask_; entries_[at].slot != kNone; at = (at + 1) & mask_) {
      const std::size_t home = entries_[at].tag & mask_;
      if (((at - home) & mask_) >= ((at - hole) & mask_)) {
        entries_[hole] = entries_[at];
        hole = at;
      }
    }
    entries_[hole].slot = kNone;
    --size_;
  }

  /// Forgets all slots and keeps the memory.
  void clear() {
    std::fill(entries_.begin(), entries_.end(), Entry{});
    size_ = 0;
  }

 private:
  struct Entry {
    std::uint32_t tag = 0;
    std::uint32_t slot = kNone;
  };

  using Entries = std::vector<Entry, PageAllocator<Entry>>;

  void place(Entry entry) {
    std::size_t at = entry.tag & mask_;
    while (entries_[at].slot != kNone) at = (at + 1) & mask_;
    entries_[at] = entry;
  }

  void grow() {
    Entries old(entries_.empty() ? 16 : entries_.size() * 2);
    old.swap(entries_);
    mask_ = entries_.size() - 1;
    for (const Entry& entry : old) {
      if (entry.slot != kNone) place(entry);
    }
  }

  Entries entries_;  // a power of two, or empty
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace weir
