#include <weir/operators/trigger.hpp>

#include <algorithm>
#include <string>

#include <weir/base/result.hpp>

namespace weir {
namespace {

template <class Time>
void add_once(std::vector<Time>& times, Time time) {
  if (std::find(times.begin(), times.end(), time) == times.end()) times.push_back(time);
}

template <class Number>
Number positive(const char* verb, Number number, const std::string& text) {
  if (number > Number(0)) return number;
  throw Failure(std::string(verb) + ": what is given must be positive: " + text);
}
std::int64_t positive(const char* verb, std::int64_t number) { return positive(verb, number, std::to_string(number)); }
Duration positive(const char* verb, Duration time) { return positive(verb, time, std::to_string(time.count()) + "ms"); }

}  // namespace

void WindowTimers::register_event_time(EventTime time) { add_once(event, time); }
void WindowTimers::register_processing_time(ProcessingTime time) { add_once(processing_ms, time.ms); }
void WindowTimers::cancel_event_time(EventTime time) { std::erase(event, time); }
void WindowTimers::cancel_processing_time(ProcessingTime time) { std::erase(processing_ms, time.ms); }

EventTime WindowTimers::next_event() const {
  return event.empty() ? EventTime::max() : *std::min_element(event.begin(), event.end());
}

ProcessingTime WindowTimers::next_processing() const {
  if (processing_ms.empty()) return ProcessingTime::max();
  return {*std::min_element(processing_ms.begin(), processing_ms.end())};
}

void WindowTimers::absorb(const WindowTimers& other) {
  for (const EventTime time : other.event) add_once(event, time);
  for (const std::int64_t time : other.processing_ms) add_once(processing_ms, time);
}

TriggerResult Continuous::on_event_time(EventTime time, Call& call) const {
  const bool due = call.state.next && time >= *call.state.next;
  if (due) {
    call.state.next.reset();
    if (!call.ended) schedule(time, call);
  }
  return due || time == call.window.last() ? TriggerResult::Fire : TriggerResult::Continue;
}

void Continuous::on_merge(const State& other, Call& call) const {
  if (other.next && (!call.state.next || *other.next < *call.state.next)) call.state.next = other.next;
}

/// The next multiple of the interval behind `time`, if the window does not end before.
void Continuous::schedule(EventTime time, Call& call) const {
  const std::int64_t into = ((time.ms % every.count()) + every.count()) % every.count();
  const EventTime next = time - Duration(into) + every;
  if (next >= call.window.last()) return;
  call.state.next = next;
  call.timers.register_event_time(next);
}

TriggerResult EarlyLate::on_record(Call& call) const {
  ++call.state.count;
  if (call.ended) return call.state.count >= late_count ? fire(call) : TriggerResult::Continue;
  if (early_count && call.state.count >= *early_count) return fire(call);
  if (early_interval && !call.state.armed) {
    call.timers.register_processing_time(call.now + *early_interval);
    call.state.armed = true;
  }
  return TriggerResult::Continue;
}

TriggerResult EarlyLate::on_event_time(EventTime time, Call& call) const {
  return time == call.window.last() ? fire(call) : TriggerResult::Continue;
}

TriggerResult EarlyLate::on_processing_time(ProcessingTime time, Call& call) const {
  if (time.ms == call.window.end.ms && call.ended) return fire(call);
  if (!call.state.armed) return TriggerResult::Continue;
  call.state.armed = false;
  return call.state.count > 0 && !call.ended ? fire(call) : TriggerResult::Continue;
}

TriggerResult EarlyLate::fire(Call& call) const {
  call.state.count = 0;
  return TriggerResult::Fire;
}

AfterCount after_count(std::int64_t records) { return {positive("after_count", records)}; }
EarlyLate time_or_count(std::int64_t records) { return {.early_count = positive("time_or_count", records)}; }
Continuous continuous(Duration every) { return {positive("continuous", every)}; }
EarlyLate early_every(Duration interval) { return {.early_interval = positive("early_every", interval)}; }
EarlyLate early_after(std::int64_t records) { return {.early_count = positive("early_after", records)}; }

}  // namespace weir
