// Tumbling event-time windows over an aggregate: a window is one slice, so its result is the slice's accumulator. Without
// allowed lateness firing drops it; otherwise it stays until the watermark has passed the lateness too, and every late
// record fires it again.
//
// Firing may be interrupted by a snapshot. Without lateness the state says what is left to fire: what is there. With
// lateness keys fire in order, and firing_progress.hpp says how far.
//
// Port 0: results; port 1: records too late for their window.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include <weir/operators/emitter.hpp>
#include <weir/operators/slice_buffer.hpp>
#include <weir/operators/sort_by_order.hpp>

namespace weir {

/// `Make` turns (key, window, result) into Out.
template <class T, class KeyOf, class A, class Make, class Out>
class TumblingAggregate final : public ContextOperator {
 public:
  TumblingAggregate(KeyOf key_of, A aggregate, Make make, const WindowGrid& grid, Duration lateness)
      : slices_(std::move(key_of), std::move(aggregate), grid), make_(std::move(make)), lateness_(lateness) {
    close(WindowGrid::clamp(EventTime::min()));
  }

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    slices_.open(context);
    progress_.open(context);
    out_.open(context);
    late_.open(context);
    if (const auto resumed = progress_.resumed()) {
      close(*resumed - Duration(1));
      mixed_until_ = slices_.grid().slice_of(slices_.grid().last_end_before(progress_.furthest()));
    }
    slices_.chunks().for_each([this](const Bucket& bucket) { restore(bucket); });
  }

  void process(BatchPtr batch, std::uint32_t) override {
    slices_.add(
        batch_of<T>(*batch), std::max(open_from_, mixed_until_),
        [this](const Bucket& bucket, const Entry&, std::uint64_t) { pending(bucket.number()); },
        [this](const T& record, EventTime time, Slice slice) { add_behind(record, time, slice); });
    out_.flush();
    late_.flush();
  }

  Progress on_watermark(EventTime watermark) override {
    const EventTime limit = WindowGrid::clamp(watermark) + Duration(1);  // windows that end here or before are over
    std::size_t budget = kFiringStep;
    while (!pending_.empty() && end_of(*pending_.begin()) <= limit) {
      if (fire(*pending_.begin(), budget) == Progress::More) return pause();
    }
    if (clean_up(limit, budget) == Progress::More) return pause();
    close(std::max(closed_, limit));
    out_.flush();
    return Progress::Done;
  }

  void before_snapshot(CheckpointId) override {
    if (firing_.empty()) progress_.save(closed_ + Duration(1), 0);
    else progress_.save(end_of(*pending_.begin()), firing_[fired_].order());
  }

 private:
  using Buffer = SliceBuffer<T, KeyOf, A, SliceChunk<typename A::Accumulator, 1>>;
  using Bucket = typename Buffer::Bucket;
  using Entry = typename Buffer::Entry;
  using Slice = WindowGrid::Slice;

  struct Due {
    std::uint32_t key_order;
    const Entry* entry;  // in the table; stays there until its bucket goes
    std::uint32_t order() const { return key_order; }
  };

  bool retains() const { return lateness_.count() > 0; }
  EventTime end_of(Slice slice) const { return slices_.grid().last_end(slice); }

  void close(EventTime limit) {
    closed_ = limit;
    open_from_ = slices_.grid().slice_of(slices_.grid().last_end_before(limit));
  }

  void pending(Slice slice) {
    if (newest_pending_ == slice) return;
    pending_.insert(slice);
    newest_pending_ = slice;
  }

  void restore(const Bucket& bucket) {
    bool unfired = false;
    bucket.for_each([&](const Entry& entry) { unfired |= !retains() || !has_fired(hash_of(entry.key), bucket.number()); });
    if (unfired) pending(bucket.number());
  }
  /// Whether the run restored from has fired a key's window.
  bool has_fired(std::uint64_t key_hash, Slice slice) const {
    return slice < mixed_until_ && end_of(slice) < progress_.first_unfired(key_order(key_hash));
  }

  /// A record of a window that has fired, or, after a restore, has fired for some keys.
  void add_behind(const T& record, EventTime time, Slice slice) {
    const std::uint64_t hash = slices_.hash(record);
    if (slice >= open_from_ && !has_fired(hash, slice)) {
      slices_.add(record, hash, slice);
      return pending(slice);
    }
    if (!retains() || end_of(slice) + lateness_ <= closed_) return late_.emit(record, time);
    emit(slices_.add(record, hash, slice).entry, slice);
  }

  void emit(const Entry& entry, Slice slice) {
    const Window window = slices_.grid().window_ending(end_of(slice));
    out_.emit(make_(entry.key, window, slices_.aggregate().result(entry.value.slices[0])), window.last());
  }

  Progress fire(Slice slice, std::size_t& budget) {
    Bucket& bucket = slices_.chunks().bucket(slice);
    if ((retains() ? fire_in_order(bucket, budget) : fire_and_drop(bucket, budget)) == Progress::More) return Progress::More;
    pending_.erase(pending_.begin());
    newest_pending_.reset();
    close(std::max(closed_, end_of(slice)));
    return Progress::Done;
  }

  Progress fire_and_drop(Bucket& bucket, std::size_t& budget) {
    const Window window = slices_.grid().window_ending(end_of(bucket.number()));
    while (bucket.size() > 0) {
      if (budget == 0) return Progress::More;
      const std::span<const Entry> entries = bucket.last_some(std::min(kFiringCheck, budget));
      budget -= entries.size();
      const Entry* next = entries.data();
      out_.emit_some(entries.size(), window.last(), [&] {
        const Entry& entry = *next++;
        return make_(entry.key, window, slices_.aggregate().result(entry.value.slices[0]));
      });
      slices_.chunks().drop_last(bucket, entries.size());
      if (context().output_full()) return Progress::More;
    }
    slices_.chunks().drop(bucket);
    return Progress::Done;
  }

  Progress fire_in_order(const Bucket& bucket, std::size_t& budget) {
    if (firing_.empty()) gather(bucket);
    for (; fired_ < firing_.size(); ++fired_) {
      // Only between keys of different order, which is how far progress_ can tell them apart.
      const bool same = fired_ > 0 && firing_[fired_].order() == firing_[fired_ - 1].order();
      if (must_pause(budget) && !same) return Progress::More;
      if (fired_ + kPrefetchEntry < firing_.size()) __builtin_prefetch(firing_[fired_ + kPrefetchEntry].entry);
      emit(*firing_[fired_].entry, bucket.number());
    }
    firing_.clear();
    return Progress::Done;
  }

  void gather(const Bucket& bucket) {
    bucket.for_each([&](const Entry& entry) {
      const std::uint64_t hash = hash_of(entry.key);
      if (!has_fired(hash, bucket.number())) firing_.push_back({key_order(hash), &entry});
    });
    sort_by_order(firing_, spare_);
    fired_ = 0;
  }

  bool must_pause(std::size_t& budget) const {
    if (budget > 0) --budget;
    return budget == 0 || (budget % kFiringCheck == 0 && context().output_full());
  }

  /// Drops windows that no late record can fire again.
  Progress clean_up(EventTime limit, std::size_t& budget) {
    const auto over = [&](Slice slice) { return end_of(slice) + lateness_ <= limit; };
    return slices_.drop_chunks(budget, over, [](Slice, const auto&) {});
  }

  Progress pause() {
    out_.flush();
    return Progress::More;
  }

  Buffer slices_;
  Make make_;
  Duration lateness_;
  FiringProgress progress_;
  Emitter<Out> out_;
  Emitter<T> late_{1};

  std::set<Slice> pending_;              // slices that have not fired, or not all of their keys
  std::optional<Slice> newest_pending_;  // the last one that went there
  std::vector<Due> firing_;              // with lateness: the keys of the window being fired, in order; empty between windows
  std::vector<Due> spare_;               // for sorting
  std::size_t fired_ = 0;
  EventTime closed_;                     // windows that end here or before have fired
  Slice open_from_ = 0;                  // slices from here on belong to no fired window
  Slice mixed_until_ = std::numeric_limits<Slice>::min();  // after a restore: slices before this one have fired for some keys
};

}  // namespace weir
