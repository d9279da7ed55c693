// Virtual time for a simulation in one thread: what is to happen later waits in a queue, and time jumps to the next of it. With a
// seed every duration that is asked for is drawn, so that another seed is another order of events; without one all are the
// shortest, and what happens can be told in advance.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <utility>

#include <weir/base/time.hpp>

namespace weir::testing {

class SimulatedTime {
 public:
  explicit SimulatedTime(std::optional<std::uint64_t> seed) : seeded_(seed.has_value()), random_(seed.value_or(0)) {}

  ProcessingTime now() const { return now_; }
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  bool one_in(std::uint64_t count) { return seeded_ && below(count) == 0; }
  Duration between(std::int64_t least_ms, std::int64_t most_ms) {
    return Duration(seeded_ ? least_ms + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most_ms - least_ms + 1))) : least_ms);
  }

  /// What is due at the same time happens in the order in which it was said.
  void at(ProcessingTime due, std::function<void()> what) { queue_.emplace(std::max(due, now_), std::move(what)); }
  void after(Duration delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

  /// The next event, unless it lies behind `end`, which then is the time.
  bool step(ProcessingTime end) {
    if (queue_.empty() || queue_.begin()->first > end) {
      now_ = end;
      return false;
    }
    now_ = queue_.begin()->first;
    const auto what = std::move(queue_.begin()->second);
    queue_.erase(queue_.begin());
    what();
    return true;
  }

 private:
  bool seeded_;
  std::mt19937_64 random_;
  ProcessingTime now_{1'000'000};
  std::multimap<ProcessingTime, std::function<void()>> queue_;
};

}  // namespace weir::testing
