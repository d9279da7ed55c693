// Sliding event-time windows with an aggregate.
#include <doctest/doctest.h>

#include "support/task_harness.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

using Pair = std::pair<std::string, std::int64_t>;
using Greatest = WindowResult<std::string, std::int64_t>;

OperatorFactory greatest(Duration size, Duration slide, Duration lateness = Duration(0)) {
  return operator_of<Pair>([=](auto pairs) {
    return pairs.key_by(&Pair::first).window(sliding(size, slide), {.allowed_lateness = lateness}).max("max", &Pair::second);
  });
}

Timed<Greatest> row(std::string key, std::int64_t start, std::int64_t end, std::int64_t value) {
  return {{std::move(key), {start}, {end}, value}, end - 1};
}

}  // namespace

TEST_CASE("a record is in every sliding window around it") {
  TaskHarness task(greatest(Duration(10), Duration(5)));
  task.push<Pair>({{{"a", 3}, 5}, {{"a", 1}, 9}, {{"a", 2}, 10}});
  task.end_of_input();
  CHECK(task.take<Greatest>() == Rows<Greatest>{row("a", 0, 10, 3), row("a", 5, 15, 3), row("a", 10, 20, 2)});
}

TEST_CASE("a size that is no multiple of the slide works as well") {
  TaskHarness task(greatest(Duration(5), Duration(2)));
  task.push<Pair>({{{"a", 1}, 4}});
  task.end_of_input();
  CHECK(task.take<Greatest>() == Rows<Greatest>{row("a", 0, 5, 1), row("a", 2, 7, 1), row("a", 4, 9, 1)});
}

TEST_CASE("with a slide longer than the size, records between windows are in none") {
  TaskHarness task(greatest(Duration(2), Duration(10)), {.ports = 2});
  task.push<Pair>({{{"a", 1}, 1}, {{"a", 2}, 2}, {{"a", 3}, 9}, {{"a", 4}, 10}});
  task.end_of_input();
  CHECK(task.take<Greatest>() == Rows<Greatest>{row("a", 0, 2, 1), row("a", 10, 12, 4)});
  CHECK(task.take<Pair>(1).empty());
}

TEST_CASE("a key without records in a sliding window yields nothing") {
  TaskHarness task(greatest(Duration(4), Duration(2)));
  task.push<Pair>({{{"a", 1}, 0}, {{"b", 2}, 2}, {{"a", 3}, 1'000'000'000'000}});
  task.watermark(999'999'999'999);
  CHECK(sorted(task.take<Greatest>()) ==
        Rows<Greatest>{row("a", -2, 2, 1), row("a", 0, 4, 1), row("b", 0, 4, 2), row("b", 2, 6, 2)});
}

TEST_CASE("a record that is late for some sliding windows counts in the others") {
  TaskHarness task(greatest(Duration(10), Duration(5)), {.ports = 2});
  task.push<Pair>({{{"a", 1}, 7}});
  task.watermark(9);
  task.push<Pair>({{{"a", 5}, 6}, {{"a", 9}, 4}});
  CHECK(task.take<Pair>(1) == rows<Pair>({{{"a", 9}, 4}}));
  task.end_of_input();
  CHECK(task.take<Greatest>() == Rows<Greatest>{row("a", 0, 10, 1), row("a", 5, 15, 5)});
}

TEST_CASE("a late record fires every sliding window around it that may still change") {
  TaskHarness task(greatest(Duration(6), Duration(2), Duration(3)));
  task.push<Pair>({{{"a", 1}, 0}, {{"a", 2}, 3}, {{"a", 0}, 5}});
  task.watermark(7);  // [-4,2) [-2,4) [0,6) [2,8) are over; the first one also its lateness
  task.take<Greatest>();
  task.push<Pair>({{{"a", 9}, 1}});
  CHECK(task.take<Greatest>() == Rows<Greatest>{row("a", 0, 6, 9)});
  task.push<Pair>({{{"a", 8}, 3}});
  CHECK(task.take<Greatest>() == Rows<Greatest>{row("a", 0, 6, 9), row("a", 2, 8, 8)});
  task.end_of_input();
  CHECK(task.take<Greatest>() == Rows<Greatest>{row("a", 4, 10, 0)});
}

namespace {

/// A key that counts its copies.
struct CountedKey {
  std::int64_t id = 0;

  inline static std::int64_t alive = 0;
  CountedKey(std::int64_t id = 0) : id(id) { ++alive; }
  CountedKey(const CountedKey& other) : id(other.id) { ++alive; }
  CountedKey& operator=(const CountedKey&) = default;
  ~CountedKey() { --alive; }
  friend auto operator<=>(const CountedKey&, const CountedKey&) = default;
};
WEIR_RECORD(CountedKey, id);

}  // namespace

TEST_CASE("a key that a late record has kept in mind is forgotten with its last slice") {
  using Visit = std::pair<CountedKey, std::int64_t>;
  TaskHarness task(operator_of<Visit>([](auto visits) {
    return visits.key_by(&Visit::first).window(sliding(Duration(10), Duration(5)), {.allowed_lateness = Duration(7)}).max("max", &Visit::second);
  }), {.checkpointed = false});
  std::int64_t alive = 0;
  for (std::int64_t id = 0; id < 1000; ++id) {
    const std::int64_t start = 100 * id;
    task.push<Visit>({{{id, 1}, start}});
    task.watermark(start + 14);  // no window is left that it is in, but its lateness is
    task.push<Visit>({{{id, 2}, start + 1}});
    task.watermark(start + 17);
    task.watermark(start + 30);
    task.take_elements();
    if (id == 10) alive = CountedKey::alive;
  }
  CHECK(CountedKey::alive <= alive);
}

TEST_CASE("an hour sliding by a second holds an entry for eight seconds of a key") {
  TaskHarness task(greatest(std::chrono::hours(1), std::chrono::seconds(1)));
  Rows<Pair> records;
  for (std::int64_t second = 0; second < 800; ++second) records.push_back({{"a", second}, second * 1000});
  task.push(records);
  task.watermark(799'999);
  CHECK(task.take<Greatest>().size() == 800);
  CHECK(task.snapshot().summary() == "fired: 1 shared items, grid: 1 shared items, slices: 100 entries");
  task.push<Pair>({{{"a", 0}, 800'000}});
  CHECK(task.snapshot(SnapshotMode::Delta).summary() == "fired: 1 shared items, grid: 1 shared items, slices: 1 entries");
  task.end_of_input();
  CHECK(task.take<Greatest>().size() == 3600);
  CHECK(task.snapshot().summary().find("slices") == std::string::npos);
}
