// Windows with triggers, evictors and functions of the user's, count windows, and windows in processing time.
#include <doctest/doctest.h>

#include "support/task_harness.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

using Pair = std::pair<std::string, std::int64_t>;
using Summed = WindowResult<std::string, std::int64_t>;

constexpr std::int64_t kFirst = EventTime::min().ms;
constexpr std::int64_t kLast = EventTime::max().ms;

template <class Build>
OperatorFactory on_keys(Build build) {
  return operator_of<Pair>([=](auto pairs) { return build(pairs.key_by(&Pair::first)); });
}

Timed<Summed> row(std::string key, std::int64_t start, std::int64_t end, std::int64_t sum) {
  return {{std::move(key), {start}, {end}, sum}, end - 1};
}
/// Of a global window, whose results have the time of what made it fire.
Timed<Summed> global(std::string key, std::int64_t sum, std::int64_t at) {
  return {{std::move(key), {kFirst}, {kLast}, sum}, at};
}

/// Fires when a record is negative; knows how many were.
struct OnNegative {
  using State = std::int64_t;
  using Call = TriggerCall<State>;
  TriggerResult on_element(const Pair& record, EventTime time, Call& call) const {
    if (record.second >= 0) return TriggerResult::Continue;
    ++call.state;
    call.timers.register_event_time(time + Duration(5));
    return call.state % 2 == 0 ? TriggerResult::FireAndPurge : TriggerResult::Fire;
  }
  TriggerResult on_event_time(EventTime time, Call& call) const {
    return time == call.window.last() ? TriggerResult::Continue : TriggerResult::Fire;
  }
  TriggerResult on_processing_time(ProcessingTime, Call&) const { return TriggerResult::Continue; }
  void on_merge(const State& other, Call& call) const { call.state += other; }
};

/// Yields sums; complains of negative ones; tells how often a key's windows fired when they go.
struct Watched {
  using Out = std::int64_t;
  using WindowState = std::int64_t;
  using KeyState = std::int64_t;
  SideOutput<std::string> complaints;
  SideOutput<std::string> unread;
  void process(auto& window, auto& out) {
    ++window.window_state;
    std::int64_t sum = window.key_state;
    for (const Pair& pair : window.elements) sum += pair.second;
    out(sum);
    if (sum < 0) out(complaints, window.key + " is below zero");
    out(unread, "nobody reads this");
  }
  void clear(auto& window) {
    CHECK(window.elements.empty());
    window.key_state += 1000 * window.window_state;
  }
};

}  // namespace

// --- count windows ---

TEST_CASE("a count window fires every n records of a key and begins anew") {
  TaskHarness task(on_keys([](auto keyed) { return keyed.window(count_window(2)).sum("sum", &Pair::second); }));
  task.push<Pair>({{{"a", 1}, 1}, {{"b", 2}, 2}, {{"a", 4}, 3}, {{"a", 8}, 4}});
  CHECK(task.take<Summed>() == Rows<Summed>{global("a", 5, 3)});
  task.push<Pair>({{{"a", 16}, 5}});
  CHECK(task.take<Summed>() == Rows<Summed>{global("a", 24, 5)});
  CHECK(task.snapshot().summary() == "fired: 1 shared items, panes: 1 entries");  // only of b
  task.end_of_input();
  CHECK(task.take<Summed>().empty());
}

TEST_CASE("a sliding count window sees the last n records every m") {
  TaskHarness task(on_keys([](auto keyed) { return keyed.window(count_window(3, 2)).sum("sum", &Pair::second); }));
  task.push<Pair>({{{"a", 1}, 1}, {{"a", 2}, 2}, {{"a", 4}, 3}, {{"a", 8}, 4}, {{"a", 16}, 5}, {{"a", 32}, 6}});
  CHECK(task.take<Summed>() == Rows<Summed>{global("a", 3, 2), global("a", 14, 4), global("a", 56, 6)});
}

// --- triggers ---

TEST_CASE("a global window fires by its trigger only") {
  TaskHarness never_fires(on_keys([](auto keyed) { return keyed.window(global_window()).sum("sum", &Pair::second); }));
  never_fires.push<Pair>({{{"a", 1}, 1}});
  never_fires.end_of_input();
  CHECK(never_fires.take<Summed>().empty());

  TaskHarness at_end(on_keys([](auto keyed) { return keyed.window(global_window()).trigger(at_watermark()).sum("sum", &Pair::second); }));
  at_end.push<Pair>({{{"a", 1}, 1}, {{"a", 2}, 2}});
  at_end.watermark(1'000'000);
  CHECK(at_end.take<Summed>().empty());
  at_end.end_of_input();
  CHECK(at_end.take<Summed>() == Rows<Summed>{global("a", 3, kLast)});
}

TEST_CASE("a trigger may fire by number and at the end") {
  TaskHarness task(on_keys([](auto keyed) { return keyed.window(tumbling(Duration(10))).trigger(time_or_count(2)).sum("sum", &Pair::second); }));
  task.push<Pair>({{{"a", 1}, 0}, {{"a", 2}, 1}, {{"a", 4}, 2}});
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 10, 3)});
  task.watermark(9);
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 10, 7)});
}

TEST_CASE("a trigger may fire when records have moved far enough from that of the last firing") {
  constexpr auto kDistance = [](const Pair& a, const Pair& b) { return std::abs(double(a.second - b.second)); };
  TaskHarness task(on_keys([=](auto keyed) {
    return keyed.window(global_window()).trigger(purging(delta<Pair>(10, kDistance))).sum("sum", &Pair::second);
  }));
  task.push<Pair>({{{"a", 5}, 0}, {{"a", 15}, 1}, {{"a", 16}, 2}, {{"b", 0}, 2}, {{"a", 20}, 3}, {{"a", 5}, 4}});
  CHECK(task.take<Summed>() == Rows<Summed>{global("a", 36, 2), global("a", 25, 4)});
}

TEST_CASE("a purging trigger makes each firing a sum of its own") {
  TaskHarness task(
      on_keys([](auto keyed) { return keyed.window(tumbling(Duration(10))).trigger(purging(time_or_count(2))).sum("sum", &Pair::second); }));
  task.push<Pair>({{{"a", 1}, 0}, {{"a", 2}, 1}, {{"a", 4}, 2}});
  task.watermark(9);
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 10, 3), row("a", 0, 10, 4)});
}

TEST_CASE("early firings come by the clock while there is something new") {
  TaskHarness task(on_keys([](auto keyed) {
    return keyed.window(tumbling(Duration(100)), {.allowed_lateness = Duration(100)})
        .trigger(early_every(Duration(10)).late_after(2))
        .sum("sum", &Pair::second);
  }));
  task.push<Pair>({{{"a", 1}, 0}});
  task.advance(Duration(9));
  CHECK(task.take<Summed>().empty());
  task.advance(Duration(1));
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 100, 1)});
  task.advance(Duration(50));
  CHECK(task.take<Summed>().empty());
  task.push<Pair>({{{"a", 2}, 0}});
  task.watermark(99);
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 100, 3)});
  task.advance(Duration(50));
  task.push<Pair>({{{"a", 4}, 0}});
  CHECK(task.take<Summed>().empty());
  task.push<Pair>({{{"a", 8}, 0}});
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 100, 15)});
}

TEST_CASE("a continuous trigger fires as event time goes on") {
  TaskHarness task(
      on_keys([](auto keyed) { return keyed.window(tumbling(Duration(100))).trigger(continuous(Duration(30))).sum("sum", &Pair::second); }));
  task.push<Pair>({{{"a", 1}, 5}, {{"a", 2}, 40}});
  task.watermark(30);
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 100, 3)});
  task.watermark(59);
  CHECK(task.take<Summed>().empty());
  task.watermark(99);
  CHECK(task.take<Summed>().size() == 3);  // at 60, at 90, and at the end
}

TEST_CASE("a continuous trigger of a global window fires once more when the input ends, and then at its end") {
  constexpr std::int64_t kFar = std::int64_t{1} << 60;
  TaskHarness task(
      on_keys([=](auto keyed) { return keyed.window(global_window()).trigger(continuous(Duration(kFar))).sum("sum", &Pair::second); }));
  task.push<Pair>({{{"a", 1}, 5}});
  task.end_of_input();
  CHECK(task.take<Summed>() == Rows<Summed>{global("a", 1, kFar), global("a", 1, kLast)});
}

TEST_CASE("a trigger of one's own has state and timers, which survive a restore") {
  const auto make = on_keys([](auto keyed) { return keyed.window(tumbling(Duration(100))).trigger(OnNegative{}).sum("sum", &Pair::second); });
  TaskHarness before(make);
  before.push<Pair>({{{"a", 1}, 0}, {{"a", -1}, 1}});
  CHECK(before.take<Summed>() == Rows<Summed>{row("a", 0, 100, 0)});
  const Snapshot stored = before.snapshot();

  TaskHarness after(make, {}, {&stored});
  after.push<Pair>({{{"a", 7}, 2}});
  after.watermark(6);
  CHECK(after.take<Summed>() == Rows<Summed>{row("a", 0, 100, 7)});
  after.push<Pair>({{{"a", -2}, 30}});
  CHECK(after.take<Summed>() == Rows<Summed>{row("a", 0, 100, 5)});
  after.watermark(99);
  CHECK(after.take<Summed>().empty());  // purged
}

TEST_CASE("an event-time window may fire by the clock") {
  TaskHarness task(
      on_keys([](auto keyed) { return keyed.window(tumbling(Duration(10))).trigger(at_processing_time()).sum("sum", &Pair::second); }));
  task.push<Pair>({{{"a", 1}, 0}});
  task.advance(Duration(9));
  CHECK(task.take<Summed>().empty());
  task.advance(Duration(1));
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 10, 1)});
}

// --- processing time ---

TEST_CASE("a processing-time window takes records by the clock and needs no event time") {
  TaskHarness task(on_keys([](auto keyed) { return keyed.window(tumbling_processing(Duration(10))).sum("sum", &Pair::second); }),
                   {.now_ms = 1005});
  task.push<Pair>({{{"a", 1}, kFirst}, {{"a", 2}, kFirst}});
  task.advance(Duration(4));
  CHECK(task.take<Summed>().empty());
  task.advance(Duration(1));
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 1000, 1010, 3)});
  task.push<Pair>({{{"a", 4}, kFirst}});
  task.end_of_input();
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 1010, 1020, 4)});
}

TEST_CASE("processing-time sessions end a gap of silence later") {
  TaskHarness task(on_keys([](auto keyed) { return keyed.window(session_processing(Duration(10))).sum("sum", &Pair::second); }));
  task.push<Pair>({{{"a", 1}, 0}});
  task.advance(Duration(6));
  task.push<Pair>({{{"a", 2}, 0}});
  task.advance(Duration(9));
  CHECK(task.take<Summed>().empty());
  task.advance(Duration(1));
  CHECK(task.take<Summed>() == Rows<Summed>{row("a", 0, 16, 3)});
  CHECK(task.snapshot().summary() == "fired: 1 shared items");
}

TEST_CASE("a restored processing-time window fires when its time has come") {
  const auto make = on_keys([](auto keyed) { return keyed.window(sliding_processing(Duration(10), Duration(5))).sum("sum", &Pair::second); });
  TaskHarness before(make, {.now_ms = 7});
  before.push<Pair>({{{"a", 1}, 0}});
  const Snapshot stored = before.snapshot();
  TaskHarness after(make, {.now_ms = 12}, {&stored});
  after.advance(Duration(0));
  CHECK(after.take<Summed>() == Rows<Summed>{row("a", 0, 10, 1)});
  after.advance(Duration(3));
  CHECK(after.take<Summed>() == Rows<Summed>{row("a", 5, 15, 1)});
}

// --- evictors and functions ---

TEST_CASE("an evictor drops records before the function, or behind it") {
  const auto build = [](auto evictor) {
    return on_keys([=](auto keyed) {
      return keyed.window(tumbling(Duration(10))).trigger(after_count(2)).evict(evictor).sum("sum", &Pair::second);
    });
  };
  const Rows<Pair> records{{{"a", 1}, 0}, {{"a", 2}, 1}, {{"a", 4}, 8}, {{"a", 8}, 9}};
  TaskHarness before(build(keep_last(1)));
  before.push(records);
  CHECK(before.take<Summed>() == Rows<Summed>{row("a", 0, 10, 2), row("a", 0, 10, 8)});

  TaskHarness behind(build(evict_after(keep_last(1))));
  behind.push(records);
  CHECK(behind.take<Summed>() == Rows<Summed>{row("a", 0, 10, 3), row("a", 0, 10, 14)});

  TaskHarness recent(build(keep_recent(Duration(2))));
  recent.push(records);
  CHECK(recent.take<Summed>() == Rows<Summed>{row("a", 0, 10, 3), row("a", 0, 10, 12)});

  TaskHarness as_old(build(keep_recent(Duration(1))));
  as_old.push(records);
  CHECK(as_old.take<Summed>() == Rows<Summed>{row("a", 0, 10, 2), row("a", 0, 10, 8)});

  constexpr auto kDistance = [](const Pair& a, const Pair& b) { return std::abs(double(a.second - b.second)); };
  TaskHarness as_far(build(keep_near(4, kDistance)));
  as_far.push(records);
  CHECK(as_far.take<Summed>() == Rows<Summed>{row("a", 0, 10, 3), row("a", 0, 10, 8)});

  TaskHarness near(build(keep_near(5, kDistance)));
  near.push(records);
  CHECK(near.take<Summed>() == Rows<Summed>{row("a", 0, 10, 3), row("a", 0, 10, 12)});
}

TEST_CASE("a window function sees the window and keeps state of the window and of the key") {
  const auto make = on_keys([](auto keyed) {
    return keyed.window(tumbling(Duration(10)), {.allowed_lateness = Duration(100)})
        .template process<std::string, std::int64_t, std::int64_t>("report", [](auto& window, auto&& out) {
          ++window.window_state;
          window.key_state += 10;
          out(window.key + " " + std::to_string(window.window.start.ms) + ": " + std::to_string(window.elements.size()) + " records, firing " +
              std::to_string(window.window_state) + ", key " + std::to_string(window.key_state) + ", watermark " +
              std::to_string(window.watermark.ms));
        });
  });
  TaskHarness before(make);
  before.push<Pair>({{{"a", 1}, 0}, {{"a", 1}, 1}, {{"a", 1}, 10}});
  before.watermark(9);
  CHECK(before.take<std::string>() == rows<std::string>({{"a 0: 2 records, firing 1, key 10, watermark 9", 9}}));
  const Snapshot stored = before.snapshot();

  TaskHarness after(make, {}, {&stored});
  after.push<Pair>({{{"a", 1}, 2}});
  CHECK(after.take<std::string>() == rows<std::string>({{"a 0: 3 records, firing 2, key 20, watermark 9", 9}}));
  after.watermark(19);
  CHECK(after.take<std::string>() == rows<std::string>({{"a 10: 1 records, firing 1, key 30, watermark 19", 19}}));
  after.watermark(150);
  CHECK(after.snapshot().summary() == "fired: 1 shared items, key: 1 entries");
}

TEST_CASE("a struct has side outputs in windows, and is told when one goes") {
  const auto make = [](auto part) {
    return on_keys([=](auto keyed) { return part(keyed.window(tumbling(Duration(10)), {.allowed_lateness = Duration(5)}).process("watched", Watched{})); });
  };
  TaskHarness task(make([](auto watched) { return watched; }));
  task.push<Pair>({{{"a", 1}, 0}, {{"a", 2}, 10}});
  task.watermark(9);
  task.push<Pair>({{{"a", 4}, 1}});
  CHECK(task.take<std::int64_t>() == rows<std::int64_t>({{1, 9}, {5, 9}}));
  task.watermark(14);  // the first window goes: it fired twice
  task.watermark(19);
  CHECK(task.take<std::int64_t>() == rows<std::int64_t>({{2002, 19}}));
  CHECK(task.snapshot().summary() == "fired: 1 shared items, key: 1 entries, panes: 1 entries");

  TaskHarness aside(make([](auto watched) { return watched.side(&Watched::complaints); }), {.ports = 3});
  aside.push<Pair>({{{"a", -1}, 0}, {{"b", 1}, 0}});
  aside.watermark(14);
  CHECK(aside.take<std::int64_t>() == rows<std::int64_t>({{-1, 9}, {1, 9}}));
  CHECK(aside.take<std::string>(2) == rows<std::string>({{"a is below zero", 9}}));

  TaskHarness late(make([](auto watched) { return watched.late; }), {.ports = 2});
  late.watermark(14);
  late.push<Pair>({{{"a", 1}, 0}});
  CHECK(late.take<Pair>(1) == rows<Pair>({{{"a", 1}, 0}}));
}

TEST_CASE("what a window keeps costs a checkpoint the new records, not all") {
  TaskHarness task(on_keys([](auto keyed) {
    return keyed.window(tumbling(Duration(1'000'000))).template process<std::int64_t>("n", [](auto& window, auto&& out) {
      out(static_cast<std::int64_t>(window.elements.size()));
    });
  }));
  Rows<Pair> records;
  for (int i = 0; i < 1000; ++i) records.push_back({{"a", i}, i});
  task.push(records);
  CHECK(task.snapshot().summary() == "elements: 15 entries, fired: 1 shared items, panes: 1 entries");
  task.push<Pair>({{{"a", 0}, 1000}});
  CHECK(task.snapshot(SnapshotMode::Delta).summary() == "fired: 1 shared items, panes: 1 entries");
  task.end_of_input();
  CHECK(task.take<std::int64_t>() == rows<std::int64_t>({{1001, 999'999}}));
  CHECK(task.snapshot().summary() == "fired: 1 shared items");
}

TEST_CASE("reduce and max_by yield records of the stream") {
  TaskHarness reduced(on_keys([](auto keyed) {
    return keyed.window(tumbling(Duration(10))).reduce("sum", [](const Pair& a, const Pair& b) { return Pair(a.first, a.second + b.second); });
  }));
  reduced.push<Pair>({{{"a", 1}, 0}, {{"a", 2}, 1}});
  reduced.end_of_input();
  CHECK(reduced.take<Pair>() == rows<Pair>({{{"a", 3}, 9}}));

  TaskHarness greatest(operator_of<Pair>([](auto pairs) { return pairs.window_all(tumbling(Duration(10))).max_by("max", &Pair::second); }));
  greatest.push<Pair>({{{"a", 1}, 0}, {{"b", 5}, 1}, {{"c", 5}, 2}});
  greatest.end_of_input();
  CHECK(greatest.take<Pair>() == rows<Pair>({{{"b", 5}, 9}}));
}

TEST_CASE("sizes, gaps and numbers that make no sense are refused when the pipeline is built") {
  const auto refused = [](const auto& windows, const std::string& fault) {
    CHECK_THROWS_WITH_AS(on_keys([&](auto keyed) { return keyed.window(windows).count("n"); }), ("aggregate 'n': " + fault).c_str(), Failure);
    CHECK_THROWS_WITH_AS(on_keys([&](auto keyed) {
                           return keyed.window(windows).template process<Pair>("p", [](auto&, auto&&) {});
                         }), ("process 'p': " + fault).c_str(), Failure);
  };
  refused(tumbling(Duration(0)), "tumbling: the size must be positive: 0ms");
  refused(tumbling_processing(Duration(0)), "tumbling_processing: the size must be positive: 0ms");
  refused(sliding(Duration(5), Duration(-1)), "sliding: the slide must be positive: -1ms");
  refused(tumbling(Duration::max()), "tumbling: the size is too long: 9223372036854775807ms");
  refused(session(Duration(0)), "session: the gap must be positive: 0ms");
  refused(count_window(0), "count_window: the size must be positive: 0");
  refused(count_window(3, 0), "count_window: the slide must be positive: 0");
  CHECK_THROWS_WITH_AS(after_count(0), "after_count: what is given must be positive: 0", Failure);
  CHECK_THROWS_WITH_AS(on_keys([](auto keyed) { return keyed.window(tumbling(Duration(1)), {.allowed_lateness = Duration(-1)}).count("n"); }),
                       "window: the allowed lateness must not be negative: -1ms", Failure);
}
