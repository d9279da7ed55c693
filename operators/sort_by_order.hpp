// Sorts the keys of a window by the order they fire in, a number of 32 evenly spread bits: three passes of 11 bits, from
// the lowest up (LSD radix sort: Knuth, TAOCP 5.2.5). Comparing would cost several times as much, and it is paid for
// every key of every window.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir {

/// Items have `order()`. Those of equal order keep their places to each other. `spare` lends its memory.
template <class Item>
void sort_by_order(std::vector<Item>& items, std::vector<Item>& spare) {
  constexpr std::size_t kFew = 256;  // fewer are sorted faster by comparing them than by clearing the counts
  if (items.size() < kFew) {
    std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.order() < b.order(); });
    return;
  }
  constexpr unsigned kBits = 11;
  constexpr std::uint32_t kMask = (1U << kBits) - 1;
  std::array<std::array<std::uint32_t, 1U << kBits>, 3> next{};
  for (const Item& item : items) {
    for (unsigned pass = 0; pass < next.size(); ++pass) ++next[pass][item.order() >> (pass * kBits) & kMask];
  }
  for (auto& places : next) {
    std::uint32_t place = 0;
    for (std::uint32_t& count : places) place += std::exchange(count, place);
  }
  spare.resize(items.size());
  for (unsigned pass = 0; pass < next.size(); ++pass) {
    for (const Item& item : items) spare[next[pass][item.order() >> (pass * kBits) & kMask]++] = item;
    items.swap(spare);
  }
}

}  // namespace weir
