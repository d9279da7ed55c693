#include <algorithm>
#include <map>

#include "sim/modelled.hpp"

namespace weir::sim {
namespace {

Event window_event(std::int64_t key, std::int64_t start, std::int64_t end, std::int64_t sum) {
  return {key, sum, start, "window", {}, EventTime{end - 1}};
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
  from.stream = from.stream.key_by(&Event::key)
                    .window(session(Duration(gap_ms)))
                    .sum(step.name, &Event::value, {.parallelism = step.parallelism})
                    .map(to_event, step.next);
  std::map<std::int64_t, Events> keys;
  for (const Event& event : from.events) keys[event.key].push_back(event);
  from.events.clear();
  for (auto& [key, events] : keys) {
    std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.at < b.at; });
    for (std::size_t i = 0; i < events.size();) {
      const std::int64_t start = events[i].at.ms;
      std::int64_t end = start + gap_ms;
      std::int64_t sum = 0;
      for (; i < events.size() && events[i].at.ms <= end; ++i) {  // touching sessions are one
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
