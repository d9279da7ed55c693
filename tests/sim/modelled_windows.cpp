#include <algorithm>
#include <map>

#include "sim/modelled.hpp"

namespace weir::sim {
namespace {

Event window_event(std::int64_t key, std::int64_t start, std::int64_t end, std::int64_t sum) {
  return {key, sum, start, "window", {}, EventTime{end - 1}};
}

using Keys = std::map<std::int64_t, Events>;

/// Whether some session would begin exactly where the one before ends. Whether such two are one depends on the watermark: if
/// it comes between, the first has fired when the second begins.
bool touch(const Keys& keys, std::int64_t gap_ms) {
  for (const auto& [key, events] : keys) {
    for (std::size_t i = 1; i < events.size(); ++i) {
      if (events[i].at.ms - events[i - 1].at.ms == gap_ms) return true;
    }
  }
  return false;
}

Event to_event(const WindowResult<std::int64_t, std::int64_t>& window) {
  return window_event(window.key, window.start.ms, window.end.ms, window.value);
}

}  // namespace

Modelled sliding_sums(Modelled from, std::int64_t size_ms, std::int64_t slide_ms, const KeyedStep& step) {
  from.stream = from.stream.key_by(&Event::key)
                    .window(sliding(Duration(size_ms), Duration(slide_ms)))
                    .sum(step.name, &Event::value, {.parallelism = step.parallelism})
                    .map(to_event, step.next);
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> sums;  // by start and key
  for (const Event& event : from.events) {
    const std::int64_t last = event.at.ms - event.at.ms % slide_ms;
    for (std::int64_t start = last; start > event.at.ms - size_ms; start -= slide_ms) sums[{start, event.key}] += event.value;
  }
  from.events.clear();
  for (const auto& [window, sum] : sums) {
    from.events.push_back(window_event(window.second, window.first, window.first + size_ms, sum));
  }
  from.ordered = true;
  return from;
}

Modelled session_sums(Modelled from, std::int64_t gap_ms, const KeyedStep& step) {
  Keys keys;
  for (const Event& event : from.events) keys[event.key].push_back(event);
  for (auto& [key, events] : keys) {
    std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.at < b.at; });
  }
  while (touch(keys, gap_ms)) ++gap_ms;
  from.stream = from.stream.key_by(&Event::key)
                    .window(session(Duration(gap_ms)))
                    .sum(step.name, &Event::value, {.parallelism = step.parallelism})
                    .map(to_event, step.next);
  from.events.clear();
  for (const auto& [key, events] : keys) {
    for (std::size_t i = 0; i < events.size();) {
      const std::int64_t start = events[i].at.ms;
      std::int64_t end = start + gap_ms;
      std::int64_t sum = 0;
      for (; i < events.size() && events[i].at.ms < end; ++i) {
        sum += events[i].value;
        end = std::max(end, events[i].at.ms + gap_ms);
      }
      from.events.push_back(window_event(key, start, end, sum));
    }
  }
  from.ordered = true;
  return from;
}

}  // namespace weir::sim
