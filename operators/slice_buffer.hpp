// The hot path of sliced windows: a batch of records is added to the partial aggregates of (key, slice), one look-up
// each, with what they will touch fetched ahead so that cache misses overlap. No allocation per record, no work per
// window. What is new, and what comes too late for its slice, is told to the operator.
//
// State: table "slices", (key, number of chunk) -> N neighbouring slices; a checkpoint writes the chunks that changed.
// Table "grid" tells a restored run that the window is another one now. Belongs to one operator.
#pragma once

#include <limits>
#include <vector>

#include <weir/operators/aggregate.hpp>
#include <weir/operators/firing_progress.hpp>
#include <weir/operators/rolling.hpp>
#include <weir/operators/slice_chunk.hpp>
#include <weir/operators/window_grid.hpp>

namespace weir {

/// How many keys a firing takes before it lets the task look at other things.
constexpr std::size_t kFiringStep = 4096;
/// How often it asks whether downstream has room.
constexpr std::size_t kFiringCheck = 64;
/// How far ahead of its use a key's state is fetched: the index line first, the entry when that has arrived.
constexpr std::size_t kPrefetchIndex = 12;
constexpr std::size_t kPrefetchEntry = 6;

/// Throws Failure when the state is that of another grid.
void check_grid(OperatorContext& context, const WindowGrid& grid);

template <class T, class KeyOf, class A, unsigned N>
class SliceBuffer {
 public:
  using K = KeyOfResult<T, KeyOf>;
  using Slice = WindowGrid::Slice;
  using Accumulator = typename A::Accumulator;
  using Table = StateTable<Scoped<K, std::int64_t>, SliceChunk<Accumulator, N>>;
  using Entry = typename Table::Entry;

  static constexpr int kShift = std::countr_zero(N);

  /// A record's place.
  struct Place {
    std::uint64_t key_hash = 0;
    std::uint64_t hash = 0;  // of key and chunk
    std::uint32_t slot = SlotIndex::kNone;
    Slice slice = 0;
  };
  struct Added {
    const Entry& entry;
    bool fresh;  // the record made the entry
  };

  SliceBuffer(KeyOf key_of, A aggregate, const WindowGrid& grid)
      : key_of_(std::move(key_of)), aggregate_(std::move(aggregate)), grid_(grid) {}

  void open(OperatorContext& context) {
    check_grid(context, grid_);
    table_ = &context.state().template table<Scoped<K, std::int64_t>, SliceChunk<Accumulator, N>>("slices");
  }

  const WindowGrid& grid() const { return grid_; }
  const A& aggregate() const { return aggregate_; }
  const Table& table() const { return *table_; }

  /// Adds the records of slices from `open_from` on; calls fresh(entry, place) for new entries, and behind(i, place) for
  /// the other records instead of adding them. Records between windows are dropped.
  template <class Fresh, class Behind>
  void add(const Batch<T>& in, Slice open_from, Fresh&& fresh, Behind&& behind) {
    place(in);
    const std::size_t count = places_.size();
    table_->locate(places_);
    for (std::size_t i = 0; i < count; ++i) {
      const Place& at = places_[i];
      if (at.slice < open_from) [[unlikely]] {
        if (at.slice != kNowhere) behind(i, at);
        continue;
      }
      if (const Added added = add(in.records[i], at); added.fresh) fresh(added.entry, at);
    }
  }

  Added add(const T& record, const Place& at) {
    const std::size_t before = table_->size();
    scratch_.key = std::invoke(key_of_, record);
    scratch_.scope = at.slice >> kShift;
    Entry& entry = table_->edit_entry(scratch_, Lookup{at.hash, at.slot});
    const bool fresh = table_->size() != before;
    Accumulator& accumulator = entry.value.slices[at.slice & (N - 1)];
    if constexpr (N == 1) {
      if (fresh) accumulator = aggregate_.create();
    } else {
      const std::uint32_t bit = std::uint32_t{1} << (at.slice & (N - 1));
      if (!(entry.value.present & bit)) accumulator = aggregate_.create();
      entry.value.present |= bit;
    }
    aggregate_.add(accumulator, record);
    return {entry, fresh};
  }

  [[gnu::always_inline]] void prefetch_erase(const Entry& entry) const { table_->prefetch(hash_of(entry.key)); }
  void erase(const Entry& entry) { table_->erase(entry.key, hash_of(entry.key)); }
  /// The same for those who know the key's hash, which need not read the entry: it may be far away.
  [[gnu::always_inline]] void prefetch_erase(std::uint64_t key_hash, Slice chunk) const { table_->prefetch(hash_at(key_hash, chunk)); }
  void erase(const Entry& entry, std::uint64_t key_hash, Slice chunk) { table_->erase(entry.key, hash_at(key_hash, chunk)); }

 private:
  static constexpr Slice kNowhere = std::numeric_limits<Slice>::min();

  /// As hash_of(Scoped).
  static std::uint64_t hash_at(std::uint64_t key_hash, Slice chunk) {
    return hash_join(hash_join(0, key_hash), hash_of<std::int64_t>(chunk));
  }

  void place(const Batch<T>& in) {
    const std::size_t count = in.records.size();
    places_.resize(count);
    EventTime from = EventTime::max();  // of the slice that the last record was in
    EventTime until = EventTime::min();
    Slice slice = kNowhere;
    std::uint64_t chunk_hash = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const EventTime time = in.times[i];
      if (time < from || until <= time) {
        if (!WindowGrid::placeable(time)) [[unlikely]] fail_unplaceable(time);
        slice = grid_.slice_of(time);
        from = grid_.start_of(slice);
        until = grid_.start_of(slice + 1);
        chunk_hash = hash_of<std::int64_t>(slice >> kShift);
        if (!grid_.in_some_window(slice)) slice = kNowhere;
      }
      Place& at = places_[i];
      at.key_hash = hash_of<K>(std::invoke(key_of_, in.records[i]));
      at.hash = hash_join(hash_join(0, at.key_hash), chunk_hash);  // as hash_of(Scoped)
      at.slice = slice;
    }
  }

  KeyOf key_of_;
  A aggregate_;
  WindowGrid grid_;
  Table* table_ = nullptr;
  Scoped<K, std::int64_t> scratch_;
  std::vector<Place> places_;
};

}  // namespace weir
