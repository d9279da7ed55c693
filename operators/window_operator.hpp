// Windows of every kind: sessions, global and count windows, processing time, triggers of one's own, functions that see
// all records. (Tumbling and sliding aggregates in event time with the default trigger have operators of their own, which
// are faster.) A record is put into the panes of its windows; a trigger says when a pane shows its result; timers call
// panes up when the watermark or the clock has come as far.
//
//   pane := (record | trigger timer)* end (late record | trigger timer)* dropped
//
// A pane is dropped when the watermark reaches the window's last instant plus the allowed lateness (processing time: when
// the clock reaches its end). One timer is one step: between steps the state says exactly what is to be done, so firing may
// be interrupted, snapshot and continued anywhere. Port 0: results; other ports: records too late for all their windows.
#pragma once

#include <algorithm>
#include <concepts>
#include <optional>

#include <weir/operators/firing_progress.hpp>
#include <weir/operators/keyed_stream.hpp>
#include <weir/operators/pane_timers.hpp>
#include <weir/operators/typed_operator.hpp>
#include <weir/operators/window_assigner.hpp>
#include <weir/operators/window_body.hpp>

namespace weir {

/// How many timers a firing takes before it lets the task look at other things.
constexpr std::size_t kTimerStep = 1024;

/// All but the reading of batches, which differs between one input and two.
template <class K, class Assigner, class Trigger, class Body, class Out>
class WindowCore : public ContextOperator {
 public:
  WindowCore(Assigner assigner, Trigger trigger, Body body, Duration lateness)
      : body_(std::move(body)), assigner_(std::move(assigner)), trigger_(std::move(trigger)), lateness_(lateness) {}

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    panes_.open(context);
    body_.open(context);
    progress_.open(context);
    out_.open(context);
    if (const auto resumed = progress_.resumed()) watermark_ = *resumed;
    panes_.for_each([&](const K& key, const Window& window, const Window& id, const PaneState& pane) {
      if (const EventTime due = event_due(window, pane); due != EventTime::max()) event_timers_.add(due.ms, key, id);
      if (const auto due = processing_due(window, pane); due != ProcessingTime::max()) processing_timers_.add(due.ms, key, id);
    });
    wake();
  }

  Progress on_watermark(EventTime watermark) override {
    watermark_ = std::max(watermark_, watermark);
    if (watermark == EventTime::max()) reach_end_of_time();
    Progress progress = fire_due(event_timers_, watermark_.ms, [this](const Item& item) { return on_event_timer(item); });
    if (progress == Progress::Done && kProcessing && watermark == EventTime::max()) {
      // A bounded input is over: what waits for the clock would be lost.
      progress = fire_due(processing_timers_, kEndOfClock, [this](const Item& item) { return on_processing_timer(item); });
    }
    flush_outputs();
    return progress;
  }

  Progress on_processing_time(ProcessingTime now) override {
    const Progress progress =
        fire_due(processing_timers_, now.ms, [&](const Item& item) { return on_processing_timer(item); });
    flush_outputs();
    if (progress == Progress::Done) wake();
    return progress;
  }

  void before_snapshot(CheckpointId) override { progress_.save(watermark_, 0); }

 protected:
  /// Adds a record to its windows by put(contents, id). False when it is too late for all of them.
  template <class R, class Put>
  bool offer(const K& key, const R& record, EventTime time, Put&& put) {
    if (kEventAligned && !WindowGrid::placeable(time)) fail_unplaceable(time);
    watermark_ = std::max(watermark_, context().watermark());
    bool late = false;
    bool placed = false;
    const EventTime at = kProcessing ? EventTime{context().now().ms} : time;
    assigner_.each_window(record, at, [&](const Window& window) {
      if (is_over(panes_.whole(key, window))) {
        late = true;
        return;
      }
      placed = true;
      const auto pane = panes_.edit(key, window, [&](auto& into, auto& from) { merge(key, into, from); });
      pane.pane->ended = ended(pane.window);
      put(pane.pane->contents, pane.id);
      auto call = call_for(*pane.pane, pane.window, pane.pane->ended);
      react(key, pane, trigger_.on_element(record, time, call), time);
    });
    return placed || !late;
  }

  void flush() {
    flush_outputs();
    wake();
  }

  Body body_;

 private:
  void flush_outputs() {
    out_.flush();
    if constexpr (requires { body_.flush(); }) body_.flush();
  }

  using Contents = typename Body::Contents;
  using TriggerState = typename Trigger::State;
  using PaneState = Pane<Contents, TriggerState>;
  using Panes = std::conditional_t<Assigner::kMerging, SessionPanes<K, PaneState>, FixedPanes<K, PaneState>>;
  using At = PaneAt<PaneState>;
  using Item = typename PaneTimers<K>::Item;

  static constexpr bool kProcessing = Assigner::kTime == WindowTime::Processing;
  static constexpr bool kGlobal = requires(const Assigner& a) { a.default_trigger; };
  static constexpr bool kEventAligned = !kProcessing && !kGlobal;
  static constexpr std::int64_t kEndOfClock = ProcessingTime::max().ms - 1;

  EventTime cleanup_time(const Window& window) const {
    return kEventAligned ? window.last() + lateness_ : EventTime::max();
  }
  bool is_over(const Window& window) const { return kEventAligned && cleanup_time(window) <= watermark_; }
  bool ended(const Window& window) const {
    return kProcessing ? context().now().ms >= window.end.ms : window.last() <= watermark_;
  }

  TriggerCall<TriggerState> call_for(PaneState& pane, const Window& window, bool has_ended) {
    return {pane.trigger, pane.timers, window, has_ended, watermark_, context().now()};
  }
  Firing<K> firing(const K& key, const At& pane, EventTime time) const {
    return {key, pane.window, pane.id, kGlobal ? time : pane.window.last(), watermark_, context().now()};
  }

  template <class SessionType>
  void merge(const K& key, SessionType& into, SessionType& from) {
    body_.merge(key, into, from);
    into.pane.timers.absorb(from.pane.timers);
    auto call = call_for(into.pane, into.window, ended(into.window));
    trigger_.on_merge(from.pane.trigger, call);
  }

  /// Does what the trigger wants and sets the pane's timers.
  void react(const K& key, const At& pane, TriggerResult result, EventTime time) {
    if (fires(result)) {
      while (body_.fire(firing(key, pane, time), pane.pane->contents, out_) == Progress::More) {
      }
    }
    settle(key, pane, result, time);
  }

  void settle(const K& key, const At& pane, TriggerResult result, EventTime time) {
    if (purges(result)) body_.clear(firing(key, pane, time), pane.pane->contents);
    if (forgettable(*pane.pane)) return panes_.erase(key, pane.id);
    arm(key, pane);
  }

  /// A global window with nothing in it need not be kept for ever.
  bool forgettable(const PaneState& pane) const {
    if constexpr (kGlobal && std::equality_comparable<TriggerState>) {
      return body_.vacant(pane.contents) && pane.timers == WindowTimers() && pane.trigger == TriggerState();
    } else {
      return false;
    }
  }

  void arm(const K& key, const At& at) {
    PaneState& pane = *at.pane;
    if (const EventTime due = event_due(at.window, pane); due.ms < pane.armed_event_ms) {
      pane.armed_event_ms = due.ms;
      event_timers_.add(due.ms, key, at.id);
    }
    if (const ProcessingTime due = processing_due(at.window, pane); due.ms < pane.armed_processing_ms) {
      pane.armed_processing_ms = due.ms;
      processing_timers_.add(due.ms, key, at.id);
    }
  }

  EventTime event_due(const Window& window, const PaneState& pane) const {
    const EventTime due = pane.timers.next_event();
    return kEventAligned ? std::min(due, pane.ended ? cleanup_time(window) : window.last()) : due;
  }
  ProcessingTime processing_due(const Window& window, const PaneState& pane) const {
    const ProcessingTime due = pane.timers.next_processing();
    return kProcessing ? std::min(due, ProcessingTime{window.end.ms}) : due;
  }

  /// Takes the timers up to `limit_ms`, each as one step.
  template <class Take>
  Progress fire_due(PaneTimers<K>& timers, std::int64_t limit_ms, Take&& take) {
    for (std::size_t budget = kTimerStep; timers.any_until(limit_ms); --budget) {
      if (budget == 0 || (budget % 64 == 0 && context().output_full())) return Progress::More;
      if (take(timers.front()) == Progress::More) return Progress::More;
    }
    return Progress::Done;
  }

  Progress on_event_timer(const Item& item) {
    const std::int64_t time_ms = event_timers_.next_ms();
    const At at = panes_.find(item.key, item.id);
    const bool stale = !at.pane || (at.pane->armed_event_ms != time_ms && at.pane->armed_event_ms != EventTime::max().ms);
    if (stale || event_due(at.window, *at.pane).ms > time_ms) {  // a session that has grown since: its turn comes later
      event_timers_.pop();
      if (!stale) rearm_event(item.key, at);
      return Progress::Done;
    }
    const EventTime due = event_due(at.window, *at.pane);
    const bool at_end = !at.pane->ended && !kProcessing && due == at.window.last();
    TriggerResult result = TriggerResult::Continue;
    if (at_end || due == at.pane->timers.next_event()) {
      const auto told = tell(item.key, at, at_end, due, [&](auto& call) {
        call.timers.cancel_event_time(due);
        return trigger_.on_event_time(due, call);
      });
      if (!told) return Progress::More;
      result = *told;
    }
    at.pane->ended |= at_end;
    event_timers_.pop();
    if (kEventAligned && due >= cleanup_time(at.window)) {
      drop(item.key, at);
    } else {
      at.pane->armed_event_ms = EventTime::max().ms;
      settle(item.key, at, result, due);
    }
    return Progress::Done;
  }

  Progress on_processing_timer(const Item& item) {
    const std::int64_t time_ms = processing_timers_.next_ms();
    const At at = panes_.find(item.key, item.id);
    const bool stale =
        !at.pane || (at.pane->armed_processing_ms != time_ms && at.pane->armed_processing_ms != ProcessingTime::max().ms);
    if (stale || processing_due(at.window, *at.pane).ms > time_ms) {
      processing_timers_.pop();
      if (!stale) rearm_processing(item.key, at);
      return Progress::Done;
    }
    const ProcessingTime due = processing_due(at.window, *at.pane);
    const bool at_end = kProcessing && due.ms == at.window.end.ms;
    const auto result = tell(item.key, at, at_end, watermark_, [&](auto& call) {
      call.timers.cancel_processing_time(due);
      return trigger_.on_processing_time(due, call);
    });
    if (!result) return Progress::More;
    processing_timers_.pop();
    if (at_end) {
      drop(item.key, at);
    } else {
      at.pane->armed_processing_ms = ProcessingTime::max().ms;
      settle(item.key, at, *result, watermark_);
    }
    return Progress::Done;
  }

  /// Tells the trigger of a time and fires if it wants that. Empty when output has no room for all of it: the pane then waits
  /// for the same time again, and the body goes on where it stopped.
  template <class Call>
  std::optional<TriggerResult> tell(const K& key, const At& at, bool at_end, EventTime time, Call&& trigger) {
    PaneState& pane = *at.pane;
    const TriggerState state = pane.trigger;
    const WindowTimers timers = pane.timers;
    auto call = call_for(pane, at.window, pane.ended || at_end);
    const TriggerResult result = trigger(call);
    if (fires(result) && body_.fire(firing(key, at, time), pane.contents, out_) == Progress::More) {
      pane.trigger = state;
      pane.timers = timers;
      return std::nullopt;
    }
    if (watermark_ == EventTime::max()) keep_known(pane.timers.event, timers.event, time);
    return result;
  }

  /// At the end of time only timers that were set before count: one that sets itself anew would fire for ever.
  static void keep_known(std::vector<EventTime>& timers, const std::vector<EventTime>& known, EventTime fired) {
    std::erase_if(timers, [&](EventTime time) {
      return time == fired || std::find(known.begin(), known.end(), time) == known.end();
    });
  }

  void rearm_event(const K& key, const At& at) {
    at.pane->armed_event_ms = EventTime::max().ms;
    arm(key, at);
  }
  void rearm_processing(const K& key, const At& at) {
    at.pane->armed_processing_ms = ProcessingTime::max().ms;
    arm(key, at);
  }

  void drop(const K& key, const At& at) {
    body_.drop(firing(key, at, watermark_), at.pane->contents);
    panes_.erase(key, at.id);
  }

  /// The end of a global window is the end of time.
  void reach_end_of_time() {
    if (!kGlobal || std::exchange(at_end_of_time_, true)) return;
    panes_.for_each([&](const K& key, const Window&, const Window& id, const PaneState& pane) {
      if (!pane.ended) event_timers_.add(EventTime::max().ms, key, id);
    });
  }

  void wake() {
    if (!processing_timers_.empty()) context().wake_at({processing_timers_.next_ms()});
  }

  Assigner assigner_;
  Trigger trigger_;
  Duration lateness_;
  Panes panes_;
  PaneTimers<K> event_timers_;
  PaneTimers<K> processing_timers_;
  FiringProgress progress_;
  Emitter<Out> out_;
  EventTime watermark_ = EventTime::min();
  bool at_end_of_time_ = false;
};

/// Windows over one stream. Port 1: late records.
template <class T, class KeyOf, class Assigner, class Trigger, class Body, class Out>
class WindowOperator final : public WindowCore<KeyOfResult<T, KeyOf>, Assigner, Trigger, Body, Out> {
 public:
  using K = KeyOfResult<T, KeyOf>;
  using Core = WindowCore<K, Assigner, Trigger, Body, Out>;

  WindowOperator(KeyOf key_of, Assigner assigner, Trigger trigger, Body body, Duration lateness)
      : Core(std::move(assigner), std::move(trigger), std::move(body), lateness), key_of_(std::move(key_of)) {}

  void open(OperatorContext& context) override {
    Core::open(context);
    late_.open(context);
  }

  void process(BatchPtr batch, std::uint32_t) override {
    auto& in = batch_of<T>(*batch);
    for (std::size_t i = 0; i < in.records.size(); ++i) {
      const T& record = in.records[i];
      const EventTime time = in.times[i];
      const K key = std::invoke(key_of_, record);
      const bool taken = this->offer(key, record, time, [&](auto& contents, const Window& id) {
        this->body_.add(key, id, contents, record, time);
      });
      if (!taken) late_.emit(in.records.take(i), time);
    }
    this->flush();
    late_.flush();
  }

 private:
  KeyOf key_of_;
  Emitter<T> late_{1};
};

}  // namespace weir
