// The index against a multimap of hashes, with hashes that collide.
#include <doctest/doctest.h>

#include <map>
#include <random>
#include <vector>

#include <weir/state/slot_index.hpp>

using weir::SlotIndex;

TEST_CASE("the index finds what was inserted and not erased, under heavy collisions") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::uint64_t hashes = 1 + random() % 500;  // few hashes: long runs, wrapped around the end
    SlotIndex index;
    std::map<std::uint32_t, std::uint64_t> model;  // slot -> hash
    std::uint32_t next = 0;
    for (int step = 0; step < 5000; ++step) {
      if (model.empty() || random() % 5 < 3) {
        const std::uint64_t hash = random() % hashes * 0x9e3779b97f4a7c15ULL;
        index.insert(hash, next);
        model.emplace(next++, hash);
      } else {
        auto victim = model.lower_bound(static_cast<std::uint32_t>(random() % next));
        if (victim == model.end()) victim = model.begin();
        index.erase(victim->second, victim->first);
        model.erase(victim);
      }
      REQUIRE(index.size() == model.size());
    }
    for (const auto& [slot, hash] : model) {
      CHECK(index.find(hash, [&, wanted = slot](std::uint32_t found) { return found == wanted; }) == slot);
    }
    for (std::uint32_t slot = 0; slot < next; ++slot) {
      if (model.contains(slot)) continue;
      for (std::uint64_t i = 0; i < hashes; ++i) {
        const std::uint64_t hash = i * 0x9e3779b97f4a7c15ULL;
        REQUIRE(index.find(hash, [&](std::uint32_t found) { return found == slot; }) == SlotIndex::kNone);
      }
      if (slot > 20) break;
    }
  }
}

TEST_CASE("an empty index has nothing, also after clear") {
  SlotIndex index;
  const auto any = [](std::uint32_t) { return true; };
  CHECK(index.find(1, any) == SlotIndex::kNone);
  CHECK(index.guess(1) == SlotIndex::kNone);
  index.insert(1, 0);
  CHECK(index.find(1, any) == 0);
  CHECK(index.guess(1) == 0);
  index.clear();
  CHECK(index.size() == 0);
  CHECK(index.find(1, any) == SlotIndex::kNone);
}
