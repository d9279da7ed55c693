// When a window shows its result. The default, at_watermark(), does so once the watermark reaches the window's end, and
// again for every late record within the allowed lateness. Others:
//
//   at_processing_time()         when the machine's clock reaches the window's end
//   after_count(n)               every n records
//   time_or_count(n)             at the end, and every n records
//   continuous(10s)              every so often in event time, and at the end
//   early_every(10s)             at the end; before it every so often (processing time) when there is something new
//   early_after(n)               at the end; before it every n records
//   ….late_after(n)              and behind it only every n late records
//   delta<T>(threshold, f)       when f(record of the last firing, record) > threshold; the first record counts as fired
//   purging(trigger)             as `trigger`, and the window begins anew after each firing
//   never()                      what global_window() has
//
// A trigger of your own is a copyable type with a State (a Record, kept per key and window) and four functions that
// return a TriggerResult; on_merge tells it that its session has swallowed another one, whose timers stay registered:
//
//   struct OnAlarm {
//     using State = weir::Nothing;
//     template <class T> TriggerResult on_element(const T& record, EventTime, TriggerCall<State>&) const;
//     TriggerResult on_event_time(EventTime, TriggerCall<State>&) const;
//     TriggerResult on_processing_time(ProcessingTime, TriggerCall<State>&) const;
//     void on_merge(const State& other, TriggerCall<State>&) const;
//   };
//
// The window's end needs no timer: on_event_time(window.last()), or for a processing-time window
// on_processing_time at window.end, comes for every window. All are values.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <weir/operators/window.hpp>

namespace weir {

enum class TriggerResult : std::uint8_t { Continue, Fire, Purge, FireAndPurge };

constexpr bool fires(TriggerResult result) {
  return result == TriggerResult::Fire || result == TriggerResult::FireAndPurge;
}
constexpr bool purges(TriggerResult result) {
  return result == TriggerResult::Purge || result == TriggerResult::FireAndPurge;
}

/// The timers of one key and window. Part of the window's state.
struct WindowTimers {
  std::vector<EventTime> event;
  std::vector<std::int64_t> processing_ms;

  void register_event_time(EventTime time);
  void register_processing_time(ProcessingTime time);
  void cancel_event_time(EventTime time);
  void cancel_processing_time(ProcessingTime time);

  EventTime next_event() const;            // EventTime::max() when there is none
  ProcessingTime next_processing() const;  // ProcessingTime::max() when there is none
  void absorb(const WindowTimers& other);

  friend bool operator==(const WindowTimers&, const WindowTimers&) = default;
};
WEIR_RECORD(WindowTimers, event, processing_ms);

/// What a trigger sees and may change when it is called.
template <class State>
struct TriggerCall {
  State& state;
  WindowTimers& timers;
  Window window;
  bool ended;  // the watermark (of processing-time windows: the clock) has reached the window's end
  EventTime watermark;
  ProcessingTime now;
};

template <class Trigger>
concept WindowTrigger =
    std::copy_constructible<Trigger> && Record<typename Trigger::State> &&
    requires(const Trigger& trigger, const typename Trigger::State& other, TriggerCall<typename Trigger::State>& call) {
      { trigger.on_event_time(EventTime(), call) } -> std::same_as<TriggerResult>;
      { trigger.on_processing_time(ProcessingTime(), call) } -> std::same_as<TriggerResult>;
      trigger.on_merge(other, call);
    };

/// At the window's end and for every late record.
struct AtEnd {
  using State = Nothing;
  using Call = TriggerCall<State>;
  template <class T>
  TriggerResult on_element(const T&, EventTime, Call& call) const {
    return call.ended ? TriggerResult::Fire : TriggerResult::Continue;
  }
  TriggerResult on_event_time(EventTime time, Call& call) const {
    return time == call.window.last() ? TriggerResult::Fire : TriggerResult::Continue;
  }
  TriggerResult on_processing_time(ProcessingTime time, Call& call) const {
    return time.ms == call.window.end.ms ? TriggerResult::Fire : TriggerResult::Continue;
  }
  void on_merge(const State&, Call&) const {}
};

struct AtProcessingTime {
  using State = Nothing;
  using Call = TriggerCall<State>;
  template <class T>
  TriggerResult on_element(const T&, EventTime, Call& call) const {
    if (call.now.ms >= call.window.end.ms) return TriggerResult::Fire;
    call.timers.register_processing_time({call.window.end.ms});
    return TriggerResult::Continue;
  }
  TriggerResult on_event_time(EventTime, Call&) const { return TriggerResult::Continue; }
  TriggerResult on_processing_time(ProcessingTime time, Call& call) const {
    return time.ms == call.window.end.ms ? TriggerResult::Fire : TriggerResult::Continue;
  }
  void on_merge(const State&, Call& call) const { call.timers.register_processing_time({call.window.end.ms}); }
};

struct AfterCount {
  using State = std::int64_t;
  using Call = TriggerCall<State>;
  std::int64_t count = 1;

  template <class T>
  TriggerResult on_element(const T&, EventTime, Call& call) const {
    if (++call.state < count) return TriggerResult::Continue;
    call.state = 0;
    return TriggerResult::Fire;
  }
  TriggerResult on_event_time(EventTime, Call&) const { return TriggerResult::Continue; }
  TriggerResult on_processing_time(ProcessingTime, Call&) const { return TriggerResult::Continue; }
  void on_merge(const State& other, Call& call) const { call.state += other; }
};

struct Never {
  using State = Nothing;
  using Call = TriggerCall<State>;
  template <class T>
  TriggerResult on_element(const T&, EventTime, Call&) const { return TriggerResult::Continue; }
  TriggerResult on_event_time(EventTime, Call&) const { return TriggerResult::Continue; }
  TriggerResult on_processing_time(ProcessingTime, Call&) const { return TriggerResult::Continue; }
  void on_merge(const State&, Call&) const {}
};

struct ContinuousState {
  std::optional<EventTime> next;
};
WEIR_RECORD(ContinuousState, next);

struct Continuous {
  using State = ContinuousState;
  using Call = TriggerCall<State>;
  Duration every;

  template <class T>
  TriggerResult on_element(const T&, EventTime time, Call& call) const {
    if (call.ended) return TriggerResult::Fire;
    if (!call.state.next) schedule(time, call);
    return TriggerResult::Continue;
  }
  TriggerResult on_event_time(EventTime time, Call& call) const;
  TriggerResult on_processing_time(ProcessingTime time, Call& call) const {
    return time.ms == call.window.end.ms ? TriggerResult::Fire : TriggerResult::Continue;
  }
  void on_merge(const State& other, Call& call) const;

 private:
  void schedule(EventTime time, Call& call) const;
};

/// Early firings before the window's end, one at it, late ones behind it. See early_every and early_after.
struct EarlyLateState {
  std::int64_t count = 0;  // records since the last firing
  bool armed = false;
};
WEIR_RECORD(EarlyLateState, count, armed);

struct EarlyLate {
  using State = EarlyLateState;
  using Call = TriggerCall<State>;
  std::optional<Duration> early_interval = {};
  std::optional<std::int64_t> early_count = {};
  std::int64_t late_count = 1;

  EarlyLate late_after(std::int64_t records) const {
    EarlyLate changed = *this;
    changed.late_count = records;
    return changed;
  }

  template <class T>
  TriggerResult on_element(const T&, EventTime, Call& call) const { return on_record(call); }
  TriggerResult on_event_time(EventTime time, Call& call) const;
  TriggerResult on_processing_time(ProcessingTime time, Call& call) const;
  void on_merge(const State& other, Call& call) const { call.state.count += other.count; }

 private:
  TriggerResult on_record(Call& call) const;
  TriggerResult fire(Call& call) const;
};

/// Fires when the records have moved far enough. See delta.
template <class T, class F>
struct Delta {
  using State = std::optional<T>;  // the record to which others are compared
  using Call = TriggerCall<State>;
  double threshold;
  F distance;

  TriggerResult on_element(const T& record, EventTime, Call& call) const {
    const bool far = call.state && std::invoke(distance, std::as_const(*call.state), record) > threshold;
    if (!call.state || far) call.state = record;
    return far ? TriggerResult::Fire : TriggerResult::Continue;
  }
  TriggerResult on_event_time(EventTime, Call&) const { return TriggerResult::Continue; }
  TriggerResult on_processing_time(ProcessingTime, Call&) const { return TriggerResult::Continue; }
  void on_merge(const State& other, Call& call) const {
    if (!call.state) call.state = other;
  }
};

template <class Trigger>
struct Purging {
  using State = typename Trigger::State;
  using Call = TriggerCall<State>;
  Trigger trigger;

  template <class T>
  TriggerResult on_element(const T& record, EventTime time, Call& call) const {
    return purged(trigger.on_element(record, time, call));
  }
  TriggerResult on_event_time(EventTime time, Call& call) const { return purged(trigger.on_event_time(time, call)); }
  TriggerResult on_processing_time(ProcessingTime time, Call& call) const {
    return purged(trigger.on_processing_time(time, call));
  }
  void on_merge(const State& other, Call& call) const { trigger.on_merge(other, call); }

 private:
  static TriggerResult purged(TriggerResult result) {
    return result == TriggerResult::Fire ? TriggerResult::FireAndPurge : result;
  }
};

inline AtEnd at_watermark() { return {}; }
inline AtProcessingTime at_processing_time() { return {}; }
inline Never never() { return {}; }
AfterCount after_count(std::int64_t records);
EarlyLate time_or_count(std::int64_t records);
Continuous continuous(Duration every);
EarlyLate early_every(Duration interval);
EarlyLate early_after(std::int64_t records);
template <class T, class F>
Delta<T, F> delta(double threshold, F distance) {
  static_assert(std::is_invocable_r_v<double, const F&, const T&, const T&>, "delta: the function must take two records by const reference and return a number");
  return {threshold, std::move(distance)};
}
template <class Trigger>
Purging<Trigger> purging(Trigger trigger) { return {std::move(trigger)}; }

}  // namespace weir
