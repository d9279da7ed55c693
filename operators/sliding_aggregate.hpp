// Sliding event-time windows over an aggregate. Records are added to slices only; when a window is over, the slices that are
// new in it go to their keys (sliding_keys.hpp), and every key that has slices in it yields its aggregate: a few operations
// per key and window, whatever the number of slices in a window. Slices are erased once no window needs them and the allowed
// lateness has passed. Stretches of time without records are skipped.
//
//   window := (take: chunks that are new) (enter: its new slices | unfold: its keys, flip: all its slices) (remake: keys with
//             late records) (fire: keys in order) (leave: slices that the next window has not) (prune: old slices)
//                                                                          each in steps, between which a snapshot may be taken
//
// A record touches nothing of its key but the slice: what is new in a slice is noted, and looked up when its first window
// is over, many keys at a time, so that cache misses overlap.
//
// State: the slices, and how far firing is (firing_progress.hpp). All else is made again from it.
// Port 0: results; port 1: records too late for all their windows.
#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include <weir/operators/emitter.hpp>
#include <weir/operators/slice_buffer.hpp>
#include <weir/operators/sliding_keys.hpp>

namespace weir {

/// `Make` turns (key, window, result) into Out; N slices share an entry of state.
template <class T, class KeyOf, class A, class Make, class Out, unsigned N>
class SlidingAggregate final : public ContextOperator {
 public:
  SlidingAggregate(KeyOf key_of, A aggregate, Make make, const WindowGrid& grid, Duration lateness)
      : slices_(std::move(key_of), aggregate, grid), keys_(std::move(aggregate)), make_(std::move(make)), lateness_(lateness) {
    close(WindowGrid::clamp(EventTime::min()));
  }

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    slices_.open(context);
    progress_.open(context);
    out_.open(context);
    late_.open(context);
    if (const auto resumed = progress_.resumed()) {
      resume_at_ = grid().first_end(grid().slice_of(*resumed - Duration(1)));
      fired_for_some_ = progress_.furthest();
    }
    slices_.chunks().for_each([this](const Bucket& bucket) {
      bucket.for_each([&](const Entry& entry) { note(bucket.number(), entry, hash_of(entry.key)); });
    });
  }

  void process(BatchPtr batch, std::uint32_t) override {
    slices_.add(
        batch_of<T>(*batch), open_from_,
        [this](const Bucket& bucket, const Entry& entry, std::uint64_t hash) { note(bucket.number(), entry, hash); },
        [this](const T& record, EventTime time, Slice slice) { add_late(record, time, slice); });
    out_.flush();
    late_.flush();
  }

  Progress on_watermark(EventTime watermark) override {
    const EventTime limit = WindowGrid::clamp(watermark) + Duration(1);  // windows that end here or before are over
    std::size_t budget = kFiringStep;
    Progress progress = Progress::Done;
    while (progress == Progress::Done && begin_window(limit)) {
      switch (phase_) {
        case Phase::Between: break;
        case Phase::Take: progress = take(budget); break;
        case Phase::Enter: progress = enter(budget); break;
        case Phase::Unfold: progress = unfold(budget); break;
        case Phase::Flip: progress = flip(budget); break;
        case Phase::Remake: progress = remake(budget); break;
        case Phase::Fire: progress = fire(budget); break;
        case Phase::Leave: progress = leave(budget); break;
        case Phase::Prune: progress = prune(end_, limit, budget); break;
      }
    }
    if (progress == Progress::Done) progress = prune(EventTime::max(), limit, budget);
    if (progress == Progress::Done) close(std::max(closed_, limit));
    out_.flush();
    return progress;
  }

  void before_snapshot(CheckpointId) override {
    switch (phase_) {
      case Phase::Between: return progress_.save(std::max(closed_, fired_end_) + Duration(1), 0);
      case Phase::Take:
      case Phase::Enter:
      case Phase::Unfold:
      case Phase::Flip:
      case Phase::Remake: return progress_.save(end_, 0);
      case Phase::Fire:
        if (cursor_ < keys_.members().size()) return progress_.save(end_, keys_.members()[cursor_].order());
        [[fallthrough]];
      case Phase::Leave:
      case Phase::Prune: return progress_.save(end_ + Duration(1), 0);
    }
  }

 private:
  using Buffer = SliceBuffer<T, KeyOf, A, LinkedChunk<typename A::Accumulator, N>>;
  using K = typename Buffer::K;
  using Bucket = typename Buffer::Bucket;
  using Entry = typename Buffer::Entry;
  using Keys = SlidingKeys<K, A, N>;
  using Id = typename Keys::Id;
  using Slice = WindowGrid::Slice;

  struct Fresh {
    std::uint64_t key_hash;
    const Entry* entry;
  };
  enum class Phase : std::uint8_t { Between, Take, Enter, Unfold, Flip, Remake, Fire, Leave, Prune };

  const WindowGrid& grid() const { return slices_.grid(); }

  /// Every window that ends here or before is done with.
  void close(EventTime limit) {
    closed_ = limit;
    end_ = grid().last_end_before(limit);
    open_from_ = grid().slice_of(end_);
  }

  /// There is a new chunk, which no window that is over has seen.
  void note(std::int64_t number, const Entry& entry, std::uint64_t key_hash) {
    if (!last_fresh_ || last_number_ != number) {
      last_number_ = number;
      last_fresh_ = &fresh_[number];
    }
    last_fresh_->push_back({key_hash, &entry});
  }

  // --- late records ---

  void add_late(const T& record, EventTime time, Slice slice) {
    if (grid().last_end(slice) + lateness_ <= closed_) return late_.emit(record, time);
    std::size_t endless = std::numeric_limits<std::size_t>::max();
    take_before(open_from_, endless);
    const std::uint64_t hash = slices_.hash(record);
    const auto [entry, fresh] = slices_.add(record, hash, slice);
    if (fresh) keys_.add(entry.key, hash, Buffer::chunk_of(slice), entry.value);
    const Id id = entry.value.key;
    if (grid().last_end(slice) > end_ && keys_.change(id)) changed_.push_back(id);
    fire_late(id, slice);
  }

  /// The windows around the slice that are over, but not for longer than the allowed lateness.
  void fire_late(Id id, Slice slice) {
    EventTime first = grid().first_end(slice);
    while (first + lateness_ <= closed_) first = first + grid().slide();
    const EventTime last = std::min(grid().last_end(slice), end_);
    if (first > last) return;
    keys_.each_window_around(id, slice, first, last, grid(), [&](EventTime end, const auto& accumulator) {
      const Window window = grid().window_ending(end);
      out_.emit(make_(keys_.key(id), window, slices_.aggregate().result(accumulator)), window.last());
    });
  }

  // --- windows that are over ---

  /// Whether a window is in progress, or the next one with records in it is over.
  bool begin_window(EventTime limit) {
    if (phase_ != Phase::Between) return true;
    EventTime next = end_ + grid().slide();
    if (keys_.members().empty() && changed_.empty()) {
      const Bucket* const bucket = slices_.chunks().from(Buffer::chunk_of(window_.upto));
      if (!bucket) return false;
      next = std::max(next, grid().first_end(std::max(window_.upto, bucket->number() * N)));
      if (resume_at_ <= limit) next = std::max(next, resume_at_);
    }
    if (next > limit) return false;
    end_ = next;
    phase_ = Phase::Take;
    return true;
  }

  /// Chunks with slices in the window go to their keys.
  Progress take(std::size_t& budget) {
    const typename Keys::Range window{grid().slice_of(end_ - grid().size()), grid().slice_of(end_)};
    if (take_before(window.upto, budget) == Progress::More) return Progress::More;
    next_from_ = grid().slice_of(end_ + grid().slide() - grid().size());
    const bool flips = next_from_ > flip_ || end_ != fired_end_ + grid().slide();
    at_slice_ = std::max(window_.upto, window.from);
    window_ = window;
    cursor_ = 0;
    phase_ = flips ? Phase::Unfold : Phase::Enter;
    return Progress::Done;
  }

  Progress take_before(Slice upto, std::size_t& budget) {
    while (!fresh_.empty() && fresh_.begin()->first * N < upto) {
      auto& [number, all] = *fresh_.begin();
      for (; !all.empty(); all.pop_back()) {
        if (budget == 0) return Progress::More;
        --budget;
        fetch_ahead(all);
        keys_.add(all.back().entry->key, all.back().key_hash, number, all.back().entry->value);
      }
      fresh_.erase(fresh_.begin());
      last_fresh_ = nullptr;
    }
    return Progress::Done;
  }

  [[gnu::always_inline]] void fetch_ahead(const std::vector<Fresh>& all) const {
    if (all.size() > kPrefetchIndex) {
      keys_.prefetch_index(all[all.size() - 1 - kPrefetchIndex].key_hash);
      __builtin_prefetch(all[all.size() - 1 - kPrefetchIndex].entry);
    }
    if (all.size() > kPrefetchEntry) keys_.prefetch_key(all[all.size() - 1 - kPrefetchEntry].key_hash);
  }

  /// Calls visit(chunk, i) for all keys' slices from at_slice_ up to `upto`, oldest first.
  template <class Visit>
  Progress each_slice(Slice upto, std::size_t& budget, Visit&& visit) {
    for (; at_slice_ < upto; ++at_slice_) {
      const std::int64_t number = Buffer::chunk_of(at_slice_);
      const Bucket* const bucket = slices_.chunks().from(number);
      if (!bucket || bucket->number() != number) continue;
      const auto i = static_cast<unsigned>(at_slice_ & (N - 1));
      const auto visit_slice = [&](const Entry& entry) {
        if (entry.value.present >> i & 1) visit(entry.value, i);
      };
      if (visit_some(*bucket, budget, visit_slice) == Progress::More) return Progress::More;
    }
    return Progress::Done;
  }

  /// Calls visit(entry) for those that it has not been called for.
  template <class Visit>
  Progress visit_some(const Bucket& bucket, std::size_t& budget, Visit&& visit) {
    if (budget == 0) return Progress::More;
    const std::size_t step = std::min(budget, bucket.size());
    place_ = bucket.visit_some(place_, budget, visit);
    budget -= step;
    return place_ == 0 ? Progress::Done : Progress::More;
  }

  Progress enter(std::size_t& budget) {
    const auto visit = [this](const auto& chunk, unsigned i) { keys_.enter(chunk, i); };
    if (each_slice(window_.upto, budget, visit) == Progress::More) return Progress::More;
    phase_ = Phase::Remake;
    return Progress::Done;
  }

  Progress unfold(std::size_t& budget) {
    for (; cursor_ < keys_.members().size(); ++cursor_) {
      if (budget == 0) return Progress::More;
      --budget;
      keys_.unfold(keys_.members()[cursor_].id);
    }
    flip_ = window_.upto;
    at_chunk_ = Buffer::chunk_of(window_.upto - 1) + 1;
    phase_ = Phase::Flip;
    return Progress::Done;
  }

  /// Once in the length of a window, newest chunks first.
  Progress flip(std::size_t& budget) {
    while (const Bucket* bucket = slices_.chunks().below(at_chunk_)) {
      if ((bucket->number() + 1) * N <= window_.from) break;
      const auto visit = [&](const Entry& entry) { keys_.flip(entry.value, bucket->number(), window_); };
      if (visit_some(*bucket, budget, visit) == Progress::More) return Progress::More;
      at_chunk_ = bucket->number();
    }
    phase_ = Phase::Remake;
    return Progress::Done;
  }

  Progress remake(std::size_t& budget) {
    for (; !changed_.empty(); changed_.pop_back()) {
      if (budget == 0) return Progress::More;
      --budget;
      keys_.remake(changed_.back(), window_, flip_);
    }
    keys_.sort_in();
    cursor_ = 0;
    phase_ = Phase::Fire;
    return Progress::Done;
  }

  Progress fire(std::size_t& budget) {
    while (cursor_ < keys_.members().size()) {
      if (budget == 0 || context().output_full()) return Progress::More;
      const std::size_t end = end_of_lot(std::min(budget, kFiringCheck));
      budget -= std::min(budget, end - cursor_);
      if (end_ < fired_for_some_) fire_unfired(end);
      else fire_all(end);
    }
    fired_end_ = end_;
    at_slice_ = window_.from;
    phase_ = Phase::Leave;
    return Progress::Done;
  }

  /// About `count` members from the cursor on. A lot ends between keys of different order only, which is how far progress_ can
  /// tell them apart.
  std::size_t end_of_lot(std::size_t count) const {
    const auto& members = keys_.members();
    std::size_t end = std::min(cursor_ + count, members.size());
    while (end < members.size() && members[end].order() == members[end - 1].order()) ++end;
    return end;
  }

  void fire_all(std::size_t end) {
    const auto* const members = keys_.members().data();
    const std::size_t last = keys_.members().size() - 1;
    const Window window = grid().window_ending(end_);
    out_.emit_some(end - cursor_, window.last(), [&] {
      keys_.prefetch(members[std::min(cursor_ + kPrefetchEntry, last)].id);
      return result(members[cursor_++].id, window);
    });
  }

  /// Those that had not fired in the run before.
  void fire_unfired(std::size_t end) {
    const Window window = grid().window_ending(end_);
    for (; cursor_ < end; ++cursor_) {
      const auto& member = keys_.members()[cursor_];
      if (progress_.first_unfired(member.order()) <= end_) out_.emit(result(member.id, window), window.last());
    }
  }

  [[gnu::always_inline]] Out result(Id id, const Window& window) const {
    return keys_.with_aggregate(id, [&](const K& key, const auto& accumulator) -> Out {
      return make_(key, window, slices_.aggregate().result(accumulator));
    });
  }

  Progress leave(std::size_t& budget) {
    const auto visit = [this](const auto& chunk, unsigned i) { keys_.leave(chunk, i); };
    if (each_slice(std::min(next_from_, window_.upto), budget, visit) == Progress::More) return Progress::More;
    window_.from = next_from_;
    phase_ = Phase::Prune;
    return Progress::Done;
  }

  /// Drops slices that no window after `fired` and no late record needs.
  Progress prune(EventTime fired, EventTime limit, std::size_t& budget) {
    const auto over = [&](std::int64_t number) {
      const EventTime last_end = grid().last_end(number * N + (N - 1));
      return last_end <= fired && last_end + lateness_ <= limit;
    };
    const auto gone = [this](std::int64_t number, const auto& chunk) { keys_.drop(number, chunk); };
    if (slices_.drop_chunks(budget, over, gone) == Progress::More) return Progress::More;
    keys_.sweep();
    phase_ = Phase::Between;
    return Progress::Done;
  }

  Buffer slices_;
  Keys keys_;
  Make make_;
  Duration lateness_;
  FiringProgress progress_;
  Emitter<Out> out_;
  Emitter<T> late_{1};

  std::map<std::int64_t, std::vector<Fresh>> fresh_;  // by number: chunks that their keys do not have yet
  std::vector<Fresh>* last_fresh_ = nullptr;          // fresh_[last_number_]
  std::int64_t last_number_ = 0;
  std::vector<Id> changed_;                           // keys with late records in windows to come

  Phase phase_ = Phase::Between;
  typename Keys::Range window_;              // what is in the aggregates
  Slice flip_ = Keys::kBeginning;            // the flip point
  Slice next_from_ = 0;                      // where the window behind that in progress begins
  Slice at_slice_ = 0;                       // while slices enter or leave: the next to do so,
  std::int64_t at_chunk_ = 0;                // while flipping: chunks from here on are done,
  std::uint32_t place_ = 0;                  // and so many places of that bucket, or of the one before
  std::size_t cursor_ = 0;                   // the next of the members to fire
  EventTime end_;                            // of the window in progress, or the last one that is over
  Slice open_from_ = 0;                      // slices from here on are in no window that is over
  EventTime fired_end_ = WindowGrid::clamp(EventTime::min());
  EventTime closed_;                         // windows that end here or before have fired
  EventTime resume_at_ = EventTime::min();
  EventTime fired_for_some_ = EventTime::min();  // windows that end before this had fired for some keys in the run before
};

}  // namespace weir
