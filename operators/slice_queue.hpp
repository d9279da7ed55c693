// The slices of one key, and the aggregate over those in a window that slides over them, in amortised constant time per
// slice and without inverting anything: two stacks. The older slices of the window carry aggregates from themselves up to
// the flip point, so that dropping the oldest is a step to the next; the newer ones are folded into one accumulator. When
// the older part is used up, the flip point moves to the end and the newer part becomes the older one (Tangwongsan, Hirzel,
// Schneider, Low-latency sliding-window aggregation in worst-case constant time, DEBS 2017; slices shared among windows
// are those of Carbone et al., Cutty, CIKM 2016).
//
//   slices:  kept for late records |           window            | not over
//                                  from_           flip_         upto_
//                                  | suffixes      | recent_     |
//
// A list through the chunks themselves: what is in the window of one key lies beside what is in that of the others, and a
// slide of all keys goes through memory in order. Nothing here is stored; it is made again from the state's chunks.
// Accumulators are merged older first. One thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <weir/operators/slice_chunk.hpp>
#include <weir/operators/window_grid.hpp>

namespace weir {

/// Of chunks of N slices. They outlive their places here.
template <class A, unsigned N>
class SliceQueue {
 public:
  using Accumulator = typename A::Accumulator;
  using Chunk = QueuedChunk<Accumulator, N>;
  using Slice = WindowGrid::Slice;

  bool empty() const { return oldest_ == nullptr; }
  /// Of the oldest chunk; the greatest number when there is none.
  std::int64_t oldest_number() const { return oldest_number_; }

  /// Starts to load what sliding to `from` will read.
  [[gnu::always_inline]] void prefetch(Slice from) const {
    __builtin_prefetch(newest_);
    if (from <= front_slice_ || !first_) return;
    const Chunk* const chunk = first_end_ <= from ? first_->newer : first_;
    if (!chunk) return;
    __builtin_prefetch(chunk);
    __builtin_prefetch(&chunk->number);
    __builtin_prefetch(&chunk->suffixes[static_cast<std::size_t>(from & (N - 1))]);
  }

  /// A new chunk. Those of slices before upto_ need changed() too.
  void add(std::int64_t number, const Chunk& chunk) {
    const Chunk* older = newest_;
    while (older && older->number > number) older = older->older;
    chunk.number = number;
    chunk.older = older;
    chunk.newer = older ? std::exchange(older->newer, &chunk) : std::exchange(oldest_, &chunk);
    if (chunk.newer) chunk.newer->older = &chunk;
    else newest_ = &chunk;
    oldest_number_ = oldest_->number;
    if (end_of(chunk) > from_ && (!first_ || number < first_->number)) begin_at(&chunk);
  }

  /// A slice before upto_ has changed: the running aggregates are void.
  void changed() {
    front_slice_ = kNone;
    recent_any_ = false;
    flip_ = from_;
  }

  /// Forgets the oldest chunk, whose slices are in no window to come.
  void pop_oldest() {
    leave(end_of(*oldest_));
    oldest_ = oldest_->newer;
    (oldest_ ? oldest_->older : newest_) = nullptr;
    oldest_number_ = oldest_ ? oldest_->number : kNone;
  }

  /// The window now is [from, upto); neither ever moves back. Whether there is a slice in it.
  bool slide_to(Slice from, Slice upto, const A& aggregate) {
    leave(from);
    enter(upto, aggregate);
    if (front_slice_ == kNone) flip(aggregate);
    return front_slice_ != kNone;
  }

  /// The same after flip_chunk() has been called for all chunks with slices in the window.
  bool slide_flipped(Slice from, Slice upto) {
    leave(from);
    upto_ = flip_ = upto;
    recent_any_ = false;
    find_front();
    return front_slice_ != kNone;
  }

  /// Makes the suffixes of a chunk, those of newer chunks being made, for windows from [from, upto) on. Where all keys flip at
  /// once this goes through memory in order, which a flip key by key does not.
  static void flip_chunk(const Chunk& chunk, Slice from, Slice upto, const A& aggregate) {
    const Accumulator* newer = nullptr;
    if (chunk.newer) {
      const std::uint32_t bits = present_in(*chunk.newer, from, upto);
      if (bits != 0) newer = &chunk.newer->suffixes[static_cast<unsigned>(std::countr_zero(bits))];
    }
    each_backwards_of(chunk, from, upto, [&](unsigned i) { newer = &make_suffix(chunk, i, newer, aggregate); });
  }

  /// The first slice that the oldest chunk not yet behind the window may have; the greatest number when there is none.
  Slice next() const { return first_ ? first_end_ - N : kNone; }

  /// Calls use(accumulator) with the aggregate over the window, which has slices.
  template <class Use>
  void with_aggregate(const A& aggregate, Use&& use) const {
    if (!recent_any_) return use(front());
    Accumulator whole = front();
    aggregate.merge(whole, recent_);
    use(std::as_const(whole));
  }

  /// Calls visit(end, accumulator) for the windows of the grid that end at first, …, last, all of which contain `pivot`. Each
  /// costs what it has in slices that its neighbours have not.
  template <class Visit>
  void each_window_around(Slice pivot, EventTime first, EventTime last, const WindowGrid& grid, const A& aggregate,
                          Visit&& visit) const {
    std::vector<std::pair<Slice, Accumulator>> before;  // from a slice up to the pivot, newest first
    each_backwards(grid.slice_of(first - grid.size()), pivot + 1, [&](const Chunk& chunk, unsigned i) {
      before.emplace_back(slice_of(chunk, i), chunk.slices[i]);
      if (before.size() > 1) aggregate.merge(before.back().second, before[before.size() - 2].second);
    });
    Accumulator behind = aggregate.create();
    bool any_behind = false;
    Slice next = pivot + 1;
    for (EventTime end = first; end <= last; end = end + grid.slide()) {
      const Slice from = grid.slice_of(end - grid.size());
      while (before.back().first < from) before.pop_back();
      const Slice upto = grid.slice_of(end);
      each(next, upto, [&](const Accumulator& accumulator) {
        aggregate.merge(behind, accumulator);
        any_behind = true;
      });
      next = std::max(next, upto);
      Accumulator whole = before.back().second;
      if (any_behind) aggregate.merge(whole, behind);
      visit(end, std::as_const(whole));
    }
  }

 private:
  static constexpr Slice kBeginning = -(Slice{1} << 62);  // before every slice, and safe to subtract from
  static constexpr Slice kNone = std::numeric_limits<Slice>::max();
  static constexpr bool kKeepsFront = std::is_trivially_copyable_v<Accumulator> && sizeof(Accumulator) <= 64;

  static Slice begin_of(const Chunk& chunk) { return chunk.number * N; }
  static Slice end_of(const Chunk& chunk) { return (chunk.number + 1) * N; }
  static Slice slice_of(const Chunk& chunk, unsigned i) { return begin_of(chunk) + i; }

  /// The slices of a chunk that are present and in [from, upto), as bits.
  static std::uint32_t present_in(const Chunk& chunk, Slice from, Slice upto) {
    const Slice begin = begin_of(chunk);
    const auto low = static_cast<unsigned>(std::clamp<Slice>(from - begin, 0, N));
    const auto high = static_cast<unsigned>(std::clamp<Slice>(upto - begin, 0, N));
    if (low >= high) return 0;
    const auto mask = static_cast<std::uint32_t>((std::uint64_t{1} << high) - (std::uint64_t{1} << low));
    return chunk.present & mask;
  }

  /// Calls visit(accumulator) for slices in [from, upto), oldest first.
  template <class Visit>
  void each(Slice from, Slice upto, Visit&& visit) const {
    const Chunk* chunk = newest_;
    if (!chunk) return;
    while (chunk->older && begin_of(*chunk) > from) chunk = chunk->older;
    for (; chunk && begin_of(*chunk) < upto; chunk = chunk->newer) {
      for (auto bits = present_in(*chunk, from, upto); bits != 0; bits &= bits - 1) {
        visit(chunk->slices[static_cast<unsigned>(std::countr_zero(bits))]);
      }
    }
  }

  /// Calls visit(chunk, i) for slices in [from, upto), newest first.
  template <class Visit>
  void each_backwards(Slice from, Slice upto, Visit&& visit) const {
    for (const Chunk* chunk = newest_; chunk && end_of(*chunk) > from; chunk = chunk->older) {
      each_backwards_of(*chunk, from, upto, [&](unsigned i) { visit(*chunk, i); });
    }
  }
  template <class Visit>
  static void each_backwards_of(const Chunk& chunk, Slice from, Slice upto, Visit&& visit) {
    for (auto bits = present_in(chunk, from, upto); bits != 0;) {
      const auto i = static_cast<unsigned>(31 - std::countl_zero(bits));
      bits &= ~(std::uint32_t{1} << i);
      visit(i);
    }
  }

  /// `newer`: the next suffix, if there is one.
  static const Accumulator& make_suffix(const Chunk& chunk, unsigned i, const Accumulator* newer, const A& aggregate) {
    chunk.suffixes[i] = chunk.slices[i];
    if (newer) aggregate.merge(chunk.suffixes[i], *newer);
    return chunk.suffixes[i];
  }

  /// Drops what is before `from`.
  void leave(Slice from) {
    if (from <= from_) return;
    from_ = from;
    if (first_end_ <= from) begin_at(first_ending_after(from));
    if (front_slice_ < from) find_front();
  }

  const Chunk* first_ending_after(Slice from) const {
    const Chunk* chunk = first_;
    while (chunk && end_of(*chunk) <= from) chunk = chunk->newer;
    return chunk;
  }
  void begin_at(const Chunk* chunk) {
    first_ = chunk;
    first_end_ = chunk ? end_of(*chunk) : kNone;
  }

  void find_front() {
    front_slice_ = kNone;
    for (const Chunk* chunk = first_; chunk && begin_of(*chunk) < flip_; chunk = chunk->newer) {
      const std::uint32_t bits = present_in(*chunk, from_, flip_);
      if (bits != 0) return set_front(*chunk, static_cast<unsigned>(std::countr_zero(bits)));
    }
  }
  void set_front(const Chunk& chunk, unsigned i) {
    front_slice_ = slice_of(chunk, i);
    if constexpr (kKeepsFront) front_ = chunk.suffixes[i];
    else front_ = &chunk.suffixes[i];
  }
  /// The aggregate of the older part.
  const Accumulator& front() const {
    if constexpr (kKeepsFront) return front_;
    else return *front_;
  }

  /// Takes in what is over.
  void enter(Slice upto, const A& aggregate) {
    const Slice first = std::max(upto_, from_);
    upto_ = std::max(upto_, upto);
    if (first >= upto || empty()) return;
    each(first, upto, [&](const Accumulator& accumulator) {
      if (std::exchange(recent_any_, true)) aggregate.merge(recent_, accumulator);
      else recent_ = accumulator;
    });
  }

  void flip(const A& aggregate) {
    const Accumulator* newer = nullptr;
    each_backwards(from_, upto_, [&](const Chunk& chunk, unsigned i) {
      newer = &make_suffix(chunk, i, newer, aggregate);
      set_front(chunk, i);
    });
    flip_ = upto_;
    recent_any_ = false;
  }

  // What every window needs comes first.
  Slice front_slice_ = kNone;           // the oldest slice in [from_, flip_); kNone when there is none
  std::conditional_t<kKeepsFront, Accumulator, const Accumulator*> front_{};  // its suffix; a copy where that is cheap
  Accumulator recent_{};                // of the slices in [flip_, upto_), if recent_any_
  bool recent_any_ = false;
  Slice from_ = kBeginning;
  Slice upto_ = kBeginning;
  const Chunk* newest_ = nullptr;
  const Chunk* first_ = nullptr;        // the oldest that is not wholly before from_
  Slice first_end_ = kNone;             // its end
  std::int64_t oldest_number_ = kNone;  // of *oldest_
  const Chunk* oldest_ = nullptr;
  Slice flip_ = kBeginning;
};

}  // namespace weir
