// Timers call a function back for a key, in event time (when the watermark reaches them) or in processing time. A
// timer is its key and its time: setting it twice is setting it once. Which timers there are is keyed state; the queue
// that knows the next one is in memory and made anew on restore.
//
// Order: by time; at one time by the key's hash. So it is the same in every run, at every parallelism.
//
// Firing is in steps. A timer is taken out of the state just before it fires, so that between two steps the state says
// exactly which timers are still to fire. A timer set for a time that has passed fires with the next watermark, or at once
// in processing time. When the input ends, the watermark reaches every event-time timer; processing-time
// timers that are still waiting then never fire. Neither do timers of event time that are set from then on, or one that sets
// itself anew would fire for ever.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include <weir/dataflow/operator.hpp>

namespace weir {

enum class TimeDomain : std::uint8_t { Event, Processing };

/// What a function's on_timer() is told.
struct Timer {
  TimeDomain domain = TimeDomain::Event;
  std::int64_t ms = 0;

  EventTime event_time() const { return {ms}; }
  ProcessingTime processing_time() const { return {ms}; }
};

/// The timers of one domain. Belongs to one operator.
template <class K>
class TimerQueue {
 public:
  struct Due {
    std::int64_t ms = 0;
    std::uint64_t hash = 0;
    K key{};
  };

  void open(OperatorState& state, const std::string& name) {
    timers_ = &state.table<Scoped<K, std::int64_t>, Nothing>(name);
    rebuild();
  }

  /// Whether it was not set before.
  bool set(const K& key, std::uint64_t hash, std::int64_t ms) {
    const std::size_t before = timers_->size();
    timers_->edit({key, ms});
    if (timers_->size() == before) return false;
    queue_.push_back({ms, hash, key});
    std::push_heap(queue_.begin(), queue_.end(), later);
    return true;
  }

  void cancel(const K& key, std::int64_t ms) {
    if (!timers_->erase({key, ms})) return;
    if (queue_.size() > 2 * timers_->size() + kSlack) rebuild();
  }

  /// Takes the first timer at or before `up_to`.
  std::optional<Due> take(std::int64_t up_to) {
    while (!queue_.empty() && queue_.front().ms <= up_to) {
      Due due = pop();
      if (timers_->erase({due.key, due.ms})) return due;
    }
    return std::nullopt;
  }

  /// When the first timer is due.
  std::optional<std::int64_t> next() {
    while (!queue_.empty() && timers_->find({queue_.front().key, queue_.front().ms}) == nullptr) pop();
    return queue_.empty() ? std::nullopt : std::optional(queue_.front().ms);
  }

  void clear() {
    while (take(std::numeric_limits<std::int64_t>::max())) {
    }
  }

 private:
  static constexpr std::size_t kSlack = 1024;  // cancelled timers in the queue before it is made anew

  static bool later(const Due& a, const Due& b) { return a.ms != b.ms ? a.ms > b.ms : a.hash > b.hash; }

  Due pop() {
    std::pop_heap(queue_.begin(), queue_.end(), later);
    Due first = std::move(queue_.back());
    queue_.pop_back();
    return first;
  }

  void rebuild() {
    queue_.clear();
    queue_.reserve(timers_->size());
    timers_->for_each([&](const Scoped<K, std::int64_t>& at, Nothing) { queue_.push_back({at.scope, hash_of(at.key), at.key}); });
    std::make_heap(queue_.begin(), queue_.end(), later);
  }

  StateTable<Scoped<K, std::int64_t>, Nothing>* timers_ = nullptr;
  std::vector<Due> queue_;  // a heap; may hold cancelled timers, and one twice that was cancelled and set again
};

/// Both domains of one operator.
template <class K>
class TimerService {
 public:
  void open(OperatorContext& context) {
    context_ = &context;
    event_.open(context.state(), "timers:event");
    processing_.open(context.state(), "timers:processing");
    wake();
  }

  void set(const K& key, std::uint64_t hash, EventTime time) {
    if (context_->watermark() != EventTime::max()) event_.set(key, hash, time.ms);
  }
  void set(const K& key, std::uint64_t hash, ProcessingTime time) {
    if (processing_.set(key, hash, time.ms)) context_->wake_at(time);
  }
  void cancel(const K& key, EventTime time) { event_.cancel(key, time.ms); }
  void cancel(const K& key, ProcessingTime time) { processing_.cancel(key, time.ms); }

  ProcessingTime now() const { return context_->now(); }

  /// Calls call(timer, key, hash) for timers of the domain up to `ms`, as many as there is room for.
  template <class Call>
  Progress fire(TimeDomain domain, std::int64_t ms, Call&& call) {
    TimerQueue<K>& queue = domain == TimeDomain::Event ? event_ : processing_;
    for (std::size_t fired = 0; fired < kTimersPerStep; ++fired) {
      const auto due = queue.take(ms);
      if (!due) {
        if (domain == TimeDomain::Processing) wake();
        return Progress::Done;
      }
      call(Timer{domain, due->ms}, due->key, due->hash);
      if (context_->output_full()) break;
    }
    return Progress::More;
  }

  /// The input has ended for good: nothing fires in processing time any more.
  void drop_processing_timers() { processing_.clear(); }

 private:
  static constexpr std::size_t kTimersPerStep = 256;  // so that a snapshot in progress and new input get their turn

  void wake() {
    if (const auto next = processing_.next()) context_->wake_at({*next});
  }

  OperatorContext* context_ = nullptr;
  TimerQueue<K> event_;
  TimerQueue<K> processing_;
};

}  // namespace weir
