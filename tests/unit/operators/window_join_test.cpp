// Joins and co-groups of two streams, window by window.
#include <doctest/doctest.h>

#include <memory>
#include <set>

#include "support/operator_driver.hpp"
#include "support/task_harness.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

using Left = std::pair<std::string, std::int64_t>;
using Right = std::pair<std::string, double>;
using Joined = std::tuple<std::optional<std::int64_t>, std::optional<double>>;

constexpr auto both = [](const Left* left, const Right* right) {
  return Joined(left ? std::optional(left->second) : std::nullopt, right ? std::optional(right->second) : std::nullopt);
};

template <class Assigner>
OperatorFactory join(JoinKind kind, Assigner assigner, Duration lateness = Duration(0)) {
  return operator_of<Left, Right>([=](auto left, auto right) {
    return left.key_by(&Left::first).window_join("join", right.key_by(&Right::first), assigner, kind, both, {.allowed_lateness = lateness});
  });
}

constexpr HarnessOptions kTwoInputs{.inputs = 2, .ports = 3};

Rows<Joined> joined_by(JoinKind kind) {
  TaskHarness task(join(kind, tumbling(Duration(10))), kTwoInputs);
  task.push<Left>({{{"a", 1}, 0}, {{"a", 2}, 9}, {{"b", 3}, 5}, {{"a", 4}, 10}}, 0);
  task.push<Right>({{{"a", 0.5}, 3}, {{"a", 1.5}, 19}, {{"c", 2.5}, 7}}, 1);
  task.end_of_input();
  return sorted(task.take<Joined>());
}

}  // namespace

TEST_CASE("an inner window join yields the pairs of a key and window") {
  CHECK(joined_by(JoinKind::Inner) == sorted(rows<Joined>({{{1, 0.5}, 9}, {{2, 0.5}, 9}, {{4, 1.5}, 19}})));
}

TEST_CASE("an outer window join also yields those without a partner") {
  const auto none = std::nullopt;
  CHECK(joined_by(JoinKind::Left) == sorted(rows<Joined>({{{1, 0.5}, 9}, {{2, 0.5}, 9}, {{3, none}, 9}, {{4, 1.5}, 19}})));
  CHECK(joined_by(JoinKind::Right) == sorted(rows<Joined>({{{1, 0.5}, 9}, {{2, 0.5}, 9}, {{none, 2.5}, 9}, {{4, 1.5}, 19}})));
  CHECK(joined_by(JoinKind::Full) ==
        sorted(rows<Joined>({{{1, 0.5}, 9}, {{2, 0.5}, 9}, {{3, none}, 9}, {{none, 2.5}, 9}, {{4, 1.5}, 19}})));
}

TEST_CASE("windows that make no sense are refused by the join that has them") {
  CHECK_THROWS_WITH_AS(join(JoinKind::Inner, tumbling(Duration(0))), "window_join 'join': tumbling: the size must be positive: 0ms", Failure);
  CHECK_THROWS_WITH_AS(join(JoinKind::Inner, session(Duration(-1))), "window_join 'join': session: the gap must be positive: -1ms", Failure);
}

TEST_CASE("a pair in two sliding windows is joined in each") {
  TaskHarness task(join(JoinKind::Inner, sliding(Duration(10), Duration(5))), kTwoInputs);
  task.push<Left>({{{"a", 1}, 6}}, 0);
  task.push<Right>({{{"a", 0.5}, 8}}, 1);
  task.end_of_input();
  CHECK(task.take<Joined>() == rows<Joined>({{{1, 0.5}, 9}, {{1, 0.5}, 14}}));
}

TEST_CASE("records of both sides make a session") {
  TaskHarness task(join(JoinKind::Inner, session(Duration(10))), kTwoInputs);
  task.push<Left>({{{"a", 1}, 0}, {{"a", 2}, 16}}, 0);
  task.push<Right>({{{"a", 0.5}, 8}}, 1);
  task.end_of_input();
  CHECK(task.take<Joined>() == rows<Joined>({{{1, 0.5}, 25}, {{2, 0.5}, 25}}));
}

TEST_CASE("late records of a window join go to their side") {
  TaskHarness task(join(JoinKind::Inner, tumbling(Duration(10)), Duration(5)), kTwoInputs);
  task.push<Left>({{{"a", 1}, 0}}, 0);
  task.watermark(9);
  task.push<Right>({{{"a", 0.5}, 0}}, 1);
  CHECK(task.take<Joined>() == rows<Joined>({{{1, 0.5}, 9}}));
  task.watermark(14);
  task.push<Left>({{{"a", 2}, 1}}, 0);
  task.push<Right>({{{"a", 1.5}, 2}}, 1);
  CHECK(task.take<Left>(1) == rows<Left>({{{"a", 2}, 1}}));
  CHECK(task.take<Right>(2) == rows<Right>({{{"a", 1.5}, 2}}));
}

TEST_CASE("a window of very many pairs yields them in steps") {
  const auto make = join(JoinKind::Inner, tumbling(Duration(10)));
  HarnessOptions options = kTwoInputs;
  options.credit = 2;
  options.batch_records = 64;
  TaskHarness task(make, options);
  Rows<Left> lefts;
  Rows<Right> rights;
  for (int i = 0; i < 300; ++i) {
    lefts.push_back({{"a", i}, 0});
    rights.push_back({{"a", i}, 0});
  }
  task.push(lefts, 0);
  task.push(rights, 1);
  task.watermark(9);
  std::size_t taken = task.take<Joined>().size();
  CHECK(taken <= 1024);
  for (int grants = 0; grants < 100'000 && task.watermark_of() < EventTime{9}; ++grants) {
    task.grant(1);
    const std::size_t more = task.take<Joined>().size();
    REQUIRE(more <= 1024);
    taken += more;
  }
  CHECK(taken == 300 * 300);
  CHECK(task.snapshot().summary() == "fired: 1 shared items");
}

TEST_CASE("a window join interrupted between two pairs yields each pair once") {
  const auto make = join(JoinKind::Inner, tumbling(Duration(10)));
  auto driver = std::make_unique<OperatorDriver>(make, DriverOptions{});
  auto lefts = std::make_unique<Batch<Left>>();
  auto rights = std::make_unique<Batch<Right>>();
  for (int i = 0; i < 100; ++i) {
    lefts->push({"a", i}, {0});
    rights->push({"a", i}, {0});
  }
  driver->process(std::move(lefts), 0);
  driver->process(std::move(rights), 1);
  std::set<Joined> seen;
  std::size_t taken = 0;
  std::size_t interruptions = 0;
  for (bool more = true; more;) {
    more = driver->step_watermark({9}) == Progress::More;
    for (const auto& [pair, time] : driver->take<Joined>(0)) {
      seen.insert(pair);
      ++taken;
    }
    if (!more) break;
    ++interruptions;
    std::vector<TaskSnapshot> stored;
    stored.push_back(driver->snapshot(SnapshotMode::Full));
    driver = std::make_unique<OperatorDriver>(make, DriverOptions{.seed = interruptions, .watermark = {9}}, stored);
  }
  CHECK(interruptions > 3);
  CHECK(taken == 10'000);
  CHECK(seen.size() == 10'000);
}

TEST_CASE("a window join by the clock yields all pairs of a large window, also when it is interrupted") {
  const auto make = join(JoinKind::Inner, tumbling_processing(Duration(10)));
  auto driver = std::make_unique<OperatorDriver>(make, DriverOptions{});
  auto lefts = std::make_unique<Batch<Left>>();
  auto rights = std::make_unique<Batch<Right>>();
  for (int i = 0; i < 100; ++i) {
    lefts->push({"a", i}, {0});
    rights->push({"a", i}, {0});
  }
  driver->process(std::move(lefts), 0);
  driver->process(std::move(rights), 1);
  std::set<Joined> seen;
  std::size_t taken = 0;
  std::size_t interruptions = 0;
  for (bool more = true; more;) {
    more = driver->step_clock(10) == Progress::More;
    for (const auto& [pair, time] : driver->take<Joined>(0)) {
      seen.insert(pair);
      ++taken;
    }
    if (!more) break;
    ++interruptions;
    std::vector<TaskSnapshot> stored;
    stored.push_back(driver->snapshot(SnapshotMode::Full));
    driver = std::make_unique<OperatorDriver>(make, DriverOptions{.seed = interruptions, .now_ms = 10}, stored);
  }
  CHECK(interruptions > 3);
  CHECK(taken == 10'000);
  CHECK(seen.size() == 10'000);
}

TEST_CASE("a window join may fire early, and then yields what it has") {
  TaskHarness task(join(JoinKind::Inner, triggered(tumbling(Duration(10)), early_after(3))), kTwoInputs);
  task.push<Left>({{{"a", 1}, 0}, {{"a", 2}, 1}}, 0);
  CHECK(task.take<Joined>().empty());
  task.push<Right>({{{"a", 0.5}, 2}}, 1);
  CHECK(task.take<Joined>() == rows<Joined>({{{1, 0.5}, 9}, {{2, 0.5}, 9}}));
  task.push<Right>({{{"a", 1.5}, 3}}, 1);
  task.end_of_input();
  CHECK(task.take<Joined>().size() == 4);

  TaskHarness purged(join(JoinKind::Inner, triggered(tumbling(Duration(10)), purging(early_after(3)))), kTwoInputs);
  purged.push<Left>({{{"a", 1}, 0}, {{"a", 2}, 1}}, 0);
  purged.push<Right>({{{"a", 0.5}, 2}}, 1);
  CHECK(purged.take<Joined>().size() == 2);
  purged.push<Right>({{{"a", 1.5}, 3}}, 1);
  purged.end_of_input();
  CHECK(purged.take<Joined>().empty());
}

TEST_CASE("an early firing of a join that is interrupted goes on where it stopped") {
  const auto make = join(JoinKind::Inner, triggered(tumbling(Duration(100)), continuous(Duration(30))));
  auto driver = std::make_unique<OperatorDriver>(make, DriverOptions{});
  auto lefts = std::make_unique<Batch<Left>>();
  auto rights = std::make_unique<Batch<Right>>();
  for (int i = 0; i < 100; ++i) {
    lefts->push({"a", i}, {0});
    rights->push({"a", i}, {0});
  }
  driver->process(std::move(lefts), 0);
  driver->process(std::move(rights), 1);
  std::size_t taken = 0;
  std::size_t interruptions = 0;
  for (const std::int64_t watermark : {30, 59, 60}) {
    while (driver->step_watermark({watermark}) == Progress::More) {
      ++interruptions;
      taken += driver->take<Joined>(0).size();
      std::vector<TaskSnapshot> stored;
      stored.push_back(driver->snapshot(SnapshotMode::Full));
      driver = std::make_unique<OperatorDriver>(make, DriverOptions{.seed = interruptions, .watermark = {watermark}}, stored);
    }
    taken += driver->take<Joined>(0).size();
    CHECK(taken == (watermark == 60 ? 20'000 : 10'000));
  }
  CHECK(interruptions > 3);
}

TEST_CASE("an evictor drops records of either side by themselves before they meet") {
  TaskHarness task(join(JoinKind::Full, evicting(triggered(tumbling(Duration(10)), early_after(4)), keep_last(1))), kTwoInputs);
  task.push<Left>({{{"a", 1}, 0}, {{"a", 2}, 1}}, 0);
  task.push<Right>({{{"a", 0.5}, 2}, {{"a", 1.5}, 3}}, 1);
  CHECK(task.take<Joined>() == rows<Joined>({{{2, 1.5}, 9}}));
  task.push<Left>({{{"a", 3}, 4}}, 0);
  task.end_of_input();
  CHECK(task.take<Joined>() == rows<Joined>({{{3, 1.5}, 9}}));
  CHECK(task.snapshot().summary() == "fired: 1 shared items");

  TaskHarness behind(join(JoinKind::Full, evicting(triggered(tumbling(Duration(10)), early_after(2)), evict_after(keep_last(0)))), kTwoInputs);
  behind.push<Left>({{{"a", 1}, 0}}, 0);
  behind.push<Right>({{{"a", 0.5}, 2}}, 1);
  CHECK(behind.take<Joined>() == rows<Joined>({{{1, 0.5}, 9}}));
  behind.end_of_input();
  CHECK(behind.take<Joined>().empty());
}

TEST_CASE("a window join's state survives a restore") {
  const auto make = join(JoinKind::Full, tumbling(Duration(10)));
  TaskHarness before(make, kTwoInputs);
  Rows<Left> lefts;
  for (int i = 0; i < 100; ++i) lefts.push_back({{"a", i}, 0});
  before.push(lefts, 0);
  const Snapshot stored = before.snapshot();
  TaskHarness after(make, kTwoInputs, {&stored});
  after.push<Right>({{{"a", 0.5}, 3}}, 1);
  after.end_of_input();
  const auto joined = after.take<Joined>();
  REQUIRE(joined.size() == 100);
  CHECK(joined[99] == Timed<Joined>{{99, 0.5}, 9});
}

TEST_CASE("a function that needs both records is refused by an outer join") {
  CHECK_THROWS_AS((operator_of<Left, Right>([](auto left, auto right) {
                    return left.key_by(&Left::first)
                        .window_join("join", right.key_by(&Right::first), tumbling(Duration(10)), JoinKind::Left,
                                     [](const Left& l, const Right&) { return l; });
                  })),
                  Failure);
}

TEST_CASE("a co-group sees both sides of a key and window") {
  using Sizes = std::tuple<std::string, std::int64_t, std::int64_t>;
  TaskHarness task(operator_of<Left, Right>([](auto left, auto right) {
                     return left.key_by(&Left::first)
                         .template co_group<Sizes>("sizes", right.key_by(&Right::first), tumbling(Duration(10)),
                                                   [](const auto& group, auto&& out) {
                                                     out(Sizes(group.key, group.left.size(), group.right.size()));
                                                   });
                   }),
                   kTwoInputs);
  task.push<Left>({{{"a", 1}, 0}, {{"a", 2}, 9}, {{"b", 3}, 5}}, 0);
  task.push<Right>({{{"a", 0.5}, 3}, {{"c", 2.5}, 17}}, 1);
  task.end_of_input();
  CHECK(sorted(task.take<Sizes>()) == rows<Sizes>({{{"a", 2, 1}, 9}, {{"b", 1, 0}, 9}, {{"c", 0, 1}, 19}}));
}
