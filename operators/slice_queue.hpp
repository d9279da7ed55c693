// The slices of one key, and the aggregate over those in a window that slides over them, in amortised constant time per
// slice and without inverting anything: two stacks. The older slices of the window carry aggregates from themselves up to
// the flip point, so that dropping the oldest is a pop; the newer ones are folded into one accumulator. When the older
// part is used up, the flip point moves to the end and the newer part becomes the older one (Tangwongsan, Hirzel,
// Schneider, Low-latency sliding-window aggregation in worst-case constant time, DEBS 2017; slices shared among windows
// are those of Carbone et al., Cutty, CIKM 2016).
//
//   slices:  kept for late records |           window            | not over
//                                  from_           flip_         upto_
//                                  | suffixes_.back() | recent_  |
//
// Transient: made again from the state's entries. Accumulators are merged older first. One thread.
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

/// Entry: of the table of chunks of N slices; the key's scope is the chunk's number. It outlives its place here.
template <class Entry, class A, unsigned N>
class SliceQueue {
 public:
  using Accumulator = typename A::Accumulator;
  using Slice = WindowGrid::Slice;

  bool empty() const { return oldest_ == chunks_.size(); }
  const Entry& oldest() const { return *chunks_[oldest_].entry; }
  /// Of the oldest chunk; the greatest number when there is none.
  std::int64_t oldest_number() const { return oldest_number_; }

  /// Start to load what sliding to `from` will read: first the lists, and when these are there, the chunks.
  [[gnu::always_inline]] void prefetch(Slice from) const {
    if (from <= next_ && from < flip_) return;
    if (passed_ < chunks_.size()) __builtin_prefetch(&chunks_[passed_]);
    if (!suffixes_.empty()) __builtin_prefetch(&suffixes_.back());
  }
  [[gnu::always_inline]] void prefetch_chunks(Slice from) const {
    if (empty()) return;
    __builtin_prefetch(newest_.entry);
    if (next_ < from) __builtin_prefetch(chunks_[passed_].entry);
    if (from < flip_) return;  // otherwise it will flip
    for (std::size_t at = passed_; at < std::min<std::size_t>(chunks_.size(), passed_ + kFewChunks); ++at) {
      __builtin_prefetch(chunks_[at].entry);
    }
  }

  /// A new chunk. Those of slices before upto_ need changed() too.
  void add(const Entry& entry) {
    auto at = chunks_.end();
    while (at != chunks_.begin() + oldest_ && std::prev(at)->number > entry.key.scope) --at;
    if (at - chunks_.begin() < static_cast<std::ptrdiff_t>(passed_)) ++passed_;
    chunks_.insert(at, Chunk{entry.key.scope, &entry});
    newest_ = chunks_.back();
    oldest_number_ = chunks_[oldest_].number;
    find_next();
  }

  /// A slice before upto_ has changed: the running aggregates are void.
  void changed() {
    suffixes_.clear();
    recent_any_ = false;
    flip_ = from_;
  }

  /// Forgets the oldest chunk, whose slices are in no window to come.
  void pop_oldest() {
    leave(end_of(chunks_[oldest_]));
    ++oldest_;
    passed_ = std::max(passed_, oldest_);
    oldest_number_ = empty() ? kNone : chunks_[oldest_].number;
    find_next();
    if (oldest_ < kCompact || oldest_ * 2 < chunks_.size()) return;
    chunks_.erase(chunks_.begin(), chunks_.begin() + oldest_);
    passed_ -= std::exchange(oldest_, 0);
  }

  /// Begins anew, for another key. There are no chunks.
  void reset() {
    chunks_.clear();
    suffixes_.clear();
    from_ = flip_ = upto_ = kBeginning;
    oldest_ = passed_ = 0;
    oldest_number_ = next_ = kNone;
    recent_any_ = false;
  }

  /// The window now is [from, upto); neither ever moves back. Whether there is a slice in it.
  bool slide_to(Slice from, Slice upto, const A& aggregate) {
    leave(from);
    if (next_ < from) pass(from);
    enter(upto, aggregate);
    if (!suffixes_.empty()) return true;
    flip(aggregate);
    return !suffixes_.empty();
  }

  /// The first slice that the oldest chunk not yet behind the window may have; the greatest number when there is none.
  Slice next() const { return next_; }

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
    each_backwards(grid.slice_of(first - grid.size()), pivot + 1, [&](Slice slice, const Accumulator& accumulator) {
      before.emplace_back(slice, accumulator);
      if (before.size() > 1) aggregate.merge(before.back().second, before[before.size() - 2].second);
    });
    Accumulator behind = aggregate.create();
    bool any_behind = false;
    Slice next = pivot + 1;
    for (EventTime end = first; end <= last; end = end + grid.slide()) {
      const Slice from = grid.slice_of(end - grid.size());
      while (before.back().first < from) before.pop_back();
      const Slice upto = grid.slice_of(end);
      each(next, upto, [&](Slice, const Accumulator& accumulator) {
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
  static constexpr std::size_t kFewChunks = 16;           // worth fetching one by one
  static constexpr std::uint32_t kCompact = 16;           // forgotten chunks worth a move of the others

  struct Chunk {
    std::int64_t number;  // the entry's, here so that it can be compared without reading the entry
    const Entry* entry;
  };

  static Slice end_of(const Chunk& chunk) { return (chunk.number + 1) * N; }

  /// The slices of a chunk that are present and in [from, upto), as bits.
  static std::uint32_t present_in(const Chunk& chunk, Slice from, Slice upto) {
    const Slice begin = chunk.number * N;
    const auto low = static_cast<unsigned>(std::clamp<Slice>(from - begin, 0, N));
    const auto high = static_cast<unsigned>(std::clamp<Slice>(upto - begin, 0, N));
    if (low >= high) return 0;
    const auto mask = static_cast<std::uint32_t>((std::uint64_t{1} << high) - (std::uint64_t{1} << low));
    return chunk.entry->value.present & mask;
  }

  /// Calls visit(slice, accumulator) for slices in [from, upto), oldest first.
  template <class Visit>
  void each(Slice from, Slice upto, Visit&& visit) const {
    std::size_t at = chunks_.size();
    while (at > oldest_ && end_of(chunks_[at - 1]) > from) --at;
    for (; at < chunks_.size() && chunks_[at].number * N < upto; ++at) {
      each_of(chunks_[at], from, upto, visit);
    }
  }
  template <class Visit>
  static void each_of(const Chunk& chunk, Slice from, Slice upto, Visit&& visit) {
    for (auto bits = present_in(chunk, from, upto); bits != 0; bits &= bits - 1) {
      const int i = std::countr_zero(bits);
      visit(chunk.number * N + i, chunk.entry->value.slices[static_cast<unsigned>(i)]);
    }
  }

  /// The same, newest first.
  template <class Visit>
  void each_backwards(Slice from, Slice upto, Visit&& visit) const {
    for (std::size_t at = chunks_.size(); at > oldest_ && end_of(chunks_[at - 1]) > from; --at) {
      const Chunk& chunk = chunks_[at - 1];
      for (auto bits = present_in(chunk, from, upto); bits != 0;) {
        const int i = 31 - std::countl_zero(bits);
        bits &= ~(std::uint32_t{1} << i);
        visit(chunk.number * N + i, chunk.entry->value.slices[static_cast<unsigned>(i)]);
      }
    }
  }

  /// Drops what is before `from`.
  void leave(Slice from) {
    const Slice until = std::min(from, flip_);
    if (next_ < until && !suffixes_.empty()) {
      for (std::size_t at = passed_; at < chunks_.size() && !suffixes_.empty() && chunks_[at].number * N < until; ++at) {
        for (auto bits = present_in(chunks_[at], from_, until); bits != 0; bits &= bits - 1) suffixes_.pop_back();
      }
      keep_front();
    }
    from_ = std::max(from_, from);
  }

  void pass(Slice from) {
    while (passed_ < chunks_.size() && end_of(chunks_[passed_]) <= from) ++passed_;
    find_next();
  }
  void find_next() { next_ = passed_ == chunks_.size() ? kNone : chunks_[passed_].number * N; }

  /// The aggregate of the older part. Where that is cheap it is kept here: a list of a key's own is far away in memory.
  const Accumulator& front() const {
    if constexpr (kKeepsFront) return front_;
    else return suffixes_.back();
  }
  void keep_front() {
    if constexpr (kKeepsFront) {
      if (!suffixes_.empty()) front_ = suffixes_.back();
    }
  }

  /// Takes in what is over.
  void enter(Slice upto, const A& aggregate) {
    const auto take = [&](Slice, const Accumulator& accumulator) {
      if (std::exchange(recent_any_, true)) aggregate.merge(recent_, accumulator);
      else recent_ = accumulator;
    };
    const Slice first = std::max(upto_, from_);
    if (first < upto && !empty()) {
      if (newest_.number * N <= first) each_of(newest_, first, upto, take);
      else each(first, upto, take);
    }
    upto_ = std::max(upto_, upto);
  }

  void flip(const A& aggregate) {
    each_backwards(from_, upto_, [&](Slice, const Accumulator& accumulator) {
      suffixes_.push_back(accumulator);
      if (suffixes_.size() > 1) aggregate.merge(suffixes_.back(), suffixes_[suffixes_.size() - 2]);
    });
    flip_ = upto_;
    recent_any_ = false;
    keep_front();
  }

  std::vector<Chunk> chunks_;          // by number
  std::vector<Accumulator> suffixes_;  // of the slices in [from_, flip_), newest first
  Accumulator front_{};                // suffixes_.back(), if kKeepsFront
  Accumulator recent_{};               // of those in [flip_, upto_), if recent_any_
  Slice from_ = kBeginning;
  Slice flip_ = kBeginning;
  Slice upto_ = kBeginning;
  Chunk newest_{};                     // chunks_.back()
  std::int64_t oldest_number_ = kNone; // of chunks_[oldest_]
  Slice next_ = kNone;                 // the first slice that chunks_[passed_] may have
  std::uint32_t oldest_ = 0;           // of chunks_; those before are forgotten
  std::uint32_t passed_ = 0;           // those before are wholly before from_
  bool recent_any_ = false;
};

}  // namespace weir
