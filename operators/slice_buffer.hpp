// The hot path of sliced windows: a batch of records is added to the partial aggregates of (key, slice), one look-up
// each, with what they will touch fetched ahead so that cache misses overlap. No allocation per record, no work per
// window. What is new, and what comes too late for its slice, is told to the operator.
//
// State: table "slices", by chunk, key -> N neighbouring slices; a checkpoint writes the chunks of keys that changed.
// Table "grid" tells a restored run that the window is another one now. Belongs to one operator.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <span>
#include <type_traits>
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
/// How many keys ahead of its use a key's state is fetched: the index line first, the entry when that has arrived.
constexpr std::size_t kPrefetchIndex = 12;
constexpr std::size_t kPrefetchEntry = 6;
/// How many records are looked up before they are added: what that reads is still in the first-level cache then.
constexpr std::size_t kLookups = 128;

/// Throws Failure when the state is that of another grid.
void check_grid(OperatorContext& context, const WindowGrid& grid);

/// Chunk: SliceChunk or LinkedChunk.
template <class T, class KeyOf, class A, class Chunk>
class SliceBuffer {
 public:
  using K = KeyOfResult<T, KeyOf>;
  using Slice = WindowGrid::Slice;
  using Table = BucketTable<K, Chunk>;
  using Bucket = typename Table::Bucket;
  using Entry = typename Table::Entry;
  using Edited = typename Table::Edited;

  SliceBuffer(KeyOf key_of, A aggregate, const WindowGrid& grid)
      : key_of_(std::move(key_of)), aggregate_(std::move(aggregate)), grid_(grid) {}

  void open(OperatorContext& context) {
    check_grid(context, grid_);
    table_ = &context.state().template buckets<K, Chunk>("slices");
  }

  const WindowGrid& grid() const { return grid_; }
  const A& aggregate() const { return aggregate_; }
  Table& chunks() { return *table_; }

  /// The number of the chunk that has a slice.
  static std::int64_t chunk_of(Slice slice) { return slice >> kShift; }

  /// Adds the records of slices from `open_from` on; calls fresh(chunk, entry, hash of its key) for new entries, and
  /// behind(record, time, slice) for the other records instead of adding them. Records between windows are dropped.
  template <class Fresh, class Behind>
  void add(const Batch<T>& in, Slice open_from, Fresh&& fresh, Behind&& behind) {
    find_runs(in);
    std::size_t at = 0;
    for (const Run& run : runs_) {
      if (run.slice >= open_from) [[likely]] {
        add_run(in, at, run, fresh);
      } else if (run.slice != kNowhere) {
        for (std::size_t i = at; i < run.end; ++i) behind(in.records[i], in.times[i], run.slice);
      }
      at = run.end;
    }
  }

  /// Adds one record; `hash` is that of its key.
  Edited add(const T& record, std::uint64_t hash, Slice slice) {
    return add(table_->bucket(chunk_of(slice)), record, {hash, SlotIndex::kNone}, slice);
  }

  /// Drops chunks, oldest first, as long as over(number) holds; each entry takes one of the budget, and is told to
  /// gone(number, chunk) before it goes.
  template <class Over, class Gone>
  Progress drop_chunks(std::size_t& budget, Over&& over, Gone&& gone) {
    for (Bucket* bucket = table_->oldest(); bucket && over(bucket->number()); bucket = table_->oldest()) {
      for (; const Entry* entry = bucket->last(); table_->drop_last(*bucket)) {
        if (budget == 0) return Progress::More;
        --budget;
        gone(bucket->number(), entry->value);
      }
      table_->drop(*bucket);
    }
    return Progress::Done;
  }

  std::uint64_t hash(const T& record) const { return hash_of<K>(std::invoke(key_of_, record)); }

 private:
  using Accumulator = typename A::Accumulator;

  static constexpr unsigned N = Chunk::kSlices;
  static constexpr bool kSmall = std::is_trivially_copyable_v<Accumulator> && sizeof(Accumulator) <= sizeof(std::int64_t);
  static constexpr int kShift = std::countr_zero(N);
  static constexpr Slice kNowhere = std::numeric_limits<Slice>::min();

  /// Records of a batch one behind the other that are in one slice.
  struct Run {
    Slice slice;
    std::size_t end;
  };

  void find_runs(const Batch<T>& in) {
    const std::size_t count = in.records.size();
    runs_.clear();
    for (std::size_t i = 0; i < count;) {
      const EventTime time = in.times[i];
      if (!WindowGrid::placeable(time)) [[unlikely]] fail_unplaceable(time);
      const Slice slice = grid_.slice_of(time);
      const EventTime from = grid_.start_of(slice);
      const EventTime until = grid_.start_of(slice + 1);
      do ++i;
      while (i < count && from <= in.times[i] && in.times[i] < until);
      runs_.push_back({grid_.in_some_window(slice) ? slice : kNowhere, i});
    }
  }

  template <class Fresh>
  void add_run(const Batch<T>& in, std::size_t begin, const Run& run, Fresh& fresh) {
    Bucket& bucket = table_->bucket(chunk_of(run.slice));
    for (std::size_t count; begin < run.end; begin += count) {
      count = std::min(kLookups, run.end - begin);
      const T* const records = in.records.data() + begin;
      for (std::size_t i = 0; i < count; ++i) {
        lookups_[i].hash = hash(records[i]);
        bucket.prefetch(lookups_[i].hash);
      }
      bucket.locate(std::span(lookups_).first(count));
      for (std::size_t i = 0; i < count; ++i) {
        if (const Edited added = add(bucket, records[i], lookups_[i], run.slice); added.fresh) {
          fresh(bucket, added.entry, lookups_[i].hash);
        }
      }
    }
  }

  Edited add(Bucket& bucket, const T& record, const Lookup& lookup, Slice slice) {
    const Edited edited = table_->edit(bucket, std::invoke(key_of_, record), lookup);
    auto& accumulator = edited.entry.value.slices[slice & (N - 1)];
    if constexpr (N == 1) {
      if (edited.fresh) accumulator = aggregate_.create();
      aggregate_.add(accumulator, record);
    } else {
      auto& present = edited.entry.value.present;
      const std::uint32_t bit = std::uint32_t{1} << (slice & (N - 1));
      if constexpr (kSmall) {
        // A select: whether a slice is new is hard to predict, and a wrong guess costs more than all the rest.
        Accumulator value = aggregate_.create();
        if (present & bit) value = accumulator;
        aggregate_.add(value, record);
        accumulator = value;
      } else {
        if (!(present & bit)) accumulator = aggregate_.create();
        aggregate_.add(accumulator, record);
      }
      present |= bit;
    }
    return edited;
  }

  KeyOf key_of_;
  A aggregate_;
  WindowGrid grid_;
  Table* table_ = nullptr;
  std::vector<Run> runs_;                   // of the batch
  std::array<Lookup, kLookups> lookups_{};  // of the records being added
};

}  // namespace weir
