// Sliding event-time windows over an aggregate. Records are added to slices only; when a window is over, the slices that
// are new in it join the queues of their keys (slice_queue.hpp), and every key that has records in the window yields its
// queue's aggregate: a few operations per key and window, whatever the number of slices in a window. A slice is erased
// once no window needs it and the allowed lateness has passed. Stretches without records are skipped.
//
//   window := (absorb new slices) (fire keys in order) (prune old slices)        each in steps, between which a
//                                                                                snapshot may be taken
//
// State: the slices, and how far firing is (firing_progress.hpp). The queues are made again from it.
// Port 0: results; port 1: records too late for all their windows.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <vector>

#include <weir/operators/emitter.hpp>
#include <weir/operators/slice_buffer.hpp>
#include <weir/operators/slice_queue.hpp>

namespace weir {

/// `Make` turns (key, window, result) into Out.
template <class T, class KeyOf, class A, class Make, class Out>
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
    restore();
  }

  void process(BatchPtr batch, std::uint32_t) override {
    auto& in = batch_of<T>(*batch);
    slices_.add(
        in, end_, [&](const Entry& entry, const Place& at) { await(entry, at.key_hash); },
        [&](std::size_t i, const Place& at) { add_late(in.records[i], in.times[i], at); });
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
        case Phase::Absorb: progress = absorb(budget); break;
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
      case Phase::Absorb: return progress_.save(end_, 0);
      case Phase::Fire:
        if (cursor_ < active_.size()) return progress_.save(end_, active_[cursor_].order);
        [[fallthrough]];
      case Phase::Prune: return progress_.save(end_ + Duration(1), 0);
    }
  }

 private:
  using Buffer = SliceBuffer<T, KeyOf, A>;
  using K = typename Buffer::K;
  using Entry = typename Buffer::Entry;
  using Place = typename Buffer::Place;

  struct KeyState {
    K key{};
    std::uint64_t hash = 0;
    SliceQueue<Entry, A> queue;
    EventTime first_unfired;  // windows that end before this have fired
    std::uint32_t id = 0;       // its place in keys_
    std::uint32_t waiting = 0;  // slices in pending_
    bool active = false;        // listed in active_ or joining_
  };
  struct Arrival {
    KeyState* key;
    const Entry* entry;
  };
  struct Active {
    std::uint32_t order;
    KeyState* key;
  };
  enum class Phase : std::uint8_t { Between, Absorb, Fire, Prune };

  const WindowGrid& grid() const { return slices_.grid(); }
  const A& aggregate() const { return slices_.aggregate(); }

  /// Every window that ends here or before is done with.
  void close(EventTime limit) {
    closed_ = limit;
    end_ = grid().last_end_before(limit);
  }

  void restore() {
    if (const auto resumed = progress_.resumed()) resume_at_ = grid().first_end(*resumed - Duration(1));
    slices_.table().for_each_entry([&](const Entry& entry) { await(entry, hash_of(entry.key.key)); });
  }

  /// A slice is there whose windows are not over.
  void await(const Entry& entry, std::uint64_t key_hash) {
    KeyState& state = key_state(entry, key_hash);
    ++state.waiting;
    pending(entry.key.scope).push_back({&state, &entry});
  }

  std::vector<Arrival>& pending(EventTime slice) {
    if (!last_pending_ || last_slice_ != slice) {
      last_pending_ = &pending_[slice];
      last_slice_ = slice;
    }
    return *last_pending_;
  }

  KeyState& key_state(const Entry& entry, std::uint64_t hash) {
    const auto found = index_.find(hash, [&](std::uint32_t id) { return keys_[id].key == entry.key.key; });
    if (found != SlotIndex::kNone) return keys_[found];
    if (free_.empty()) {
      free_.push_back(&keys_.emplace_back());
      free_.back()->id = static_cast<std::uint32_t>(keys_.size() - 1);
    }
    KeyState& state = *free_.back();
    free_.pop_back();
    state.key = entry.key.key;
    state.hash = hash;
    state.first_unfired = progress_.first_unfired(key_order(hash));
    index_.insert(hash, state.id);
    return state;
  }

  void release(KeyState& state) {
    index_.erase(state.hash, state.id);
    free_.push_back(&state);
  }

  // --- late records ---

  void add_late(T& record, EventTime time, const Place& at) {
    if (grid().last_end(at.slice) + lateness_ <= closed_) return late_.emit(std::move(record), time);
    const auto added = slices_.add(record, at);
    KeyState& state = key_state(added.entry, at.key_hash);
    if (added.fresh) {
      state.queue.insert(added.entry, grid().window_ending(end_).start);
      absorbed_[at.slice].push_back(&state);
    } else {
      state.queue.changed();
    }
    if (!state.active) activate(state);
    state.first_unfired = std::max(state.first_unfired, end_ + Duration(1));
    fire_late(state, at.slice);
  }

  void activate(KeyState& state) {
    state.active = true;
    const Active joining{key_order(state.hash), &state};
    active_.insert(std::upper_bound(active_.begin(), active_.end(), joining, by_order), joining);
  }

  /// The windows around the slice that are over, but not for longer than the allowed lateness.
  void fire_late(KeyState& state, EventTime slice) {
    EventTime first = grid().first_end(slice);
    while (first + lateness_ <= closed_) first = first + grid().slide();
    const EventTime last = std::min(grid().last_end(slice), end_);
    if (first > last) return;
    state.queue.each_window_around(slice, first, last, {grid().size(), grid().slide()}, aggregate(),
                                   [&](EventTime end, const auto& accumulator) { emit(state, end, accumulator); });
  }

  // --- windows that are over ---

  /// Whether a window is in progress, or the next one with records in it is over.
  bool begin_window(EventTime limit) {
    if (phase_ != Phase::Between) return true;
    EventTime next = end_ + grid().slide();
    if (active_.empty()) {
      if (pending_.empty()) return false;
      next = grid().first_end(pending_.begin()->first);
      if (resume_at_ <= limit) next = std::max(next, resume_at_);
    }
    if (next > limit) return false;
    end_ = next;
    phase_ = Phase::Absorb;
    return true;
  }

  Progress absorb(std::size_t& budget) {
    while (!pending_.empty() && pending_.begin()->first < end_) {
      auto& arrivals = pending_.begin()->second;
      auto& absorbed = absorbed_[pending_.begin()->first];
      last_pending_ = nullptr;
      for (; !arrivals.empty(); arrivals.pop_back()) {
        if (budget == 0) return Progress::More;
        --budget;
        const Arrival arrival = arrivals.back();
        --arrival.key->waiting;
        arrival.key->queue.push(*arrival.entry, aggregate());
        absorbed.push_back(arrival.key);
        if (!std::exchange(arrival.key->active, true)) joining_.push_back({key_order(arrival.key->hash), arrival.key});
      }
      pending_.erase(pending_.begin());
    }
    join();
    cursor_ = 0;
    phase_ = Phase::Fire;
    return Progress::Done;
  }

  /// Keys that have joined the window take their place in the order.
  void join() {
    if (joining_.empty()) return;
    std::sort(joining_.begin(), joining_.end(), by_order);
    const auto old = static_cast<std::ptrdiff_t>(active_.size());
    active_.insert(active_.end(), joining_.begin(), joining_.end());
    std::inplace_merge(active_.begin(), active_.begin() + old, active_.end(), by_order);
    joining_.clear();
  }

  Progress fire(std::size_t& budget) {
    const EventTime start = grid().window_ending(end_).start;
    for (; cursor_ < active_.size(); ++cursor_) {
      if (must_pause(budget)) return Progress::More;
      if (cursor_ + kPrefetchIndex < active_.size()) __builtin_prefetch(active_[cursor_ + kPrefetchIndex].key);
      if (cursor_ + kPrefetchEntry < active_.size()) active_[cursor_ + kPrefetchEntry].key->queue.prefetch();
      KeyState& state = *active_[cursor_].key;
      state.queue.slide_to(start, aggregate());
      if (state.queue.window_empty()) {
        state.active = false;
        leaving_ = true;
      } else if (state.first_unfired <= end_) {
        state.first_unfired = end_ + Duration(1);
        state.queue.with_aggregate(aggregate(), [&](const auto& accumulator) { emit(state, end_, accumulator); });
      }
    }
    fired_end_ = end_;
    phase_ = Phase::Prune;
    return Progress::Done;
  }

  void emit(const KeyState& state, EventTime end, const typename A::Accumulator& accumulator) {
    const Window window = grid().window_ending(end);
    out_.emit(make_(state.key, window, aggregate().result(accumulator)), window.last());
  }

  /// Only between keys of different order, which is how far progress_ can tell them apart.
  bool must_pause(std::size_t& budget) const {
    if (budget > 0) --budget;
    if (cursor_ > 0 && active_[cursor_].order == active_[cursor_ - 1].order) return false;
    return budget == 0 || (budget % kFiringCheck == 0 && context().output_full());
  }

  /// Erases slices that no window after `fired` and no late record within the lateness needs.
  Progress prune(EventTime fired, EventTime limit, std::size_t& budget) {
    while (!absorbed_.empty() && grid().last_end(absorbed_.begin()->first) <= fired &&
           grid().last_end(absorbed_.begin()->first) + lateness_ <= limit) {
      auto& keys = absorbed_.begin()->second;
      for (; !keys.empty(); keys.pop_back()) {
        if (budget == 0) return Progress::More;
        --budget;
        fetch_ahead(keys);
        KeyState& state = *keys.back();
        slices_.erase(state.queue.oldest());
        state.queue.pop_oldest();
        if (state.queue.empty() && state.waiting == 0) emptied_.push_back(&state);
      }
      absorbed_.erase(absorbed_.begin());
    }
    sweep();
    phase_ = Phase::Between;
    return Progress::Done;
  }

  void fetch_ahead(const std::vector<KeyState*>& keys) const {
    if (keys.size() > kPrefetchIndex) __builtin_prefetch(keys[keys.size() - 1 - kPrefetchIndex]);
    if (keys.size() > kPrefetchEntry) slices_.prefetch_erase(keys[keys.size() - 1 - kPrefetchEntry]->queue.oldest());
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

  static bool by_order(const Active& a, const Active& b) { return a.order < b.order; }

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

  std::map<EventTime, std::vector<Arrival>> pending_;     // by slice: those from end_ on
  std::vector<Arrival>* last_pending_ = nullptr;          // pending_[last_slice_]
  EventTime last_slice_;
  std::map<EventTime, std::vector<KeyState*>> absorbed_;  // by slice: those in the keys' queues

  std::vector<Active> active_;   // keys with slices in the window, in order
  std::vector<Active> joining_;
  std::vector<KeyState*> emptied_;
  bool leaving_ = false;         // some of active_ are not any more
  std::size_t cursor_ = 0;       // the next of active_ to fire
  Phase phase_ = Phase::Between;
  EventTime end_;                // of the window in progress, or the last that is over; slices before it are absorbed
  EventTime fired_end_ = WindowGrid::clamp(EventTime::min());
  EventTime closed_;             // windows that end here or before have fired
  EventTime resume_at_ = EventTime::min();
};

}  // namespace weir
