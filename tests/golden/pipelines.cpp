#include "pipelines.hpp"

using namespace std::chrono_literals;

namespace weir::golden {
namespace {

std::string text(EventTime time) { return std::to_string(time.ms / 1000); }  // golden files count in seconds

std::string line(const std::string& key, const Window& window, std::int64_t value) {
  return key + " [" + text(window.start) + "," + text(window.end) + ") " + std::to_string(value);
}

auto timed(const Stream<Sample>& samples, Duration out_of_orderness = 0s) {
  return samples.event_time(&Sample::at, {.out_of_orderness = out_of_orderness}).key_by(&Sample::key);
}

std::string late_line(const Sample& sample) { return "late " + sample.key + " " + text(sample.at); }

template <class Windows>
Stream<std::string> counted(const Windows& windows) {
  const auto counts = windows.aggregate("count", count(), line);
  return counts.merge(counts.late.map(late_line));
}

Stream<std::string> tumbling_count(const Stream<Sample>& samples) { return counted(timed(samples).window(tumbling(10s))); }

Stream<std::string> tumbling_offset(const Stream<Sample>& samples) {
  return counted(timed(samples).window(tumbling(10s, {.offset = 3s})));
}

Stream<std::string> tumbling_lateness(const Stream<Sample>& samples) {
  return counted(timed(samples).window(tumbling(10s), {.allowed_lateness = 5s}));
}

Stream<std::string> out_of_order_count(const Stream<Sample>& samples) {
  return counted(timed(samples, 5s).window(tumbling(10s)));
}

Stream<std::string> sliding_sum(const Stream<Sample>& samples) {
  return timed(samples).window(sliding(10s, 5s)).aggregate("sum", sum(&Sample::value), line);
}

Stream<std::string> session_count(const Stream<Sample>& samples) {
  return counted(timed(samples, 30s).window(session(10s)));
}

Stream<std::string> count_window_sum(const Stream<Sample>& samples) {
  return timed(samples).window(count_window(3)).aggregate("sum", sum(&Sample::value),
      [](const std::string& key, const Window&, std::int64_t value) { return key + " " + std::to_string(value); });
}

Stream<std::string> rolling_sum(const Stream<Sample>& samples) {
  return samples.key_by(&Sample::key).sum("sum", &Sample::value).map([](const auto& row) {
    return row.key + " " + std::to_string(row.value);
  });
}

Stream<std::string> rolling_max_by(const Stream<Sample>& samples) {
  return samples.key_by(&Sample::key).max_by("max", &Sample::value).map([](const Sample& sample) {
    return sample.key + " " + std::to_string(sample.value) + " at " + text(sample.at);
  });
}

Stream<std::string> distinct_keys(const Stream<Sample>& samples) {
  return samples.key_by(&Sample::key).distinct("distinct").map([](const Sample& sample) { return sample.key; });
}

/// Reports a key that was silent for ten seconds.
struct Silence {
  using Out = std::string;
  Value<EventTime> last;
  void open(KeyedState& state) { last = state.value<EventTime>("last"); }
  void process(const Sample& sample, auto& context) {
    if (last) context.timers().cancel(*last + Duration(10'000));
    last.set(sample.at);
    context.timers().at(sample.at + Duration(10'000));
  }
  void on_timer(const Timer&, auto& context) { context.emit(context.key() + " silent since " + text(*last)); }
};

Stream<std::string> silence(const Stream<Sample>& samples) { return timed(samples).process("silence", Silence{}); }

Stream<std::string> best_two(const Stream<Sample>& samples) {
  return samples.key_by(&Sample::key)
      .top_n("best", 2, [](const Sample& a, const Sample& b) { return a.value > b.value; })
      .map([](const auto& row) {
        return row.record.key + " rank " + std::to_string(row.rank) + " is " + std::to_string(row.record.value);
      });
}

}  // namespace

const std::map<std::string, Build>& pipelines() {
  static const std::map<std::string, Build> all = {
      {"tumbling_count", tumbling_count},         {"tumbling_offset", tumbling_offset},
      {"tumbling_lateness", tumbling_lateness},   {"out_of_order_count", out_of_order_count},
      {"sliding_sum", sliding_sum},               {"session_count", session_count},
      {"count_window_sum", count_window_sum},     {"rolling_sum", rolling_sum},
      {"rolling_max_by", rolling_max_by},         {"distinct_keys", distinct_keys},
      {"silence", silence},                       {"best_two", best_two},
  };
  return all;
}

}  // namespace weir::golden
