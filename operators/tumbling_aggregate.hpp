// Tumbling event-time windows over an aggregate: a window is one slice, so its result is the slice's accumulator. Without
// allowed lateness firing erases it; otherwise it stays until the watermark has passed the lateness too, and every late
// record fires it again.
//
// Port 0: results; port 1: records too late for their window.
#pragma once

#include <algorithm>
#include <map>
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
    restore();
  }

  void process(BatchPtr batch, std::uint32_t) override {
    auto& in = batch_of<T>(*batch);
    slices_.add(
        in, open_from_, [&](const Entry& entry, const Place& at) { pending(at.slice).push_back({at.key_hash, &entry}); },
        [&](std::size_t i, const Place& at) { add_late(in.records[i], in.times[i], at); });
    out_.flush();
    late_.flush();
  }

  Progress on_watermark(EventTime watermark) override {
    const EventTime limit = WindowGrid::clamp(watermark) + Duration(1);  // windows that end here or before are over
    std::size_t budget = kFiringStep;
    while (begin_firing(limit)) {
      if (fire(budget) == Progress::More) return pause();
    }
    if (clean_up(limit, budget) == Progress::More) return pause();
    close(std::max(closed_, limit));
    out_.flush();
    return Progress::Done;
  }

  void before_snapshot(CheckpointId) override {
    if (firing_.empty()) progress_.save(closed_ + Duration(1), 0);
    else progress_.save(end_of(firing_slice_), firing_[fired_].order());
  }

 private:
  using Buffer = SliceBuffer<T, KeyOf, A, 1>;
  using Entry = typename Buffer::Entry;
  using Place = typename Buffer::Place;
  using Slice = WindowGrid::Slice;
  struct Due {
    std::uint64_t key_hash;
    const Entry* entry;  // in the table; stays there until erased
    std::uint32_t order() const { return key_order(key_hash); }
  };

  EventTime end_of(Slice slice) const { return slices_.grid().last_end(slice); }

  void close(EventTime limit) {
    closed_ = limit;
    open_from_ = slices_.grid().slice_of(slices_.grid().last_end_before(limit));
  }

  std::vector<Due>& pending(Slice slice) {
    if (!last_pending_ || last_slice_ != slice) {
      last_pending_ = &pending_[slice];
      last_slice_ = slice;
    }
    return *last_pending_;
  }

  void restore() {
    if (const auto resumed = progress_.resumed()) close(*resumed - Duration(1));
    slices_.table().for_each_entry([&](const Entry& entry) {
      const Due due{hash_of(entry.key.key), &entry};
      if (end_of(entry.key.scope) < progress_.first_unfired(due.order())) retained_[entry.key.scope].push_back(&entry);
      else pending(entry.key.scope).push_back(due);
    });
  }

  void add_late(T& record, EventTime time, const Place& at) {
    if (end_of(at.slice) + lateness_ <= closed_) return late_.emit(std::move(record), time);
    const auto added = slices_.add(record, at);
    if (added.fresh) retained_[at.slice].push_back(&added.entry);
    emit(added.entry);
  }

  void emit(const Entry& entry) {
    const Window window = slices_.grid().window_ending(end_of(entry.key.scope));
    out_.emit(make_(entry.key.key, window, slices_.aggregate().result(entry.value.slices[0])), window.last());
  }

  /// Takes the next window that is over, if there is one and none is being fired.
  bool begin_firing(EventTime limit) {
    if (!firing_.empty()) return true;
    if (pending_.empty() || end_of(pending_.begin()->first) > limit) return false;
    firing_slice_ = pending_.begin()->first;
    firing_ = std::move(pending_.begin()->second);
    pending_.erase(pending_.begin());
    last_pending_ = nullptr;
    fired_ = 0;
    sort_by_order(firing_, spare_);
    return true;
  }

  Progress fire(std::size_t& budget) {
    auto* retained = lateness_.count() > 0 ? &retained_[firing_slice_] : nullptr;
    for (; fired_ < firing_.size(); ++fired_) {
      if (must_pause(budget)) return Progress::More;
      fetch_ahead();
      const Entry& entry = *firing_[fired_].entry;
      emit(entry);
      if (retained) retained->push_back(&entry);
      else slices_.erase(entry, firing_[fired_].key_hash, firing_slice_);
    }
    firing_.clear();
    return Progress::Done;
  }

  /// Only between keys of different order, which is how far progress_ can tell them apart.
  bool must_pause(std::size_t& budget) const {
    if (budget > 0) --budget;
    if (fired_ > 0 && firing_[fired_].order() == firing_[fired_ - 1].order()) return false;
    return budget == 0 || (budget % kFiringCheck == 0 && context().output_full());
  }

  [[gnu::always_inline]] void fetch_ahead() const {
    if (fired_ + kPrefetchIndex < firing_.size()) __builtin_prefetch(firing_[fired_ + kPrefetchIndex].entry);
    if (fired_ + kPrefetchEntry < firing_.size()) slices_.prefetch_erase(firing_[fired_ + kPrefetchEntry].key_hash, firing_slice_);
  }

  Progress clean_up(EventTime limit, std::size_t& budget) {
    while (!retained_.empty() && end_of(retained_.begin()->first) + lateness_ <= limit) {
      auto& entries = retained_.begin()->second;
      for (; !entries.empty(); entries.pop_back()) {
        if (budget == 0) return Progress::More;
        --budget;
        slices_.erase(*entries.back());
      }
      retained_.erase(retained_.begin());
    }
    return Progress::Done;
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

  std::map<Slice, std::vector<Due>> pending_;                  // by slice: what has not fired
  std::map<Slice, std::vector<const Entry*>> retained_;        // by slice: what has fired and may again
  std::vector<Due>* last_pending_ = nullptr;                   // pending_[last_slice_]
  Slice last_slice_ = 0;
  std::vector<Due> firing_;                                    // the window being fired, in order; empty between windows
  std::vector<Due> spare_;                                     // for sorting
  std::size_t fired_ = 0;
  Slice firing_slice_ = 0;
  EventTime closed_;                                           // windows that end here or before have fired
  Slice open_from_ = 0;                                        // slices from here on belong to no fired window
};

}  // namespace weir
