// The keys of sliding windows, and for each the aggregate over its slices in the window that slides over them: in amortised
// constant time per slice and without inverting anything, by two stacks. The older slices of the window have been merged
// from the flip point backwards, and each keeps what came out behind it, so that when it leaves, that is the key's front;
// the newer ones are folded into one accumulator. When the older part is used up, the flip point moves to the end and the
// newer part becomes the older one (Tangwongsan, Hirzel, Schneider, Low-latency sliding-window aggregation in worst-case
// constant time, DEBS 2017; slices shared among windows are those of Carbone et al., Cutty, CIKM 2016).
//
//   slices of a key:  kept for late records |              window              | not over
//                                           from         flip                upto
//                                           | front        | recent            |
//
// All keys have the same flip point. So slices enter, leave and flip as they lie in memory, beside those of other keys, and
// what the window needs of a key is in one place of a dense array: no key is followed through its chunks, except after a
// late record, by links from newer to older.
//
// Nothing here is stored; it is made again from the state's chunks, which outlive their places here. Accumulators are
// merged older first. One thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <weir/operators/firing_progress.hpp>
#include <weir/operators/slice_chunk.hpp>
#include <weir/operators/sort_by_order.hpp>
#include <weir/operators/window_grid.hpp>
#include <weir/state/slot_index.hpp>

namespace weir {

/// Of chunks of N slices.
template <class K, class A, unsigned N>
class SlidingKeys {
 public:
  using Id = std::uint32_t;
  using Accumulator = typename A::Accumulator;
  using Chunk = LinkedChunk<Accumulator, N>;
  using Slice = WindowGrid::Slice;

  /// A stretch of slices.
  struct Range {
    Slice from = kBeginning;
    Slice upto = kBeginning;
  };
  static constexpr Slice kBeginning = -(Slice{1} << 62);  // before every slice, and safe to subtract from

  /// A key that has slices in the window.
  struct Member {
    std::uint32_t key_order;
    Id id;
    std::uint32_t order() const { return key_order; }
  };

  explicit SlidingKeys(A aggregate) : aggregate_(std::move(aggregate)) {}

  const K& key(Id id) const { return places_[id].key; }

  // --- chunks ---

  /// A new chunk of a key. It is in no window yet.
  Id add(const K& key, std::uint64_t hash, std::int64_t number, const Chunk& chunk) {
    chunk.key = find_or_make(key, hash);
    typename Chunk::Link* newer = &details_[chunk.key].newest;
    while (newer->number > number) newer = &newer->chunk->older;
    chunk.older = std::exchange(*newer, {&chunk, number});
    return chunk.key;
  }

  /// A chunk behind the window goes; older ones have gone. sweep() forgets keys that have none left.
  void drop(std::int64_t number, const Chunk& chunk) {
    kept_from_ = number + 1;
    if (details_[chunk.key].newest.number == number) emptied_.push_back(chunk.key);
  }

  /// Start to load what add() of a key with this hash will touch, the first one some time before the second.
  [[gnu::always_inline]] void prefetch_index(std::uint64_t hash) const { index_.prefetch(hash); }
  [[gnu::always_inline]] void prefetch_key(std::uint64_t hash) const {
    const Id id = index_.guess(hash);
    if (id == SlotIndex::kNone) return;
    __builtin_prefetch(&places_[id]);
    __builtin_prefetch(&details_[id]);
  }
  /// The same for aggregate().
  [[gnu::always_inline]] void prefetch(Id id) const { __builtin_prefetch(&places_[id]); }

  // --- the window ---

  /// A slice joins the window at its end; older ones have joined.
  [[gnu::always_inline]] void enter(const Chunk& chunk, unsigned i) {
    Place& place = places_[chunk.key];
    fold(place, chunk.slices[i]);
    if (!place.listed) list(chunk.key);
  }

  /// A slice before the flip point leaves the window at its beginning; older ones have left.
  [[gnu::always_inline]] void leave(const Chunk& chunk, unsigned i) {
    Place& place = places_[chunk.key];
    if (--place.front_slices > 0) place.front = std::move(chunk.after[i]);
    else some_left_ |= !place.recent_any;
  }

  /// The flip point moves to the end of the window: to be called for all keys in it, and then flip() for all their chunks,
  /// newest first.
  void unfold(Id id) {
    places_[id].front_slices = 0;
    places_[id].recent_any = false;
  }
  void flip(const Chunk& chunk, std::int64_t number, const Range& window) {
    std::uint32_t bits = present_in(chunk, number, window);
    if (bits == 0) return;
    Place& place = places_[chunk.key];
    if (!place.listed) list(chunk.key);
    each_backwards_of(bits, [&](unsigned i) { stack(place, chunk, i); });
  }

  /// The slices of a key have changed otherwise.
  void remake(Id id, const Range& window, Slice flip) {
    details_[id].changed = false;
    unfold(id);
    Place& place = places_[id];
    std::vector<const Accumulator*> recent;
    each_backwards(id, {flip, window.upto}, [&](Slice, const Chunk& chunk, unsigned i) { recent.push_back(&chunk.slices[i]); });
    for (; !recent.empty(); recent.pop_back()) fold(place, *recent.back());
    each_backwards(id, {window.from, flip}, [&](Slice, const Chunk& chunk, unsigned i) { stack(place, chunk, i); });
    if (!in_window(place)) some_left_ = true;
    else if (!place.listed) list(id);
  }
  /// Whether remake() is to be called for a key that was not to be before.
  bool change(Id id) { return !std::exchange(details_[id].changed, true); }

  /// What use(key, accumulator) makes of the aggregate over the window, for a key that has slices in it.
  template <class Use>
  [[gnu::always_inline]] auto with_aggregate(Id id, Use&& use) const {
    const Place& place = places_[id];
    if (!place.recent_any) return use(place.key, place.front);
    if (place.front_slices == 0) return use(place.key, place.recent);
    Accumulator whole = place.front;
    aggregate_.merge(whole, place.recent);
    return use(place.key, std::as_const(whole));
  }

  /// The keys that have slices in the window, in order, as of the last sort_in() or sweep().
  const std::vector<Member>& members() const { return members_; }

  /// Keys that have come in go to their places among members().
  void sort_in() {
    if (joined_.empty()) return;
    sort_by_order(joined_, spare_);
    const auto old = static_cast<std::ptrdiff_t>(members_.size());
    members_.insert(members_.end(), joined_.begin(), joined_.end());
    std::inplace_merge(members_.begin(), members_.begin() + old, members_.end(),
                       [](const Member& a, const Member& b) { return a.order() < b.order(); });
    joined_.clear();
  }

  /// Keys without slices in the window leave members(), and those without chunks are forgotten.
  void sweep() {
    if (std::exchange(some_left_, false)) {
      for (const Member& member : members_) places_[member.id].listed = in_window(places_[member.id]);
      std::erase_if(members_, [this](const Member& member) { return !places_[member.id].listed; });
    }
    for (const Id id : emptied_) forget(id);
    emptied_.clear();
  }

  // --- late records ---

  /// Calls visit(end, accumulator) for the windows of the grid that end at first, …, last, all of which contain `pivot`, which
  /// the key has. Each costs what it has in slices that its neighbours have not.
  template <class Visit>
  void each_window_around(Id id, Slice pivot, EventTime first, EventTime last, const WindowGrid& grid, Visit&& visit) const {
    std::vector<std::pair<Slice, const Accumulator*>> behind;  // the slices behind the pivot, newest first
    each_backwards(id, {pivot + 1, grid.slice_of(last)},
                   [&](Slice slice, const Chunk& chunk, unsigned i) { behind.emplace_back(slice, &chunk.slices[i]); });
    std::vector<std::pair<Slice, Accumulator>> before;  // from a slice up to the pivot, newest first
    each_backwards(id, {grid.slice_of(first - grid.size()), pivot + 1}, [&](Slice slice, const Chunk& chunk, unsigned i) {
      before.emplace_back(slice, chunk.slices[i]);
      if (before.size() > 1) aggregate_.merge(before.back().second, before[before.size() - 2].second);
    });
    Accumulator newer = aggregate_.create();
    bool any_newer = false;
    for (EventTime end = first; end <= last; end = end + grid.slide()) {
      while (before.back().first < grid.slice_of(end - grid.size())) before.pop_back();
      for (; !behind.empty() && behind.back().first < grid.slice_of(end); behind.pop_back()) {
        aggregate_.merge(newer, *behind.back().second);
        any_newer = true;
      }
      Accumulator whole = before.back().second;
      if (any_newer) aggregate_.merge(whole, newer);
      visit(end, std::as_const(whole));
    }
  }

 private:
  /// What every window needs of a key: half a cache line with the usual keys and accumulators.
  struct Place {
    Accumulator front{};             // of the slices before the flip point
    Accumulator recent{};            // of the others, if recent_any
    std::uint32_t front_slices = 0;
    bool recent_any = false;
    bool listed = false;             // whether the key is in members_ or joined_
    K key{};
  };
  struct Details {
    std::uint64_t hash = 0;
    typename Chunk::Link newest;
    bool changed = false;            // whether it waits for remake()
  };

  static bool in_window(const Place& place) { return place.front_slices > 0 || place.recent_any; }

  Id find_or_make(const K& key, std::uint64_t hash) {
    const Id found = index_.find(hash, [&](Id id) { return places_[id].key == key; });
    if (found != SlotIndex::kNone) return found;
    if (free_.empty()) {
      free_.push_back(static_cast<Id>(places_.size()));
      places_.emplace_back();
      details_.emplace_back();
    }
    const Id id = free_.back();
    free_.pop_back();
    places_[id].key = key;
    details_[id].hash = hash;
    index_.insert(hash, id);
    return id;
  }

  void forget(Id id) {
    index_.erase(details_[id].hash, id);
    places_[id] = {};
    details_[id] = {};
    free_.push_back(id);
  }

  void list(Id id) {
    places_[id].listed = true;
    joined_.push_back({key_order(details_[id].hash), id});
  }

  /// On top of the recent slices.
  [[gnu::always_inline]] void fold(Place& place, const Accumulator& slice) {
    if (std::exchange(place.recent_any, true)) aggregate_.merge(place.recent, slice);
    else place.recent = slice;
  }
  /// On top of the older ones, which go from new to old.
  void stack(Place& place, const Chunk& chunk, unsigned i) {
    if (place.front_slices++ == 0) {
      place.front = chunk.slices[i];
      return;
    }
    Accumulator whole = chunk.slices[i];
    aggregate_.merge(whole, place.front);
    chunk.after[i] = std::exchange(place.front, std::move(whole));
  }

  /// The slices of a chunk that are present and in the range, as bits.
  static std::uint32_t present_in(const Chunk& chunk, std::int64_t number, const Range& range) {
    const auto low = static_cast<unsigned>(std::clamp<Slice>(range.from - number * N, 0, N));
    const auto high = static_cast<unsigned>(std::clamp<Slice>(range.upto - number * N, 0, N));
    if (low >= high) return 0;
    return chunk.present & static_cast<std::uint32_t>((std::uint64_t{1} << high) - (std::uint64_t{1} << low));
  }
  template <class Visit>
  static void each_backwards_of(std::uint32_t bits, Visit&& visit) {
    while (bits != 0) {
      const auto i = static_cast<unsigned>(31 - std::countl_zero(bits));
      bits &= ~(std::uint32_t{1} << i);
      visit(i);
    }
  }
  /// Calls visit(slice, chunk, i) for a key's slices in the range, newest first.
  template <class Visit>
  void each_backwards(Id id, const Range& range, Visit&& visit) const {
    for (typename Chunk::Link at = details_[id].newest; at.number >= kept_from_ && (at.number + 1) * N > range.from; at = at.chunk->older) {
      each_backwards_of(present_in(*at.chunk, at.number, range), [&](unsigned i) { visit(at.number * N + i, *at.chunk, i); });
    }
  }

  A aggregate_;
  std::vector<Place> places_;     // by id
  std::vector<Details> details_;  // by id
  std::vector<Id> free_;
  SlotIndex index_;
  std::int64_t kept_from_ = kBeginning;  // links to chunks before this one lead nowhere

  std::vector<Member> members_;
  std::vector<Member> joined_;    // in the window as well, to be sorted in
  std::vector<Member> spare_;     // for sorting
  std::vector<Id> emptied_;       // without chunks, to be forgotten
  bool some_left_ = false;        // some of members_ have no slices in the window any more
};

}  // namespace weir
