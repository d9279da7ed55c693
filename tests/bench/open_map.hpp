// The map that an engineer writes who finds std::unordered_map too slow: open addressing with linear probing in one
// array, sized beforehand, for counts of int64 keys. An entry that counts nothing is free.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include <weir/base/hash.hpp>

namespace bench {

class OpenMap {
 public:
  explicit OpenMap(std::size_t keys) : entries_(std::bit_ceil(keys * 3 / 2 + 1)), mask_(entries_.size() - 1) {}

  /// The count of a key; whoever asks must make it positive.
  std::int64_t& operator[](std::int64_t key) {
    std::size_t at = weir::hash_integer(static_cast<std::uint64_t>(key)) & mask_;
    while (entries_[at].count != 0 && entries_[at].key != key) at = (at + 1) & mask_;
    entries_[at].key = key;
    return entries_[at].count;
  }

 private:
  struct Entry {
    std::int64_t key = 0;
    std::int64_t count = 0;
  };
  std::vector<Entry> entries_;
  std::size_t mask_;
};

}  // namespace bench
