// Sliding event-time windows over an aggregate. Records are added to slices only; when a window is over, every key that
// has slices in it takes in those that are new (slice_queue.hpp) and yields its aggregate: a few operations per key and
// window, whatever the number of slices in a window. Slices are erased once no window needs them and the allowed lateness
// has passed. Stretches of time without records are skipped.
//
//   window := (join: keys that have new slices) flip? (fire: keys in order) (prune: old slices)
//                                                                          each in steps, between which a snapshot may be taken
//
// A record touches nothing of its key but the slice: what is new in a slice is noted, and looked up when its first window
// is over, many keys at a time, so that cache misses overlap.
//
// State: the slices, and how far firing is (firing_progress.hpp). All else is made again from it.
// Port 0: results; port 1: records too late for all their windows.
#pragma once

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <vector>

#include <weir/operators/emitter.hpp>
#include <weir/operators/slice_buffer.hpp>
#include <weir/operators/slice_queue.hpp>
#include <weir/operators/sort_by_order.hpp>

namespace weir {

/// `Make` turns (key, window, result) into Out; N slices share an entry of state.
template <class T, class KeyOf, class A, class Make, class Out, unsigned N>
class SlidingAggregate final : public ContextOperator {
 public:
  SlidingAggregate(KeyOf key_of, A aggregate, Make make, const WindowGrid& grid, Duration lateness)
      : slices_(std::move(key_of), std::move(aggregate), grid), make_(std::move(make)), lateness_(lateness) {
    close(WindowGrid::clamp(EventTime::min()));
  }

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    slices_.open(context);
    progress_.open(context);
    out_.open(context);
    late_.open(context);
    if (const auto resumed = progress_.resumed()) resume_at_ = grid().first_end(grid().slice_of(*resumed - Duration(1)));
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
        case Phase::Join: progress = join(budget); break;
        case Phase::Flip: progress = flip(budget); break;
        case Phase::Fire: progress = fire(budget); break;
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
      case Phase::Join:
      case Phase::Flip: return progress_.save(end_, 0);
      case Phase::Fire:
        if (cursor_ < active_.size()) return progress_.save(end_, active_[cursor_].order());
        [[fallthrough]];
      case Phase::Prune: return progress_.save(end_ + Duration(1), 0);
    }
  }

 private:
  using Buffer = SliceBuffer<T, KeyOf, A, QueuedChunk<typename A::Accumulator, N>>;
  using K = typename Buffer::K;
  using Bucket = typename Buffer::Bucket;
  using Entry = typename Buffer::Entry;
  using Slice = WindowGrid::Slice;

  static constexpr std::size_t kFetchStage = 6;  // keys between the stages of fetching what firing will touch
  static constexpr Slice kNever = std::numeric_limits<Slice>::max();

  struct KeyState {
    K key{};
    EventTime first_unfired;    // windows that end before this have fired
    std::uint32_t waiting = 0;  // its places in joining_
    std::uint32_t id = 0;       // its place in keys_
    SliceQueue<A, N> queue;
    std::uint64_t hash = 0;
    Slice joins_at = kNever;    // its first place in joining_
    bool active = false;        // whether it is in active_
  };
  struct Fresh {
    std::uint64_t key_hash;
    const Entry* entry;
  };
  struct Active {
    std::uint32_t key_order;
    KeyState* key;
    std::uint32_t order() const { return key_order; }
  };
  enum class Phase : std::uint8_t { Between, Join, Flip, Fire, Prune };

  const WindowGrid& grid() const { return slices_.grid(); }
  const A& aggregate() const { return slices_.aggregate(); }

  /// Every window that ends here or before is done with.
  void close(EventTime limit) {
    closed_ = limit;
    end_ = grid().last_end_before(limit);
    open_from_ = grid().slice_of(end_);
  }

  // --- keys ---

  KeyState& key_state(const K& key, std::uint64_t hash) {
    const auto found = index_.find(hash, [&](std::uint32_t id) { return keys_[id].key == key; });
    if (found != SlotIndex::kNone) return keys_[found];
    if (free_.empty()) {
      free_.push_back(&keys_.emplace_back());
      free_.back()->id = static_cast<std::uint32_t>(keys_.size() - 1);
    }
    KeyState& state = *free_.back();
    free_.pop_back();
    state.key = key;
    state.hash = hash;
    state.first_unfired = progress_.first_unfired(key_order(hash));
    index_.insert(hash, state.id);
    return state;
  }

  void release(KeyState& state) {
    index_.erase(state.hash, state.id);
    state.queue = {};
    free_.push_back(&state);
  }

  /// There is a new chunk, which no window that is over has seen.
  void note(std::int64_t number, const Entry& entry, std::uint64_t key_hash) {
    if (!last_fresh_ || last_number_ != number) {
      last_number_ = number;
      last_fresh_ = &fresh_[number];
    }
    last_fresh_->push_back({key_hash, &entry});
  }

  /// Gives a chunk to its key.
  KeyState& add_chunk(std::int64_t number, const Entry& entry, std::uint64_t key_hash) {
    KeyState& state = key_state(entry.key, key_hash);
    state.queue.add(number, entry.value);
    if (lateness_.count() > 0) chunks_[number].push_back(&state);
    return state;
  }

  /// From the first window with this slice on, the key is to be looked at.
  void join_at(KeyState& state, Slice slice) {
    if (state.active || state.joins_at <= slice) return;
    state.joins_at = slice;
    ++state.waiting;
    joining_[slice].push_back(&state);
  }

  // --- late records ---

  void add_late(const T& record, EventTime time, Slice slice) {
    if (grid().last_end(slice) + lateness_ <= closed_) return late_.emit(record, time);
    while (!fresh_.empty() && fresh_.begin()->first * N < open_from_) {
      std::size_t endless = std::numeric_limits<std::size_t>::max();
      take_fresh(endless);
    }
    const std::uint64_t hash = slices_.hash(record);
    const auto added = slices_.add(record, hash, slice);
    KeyState& state = added.fresh ? add_chunk(Buffer::chunk_of(slice), added.entry, hash) : key_state(added.entry.key, hash);
    state.queue.changed();
    state.first_unfired = std::max(state.first_unfired, end_ + Duration(1));
    join_at(state, open_from_);
    fire_late(state, slice);
  }

  /// The windows around the slice that are over, but not for longer than the allowed lateness.
  void fire_late(KeyState& state, Slice slice) {
    EventTime first = grid().first_end(slice);
    while (first + lateness_ <= closed_) first = first + grid().slide();
    const EventTime last = std::min(grid().last_end(slice), end_);
    if (first > last) return;
    state.queue.each_window_around(slice, first, last, grid(), aggregate(),
                                   [&](EventTime end, const auto& accumulator) { emit(state, end, accumulator); });
  }

  // --- windows that are over ---

  /// Whether a window is in progress, or the next one with records in it is over.
  bool begin_window(EventTime limit) {
    if (phase_ != Phase::Between) return true;
    EventTime next = end_ + grid().slide();
    if (active_.empty() && joined_.empty()) {
      Slice first = kNever;
      if (!fresh_.empty()) first = fresh_.begin()->first * N;
      if (!joining_.empty()) first = std::min(first, joining_.begin()->first);
      if (first == kNever) return false;
      next = std::max(next, grid().first_end(first));
      if (resume_at_ <= limit) next = std::max(next, resume_at_);
    }
    if (next > limit) return false;
    end_ = next;
    phase_ = Phase::Join;
    return true;
  }

  Progress join(std::size_t& budget) {
    const Slice upto = grid().slice_of(end_);
    while (!fresh_.empty() && fresh_.begin()->first * N < upto) {
      if (take_fresh(budget) == Progress::More) return Progress::More;
    }
    while (!joining_.empty() && joining_.begin()->first < upto) {
      auto& [slice, keys] = *joining_.begin();
      for (; !keys.empty(); keys.pop_back()) {
        if (budget == 0) return Progress::More;
        --budget;
        KeyState& state = *keys.back();
        --state.waiting;
        if (state.joins_at == slice) state.joins_at = kNever;
        activate(state);
      }
      joining_.erase(joining_.begin());
    }
    if (!joined_.empty()) sort_in();
    cursor_ = 0;
    from_ = grid().slice_of(end_ - grid().size());
    flips_ = from_ >= flipped_upto_;
    flipping_ = Buffer::chunk_of(upto - 1) + 1;
    phase_ = flips_ ? Phase::Flip : Phase::Fire;
    return Progress::Done;
  }

  /// Once in the length of a window the aggregates of all keys are made anew, newest chunks first.
  Progress flip(std::size_t& budget) {
    flipped_upto_ = grid().slice_of(end_);
    while (const Bucket* bucket = slices_.chunks().below(flipping_)) {
      if ((bucket->number() + 1) * N <= from_) break;
      if (budget == 0) return Progress::More;
      const std::size_t step = std::min(budget, bucket->size());
      flip_cursor_ = bucket->visit_some(flip_cursor_, budget, [this](const Entry& entry) {
        SliceQueue<A, N>::flip_chunk(entry.value, from_, flipped_upto_, aggregate());
      });
      budget -= step;
      if (flip_cursor_ == 0) flipping_ = bucket->number();
    }
    phase_ = Phase::Fire;
    return Progress::Done;
  }

  /// The first of the noted chunks go to their keys.
  Progress take_fresh(std::size_t& budget) {
    auto& all = fresh_.begin()->second;
    for (; !all.empty(); all.pop_back()) {
      if (budget == 0) return Progress::More;
      --budget;
      fetch_ahead(all);
      activate(add_chunk(fresh_.begin()->first, *all.back().entry, all.back().key_hash));
    }
    fresh_.erase(fresh_.begin());
    last_fresh_ = nullptr;
    return Progress::Done;
  }

  void activate(KeyState& state) {
    if (!std::exchange(state.active, true)) joined_.push_back({key_order(state.hash), &state});
  }

  [[gnu::always_inline]] void fetch_ahead(const std::vector<Fresh>& all) const {
    if (all.size() > kPrefetchIndex) {
      index_.prefetch(all[all.size() - 1 - kPrefetchIndex].key_hash);
      __builtin_prefetch(all[all.size() - 1 - kPrefetchIndex].entry);
    }
    if (all.size() <= kPrefetchEntry) return;
    const std::uint32_t id = index_.guess(all[all.size() - 1 - kPrefetchEntry].key_hash);
    if (id != SlotIndex::kNone) fetch(keys_[id]);
  }
  [[gnu::always_inline]] static void fetch(const KeyState& state) {
    for (std::size_t at = 0; at < sizeof(KeyState); at += 64) __builtin_prefetch(reinterpret_cast<const char*>(&state) + at);
  }

  void sort_in() {
    sort_by_order(joined_, spare_);
    const auto old = static_cast<std::ptrdiff_t>(active_.size());
    active_.insert(active_.end(), joined_.begin(), joined_.end());
    std::inplace_merge(active_.begin(), active_.begin() + old, active_.end(), by_order);
    joined_.clear();
  }
  static bool by_order(const Active& a, const Active& b) { return a.order() < b.order(); }

  Progress fire(std::size_t& budget) {
    const Slice upto = grid().slice_of(end_);
    if (lateness_.count() == 0) over_ = Buffer::chunk_of(grid().slice_of(end_ + grid().slide() - grid().size()));
    for (; cursor_ < active_.size(); ++cursor_) {
      if (must_pause(budget)) return Progress::More;
      fetch_ahead();
      KeyState& state = *active_[cursor_].key;
      if (!(flips_ ? state.queue.slide_flipped(from_, upto) : state.queue.slide_to(from_, upto, aggregate()))) {
        if (state.queue.next() >= upto) leave(state);
      } else if (state.first_unfired <= end_) {
        state.first_unfired = end_ + Duration(1);
        state.queue.with_aggregate(aggregate(), [&](const auto& accumulator) { emit(state, end_, accumulator); });
      }
      while (state.queue.oldest_number() < over_) state.queue.pop_oldest();
      if (state.queue.empty() && state.waiting == 0) emptied_.push_back(&state);
    }
    fired_end_ = end_;
    phase_ = Phase::Prune;
    return Progress::Done;
  }

  /// The key has nothing in the window; if it has something later, it will join again.
  void leave(KeyState& state) {
    state.active = false;
    leaving_ = true;
    if (state.queue.next() != kNever) join_at(state, state.queue.next());
  }

  /// Each stage reads what the one before has fetched.
  [[gnu::always_inline]] void fetch_ahead() const {
    const auto key = [this](std::size_t ahead) { return cursor_ + ahead < active_.size() ? active_[cursor_ + ahead].key : nullptr; };
    if (const KeyState* state = key(2 * kFetchStage)) fetch(*state);
    if (const KeyState* state = key(kFetchStage)) state->queue.prefetch(from_);
  }

  void emit(const KeyState& state, EventTime end, const typename A::Accumulator& accumulator) {
    const Window window = grid().window_ending(end);
    out_.emit(make_(state.key, window, aggregate().result(accumulator)), window.last());
  }

  /// Only between keys of different order, which is how far progress_ can tell them apart.
  bool must_pause(std::size_t& budget) const {
    if (budget > 0) --budget;
    if (cursor_ > 0 && active_[cursor_].order() == active_[cursor_ - 1].order()) return false;
    return budget == 0 || (budget % kFiringCheck == 0 && context().output_full());
  }

  /// Drops slices that no window after `fired` and no late record needs.
  Progress prune(EventTime fired, EventTime limit, std::size_t& budget) {
    while (!chunks_.empty() && is_over(chunks_.begin()->first, fired, limit)) {
      auto& keys = chunks_.begin()->second;
      for (; !keys.empty(); keys.pop_back()) {
        if (budget == 0) return Progress::More;
        --budget;
        if (keys.size() > kPrefetchIndex) fetch(*keys[keys.size() - 1 - kPrefetchIndex]);
        KeyState& state = *keys.back();
        state.queue.pop_oldest();
        if (state.queue.empty() && state.waiting == 0) emptied_.push_back(&state);
      }
      over_ = chunks_.begin()->first + 1;
      chunks_.erase(chunks_.begin());
    }
    // What no key's queue has any more.
    const auto over = [this](std::int64_t chunk) { return chunk < over_; };
    if (slices_.drop_chunks(budget, over) == Progress::More) return Progress::More;
    sweep();
    phase_ = Phase::Between;
    return Progress::Done;
  }

  bool is_over(std::int64_t chunk_number, EventTime fired, EventTime limit) const {
    const EventTime last_end = grid().last_end(chunk_number * N + (N - 1));
    return last_end <= fired && last_end + lateness_ <= limit;
  }

  /// Forgets keys that have left the window, and those that have no slices at all.
  void sweep() {
    for (KeyState* state : emptied_) {
      leaving_ |= state->active;
      state->active = false;
    }
    if (std::exchange(leaving_, false)) std::erase_if(active_, [](const Active& key) { return !key.key->active; });
    for (KeyState* state : emptied_) release(*state);
    emptied_.clear();
  }

  Buffer slices_;
  Make make_;
  Duration lateness_;
  FiringProgress progress_;
  Emitter<Out> out_;
  Emitter<T> late_{1};

  // Keys that have slices. Addresses stay; what is forgotten is used again with its memory.
  std::deque<KeyState> keys_;
  std::vector<KeyState*> free_;
  SlotIndex index_;

  std::map<std::int64_t, std::vector<Fresh>> fresh_;       // by number: chunks that are not in their key's queue yet
  std::vector<Fresh>* last_fresh_ = nullptr;               // fresh_[last_number_]
  std::int64_t last_number_ = 0;
  std::map<std::int64_t, std::vector<KeyState*>> chunks_;  // by number: the keys that have it; with allowed lateness only
  std::map<Slice, std::vector<KeyState*>> joining_;        // by the slice from which on they are to be looked at

  std::vector<Active> active_;    // keys with slices in the window, in order
  std::vector<Active> joined_;    // active as well, to be sorted in
  std::vector<Active> spare_;     // for sorting
  std::vector<KeyState*> emptied_;
  bool leaving_ = false;          // some of active_ are not any more
  std::size_t cursor_ = 0;        // the next of active_ to fire
  Slice from_ = 0;                // where the window that fires begins
  bool flips_ = false;            // whether this window flips all keys
  Slice flipped_upto_ = std::numeric_limits<Slice>::min();  // where the last window that did so ended
  std::int64_t flipping_ = 0;     // while flipping: chunks from here on are done,
  std::uint32_t flip_cursor_ = 0; // and so many places of those before
  std::int64_t over_ = std::numeric_limits<std::int64_t>::min();  // no queue needs chunks before this one
  Phase phase_ = Phase::Between;
  EventTime end_;                 // of the window in progress, or the last one that is over
  Slice open_from_ = 0;           // slices from here on are in no window that is over
  EventTime fired_end_ = WindowGrid::clamp(EventTime::min());
  EventTime closed_;              // windows that end here or before have fired
  EventTime resume_at_ = EventTime::min();
};

}  // namespace weir
