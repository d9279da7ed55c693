// The hot path of sliced windows: a batch of records is added to the partial aggregates of (key, slice), one look-up
// each, with what they will touch fetched ahead so that cache misses overlap. No allocation per record, no work per
// window. What is new, and what comes too late for its slice, is told to the operator.
//
// State: table "slices", (key, start of slice) -> accumulator; a checkpoint writes the slices that changed.
// Belongs to one operator.
#pragma once

#include <vector>

#include <weir/operators/aggregate.hpp>
#include <weir/operators/firing_progress.hpp>
#include <weir/operators/rolling.hpp>
#include <weir/operators/window_grid.hpp>

namespace weir {

template <class T, class KeyOf, class A>
class SliceBuffer {
 public:
  using K = KeyOfResult<T, KeyOf>;
  using Accumulator = typename A::Accumulator;
  using Table = StateTable<Scoped<K, EventTime>, Accumulator>;
  using Entry = typename Table::Entry;

  /// A record's place.
  struct Place {
    std::uint64_t key_hash = 0;
    std::uint64_t hash = 0;  // of key and slice
    EventTime slice;
  };
  /// An entry, and whether the record made it.
  struct Added {
    const Entry& entry;
    bool fresh;
  };

  SliceBuffer(KeyOf key_of, A aggregate, const WindowGrid& grid)
      : key_of_(std::move(key_of)), aggregate_(std::move(aggregate)), grid_(grid) {}

  void open(OperatorContext& context) { table_ = &context.state().template table<Scoped<K, EventTime>, Accumulator>("slices"); }

  const WindowGrid& grid() const { return grid_; }
  const A& aggregate() const { return aggregate_; }
  const Table& table() const { return *table_; }

  /// Adds the records whose slice begins at `open_from` or later; calls fresh(entry, place) for new entries, and
  /// behind(i, place) for the other records instead of adding them. Records between windows are dropped.
  template <class Fresh, class Behind>
  void add(const Batch<T>& in, EventTime open_from, Fresh&& fresh, Behind&& behind) {
    place(in);
    const std::size_t count = places_.size();
    for (std::size_t i = 0; i < count; ++i) {
      if (i + kPrefetchIndex < count) table_->prefetch(places_[i + kPrefetchIndex].hash);
      if (i + kPrefetchEntry < count) table_->prefetch_entry(places_[i + kPrefetchEntry].hash);
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
    scratch_.scope = at.slice;
    Entry& entry = table_->edit_entry(scratch_, at.hash);
    const bool fresh = table_->size() != before;
    if (fresh) entry.value = aggregate_.create();
    aggregate_.add(entry.value, record);
    return {entry, fresh};
  }

  void prefetch_erase(const Entry& entry) const { table_->prefetch(hash_of(entry.key)); }
  void erase(const Entry& entry) { table_->erase(entry.key, hash_of(entry.key)); }

 private:
  static constexpr EventTime kNowhere = EventTime::min();

  void place(const Batch<T>& in) {
    const std::size_t count = in.records.size();
    places_.resize(count);
    EventTime slice = kNowhere;
    std::uint64_t slice_hash = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const EventTime time = in.times[i];
      if (!WindowGrid::placeable(time)) [[unlikely]] fail_unplaceable(time);
      if (const EventTime next = grid_.slice_of(time); next != slice) {
        slice = next;
        slice_hash = hash_of(slice);
      }
      Place& at = places_[i];
      at.key_hash = hash_of<K>(std::invoke(key_of_, in.records[i]));
      at.hash = hash_join(hash_join(0, at.key_hash), slice_hash);  // as hash_of(Scoped)
      at.slice = grid_.last_end(slice) > slice ? slice : kNowhere;
    }
  }

  KeyOf key_of_;
  A aggregate_;
  WindowGrid grid_;
  Table* table_ = nullptr;
  Scoped<K, EventTime> scratch_;
  std::vector<Place> places_;
};

/// How many keys a firing takes before it lets the task look at other things.
constexpr std::size_t kFiringStep = 4096;
/// How often it asks whether downstream has room.
constexpr std::size_t kFiringCheck = 64;

}  // namespace weir
