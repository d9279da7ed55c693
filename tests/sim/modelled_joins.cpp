#include <algorithm>

#include "sim/modelled.hpp"

namespace weir::sim {
namespace {

Event pair_of(const Event& left, const Event& right) {
  return {left.key, left.value - right.value, left.number * 31 + right.number, left.tag + right.tag, {}, std::max(left.at, right.at)};
}

}  // namespace

Modelled join_near(Modelled left, const Modelled& right, std::int64_t reach_ms, const KeyedStep& step) {
  left.stream = left.stream.key_by(&Event::key)
                    .interval_join(step.name, right.stream.key_by(&Event::key), {.lower = Duration(-reach_ms), .upper = Duration(reach_ms)},
                                   JoinKind::Inner, pair_of, {.parallelism = step.parallelism})
                    .map([](Event event) { return event; }, step.next);
  Events pairs;
  for (const Event& a : left.events) {
    for (const Event& b : right.events) {
      if (a.key == b.key && std::abs(a.at.ms - b.at.ms) <= reach_ms) pairs.push_back(pair_of(a, b));
    }
  }
  left.events = std::move(pairs);
  left.ordered = false;
  return left;
}

Modelled halve_in_loop(Modelled from, std::int64_t limit, const KeyedStep& step) {
  const auto halve = [](Event event) {
    event.value /= 2;
    ++event.number;
    return event;
  };
  const auto goes_on = [limit](const Event& event) { return event.value > limit; };
  const StepOptions next = step.next;
  from.stream = from.stream.iterate(
      step.name,
      [&](Stream<Event> loop) {
        auto [again, done] = loop.key_by(&Event::key).stream().map(halve, next).split(goes_on);
        return Loop{again, done};
      },
      {.parallelism = step.parallelism});
  for (Event& event : from.events) {
    do event = halve(event);
    while (goes_on(event));
  }
  from.ordered = false;
  from.timed = false;  // what goes round may fall behind the watermark
  return from;
}

}  // namespace weir::sim
