#include <weir/operators/interval_join.hpp>

#include <doctest/doctest.h>

#include "support/task_group.hpp"

namespace weir::testing {
namespace {

using Left = std::pair<std::string, std::int64_t>;
using Right = std::pair<std::string, double>;

struct Text {
  std::string operator()(const Left* left, const Right* right) const {
    return (left ? left->first + std::to_string(left->second) : "-") + "+" +
           (right ? right->first + std::to_string(static_cast<int>(right->second)) : "-");
  }
};

OperatorFactory join(Interval interval, JoinKind kind) {
  return operator_of<Left, Right>([&](auto left, auto right) {
    return left.key_by(&Left::first).interval_join("join", right.key_by(&Right::first), interval, kind, Text{});
  });
}

const HarnessOptions kOptions{.inputs = 2, .ports = 3};
constexpr Interval kAround{.lower = Duration(-5), .upper = Duration(10)};

TEST_CASE("records of a key match when their times are within the interval, ends included") {
  TaskHarness task(join(kAround, JoinKind::Inner), kOptions);
  task.push<Left>({{{"a", 1}, 100}, {{"b", 1}, 100}}, 0);
  task.push<Right>({{{"a", 1}, 94}, {{"a", 2}, 95}, {{"a", 3}, 110}, {{"a", 4}, 111}}, 1);
  CHECK(task.take<std::string>() == rows<std::string>({{"a1+a2", 100}, {"a1+a3", 110}}));
  task.push<Left>({{{"a", 2}, 99}}, 0);
  CHECK(task.take<std::string>() == rows<std::string>({{"a2+a1", 99}, {"a2+a2", 99}}));
}

TEST_CASE("bounds may be exclusive") {
  Interval open = kAround;
  open.lower_bound = open.upper_bound = Bound::Exclusive;
  TaskHarness task(join(open, JoinKind::Inner), kOptions);
  task.push<Left>({{{"a", 1}, 100}}, 0);
  task.push<Right>({{{"a", 1}, 95}, {{"a", 2}, 96}, {{"a", 3}, 109}, {{"a", 4}, 110}}, 1);
  CHECK(task.take<std::string>() == rows<std::string>({{"a1+a2", 100}, {"a1+a3", 109}}));
}

TEST_CASE("a function of two records serves an inner join, and is refused for an outer one") {
  const auto build = [](JoinKind kind) {
    return operator_of<Left, Right>([kind](auto left, auto right) {
      return left.key_by(&Left::first).interval_join("join", right.key_by(&Right::first), kAround, kind,
                                                     [](const Left& l, const Right& r) { return double(l.second) + r.second; });
    });
  };
  TaskHarness task(build(JoinKind::Inner), kOptions);
  task.push<Left>({{{"a", 1}, 100}}, 0);
  task.push<Right>({{{"a", 0.5}, 100}}, 1);
  CHECK(task.take<double>() == rows<double>({{1.5, 100}}));
  CHECK_THROWS_WITH_AS(build(JoinKind::Left),
                       "interval_join: an outer join has records without a partner; its function must take (const Left*, const Right*)",
                       Failure);
}

TEST_CASE("an interval that ends before it begins is refused") {
  CHECK_THROWS_AS(join({.lower = Duration(1), .upper = Duration(0)}, JoinKind::Inner), Failure);
}

TEST_CASE("an outer join yields a record without a partner when none can come any more") {
  TaskHarness task(join(kAround, JoinKind::Full), kOptions);
  task.push<Left>({{{"a", 1}, 100}, {{"a", 2}, 200}}, 0);
  task.push<Right>({{{"a", 1}, 103}, {{"a", 2}, 150}}, 1);
  CHECK(task.take<std::string>() == rows<std::string>({{"a1+a1", 103}}));
  task.watermark(154);
  CHECK(task.take<std::string>().empty());
  task.watermark(155);
  CHECK(task.take_log<std::string>() == std::vector<std::string>{"-+a2@155", "watermark 155"});
  task.end_of_input();
  CHECK(task.take_log<std::string>() == std::vector<std::string>{"a2+-@210", "watermark end", "end"});
}

TEST_CASE("left and right joins keep their own side only") {
  for (const JoinKind kind : {JoinKind::Left, JoinKind::Right}) {
    TaskHarness task(join(kAround, kind), kOptions);
    task.push<Left>({{{"a", 1}, 100}}, 0);
    task.push<Right>({{{"b", 1}, 100}}, 1);
    task.end_of_input();
    CHECK(task.take<std::string>() == (kind == JoinKind::Left ? rows<std::string>({{"a1+-", 110}}) : rows<std::string>({{"-+b1", 105}})));
  }
}

TEST_CASE("results are never late") {
  // The partners of a left record lie before it: it is alone as soon as it comes, and not before its own time.
  TaskHarness task(join({.lower = Duration(-20), .upper = Duration(-10)}, JoinKind::Left), kOptions);
  task.watermark(95);
  task.push<Left>({{{"a", 1}, 100}, {{"a", 2}, 120}}, 0);
  CHECK(task.take<std::string>() == rows<std::string>({{"a1+-", 100}}));
  task.watermark(110);
  CHECK(task.take<std::string>() == rows<std::string>({{"a2+-", 120}}));
}

TEST_CASE("records at or before the watermark are late and go to the side") {
  TaskHarness task(join(kAround, JoinKind::Full), kOptions);
  task.watermark(100);
  task.push<Left>({{{"a", 1}, 100}, {{"a", 2}, 101}}, 0);
  task.push<Right>({{{"a", 1}, 99}}, 1);
  CHECK(task.take<Left>(1) == rows<Left>({{{"a", 1}, 100}}));
  CHECK(task.take<Right>(2) == rows<Right>({{{"a", 1}, 99}}));
  task.end_of_input();
  CHECK(task.take<std::string>() == rows<std::string>({{"a2+-", 111}}));
}

TEST_CASE("records leave the state when they can match no more") {
  TaskHarness task(join(kAround, JoinKind::Inner), kOptions);
  task.push<Left>({{{"a", 1}, 100}, {{"a", 2}, 101}}, 0);
  task.push<Right>({{{"a", 1}, 100}}, 1);
  CHECK(task.snapshot().summary() == "left: 2 entries, right: 1 entries");
  task.watermark(105);
  CHECK(task.snapshot().summary() == "left: 2 entries");
  task.watermark(110);
  CHECK(task.snapshot().summary() == "left: 1 entries");
  task.watermark(111);
  CHECK(task.snapshot().rows() == 0);
}

TEST_CASE("records without an event time are refused with advice") {
  TaskHarness task(join(kAround, JoinKind::Inner), kOptions);
  CHECK_THROWS_WITH_AS(task.push<Left>({{{"a", 1}, EventTime::min().ms}}, 0),
                       "interval_join: a record has no event time; give it one with .event_time(...) before", Failure);
}

/// All pairs, by definition.
Rows<std::string> by_definition(const Rows<Left>& left, const Rows<Right>& right, const Interval& interval, JoinKind kind) {
  Rows<std::string> all;
  const Text text;
  std::vector<bool> right_matched(right.size());
  for (const auto& l : left) {
    bool matched = false;
    for (std::size_t i = 0; i < right.size(); ++i) {
      const auto& r = right[i];
      const auto apart = Duration(r.at - l.at);
      if (l.record.first != r.record.first || apart < interval.lower || apart > interval.upper) continue;
      matched = right_matched[i] = true;
      all.push_back({text(&l.record, &r.record), std::max(l.at, r.at)});
    }
    if (!matched && keeps_left(kind)) all.push_back({text(&l.record, nullptr), std::max(l.at, l.at + interval.upper.count())});
  }
  for (std::size_t i = 0; i < right.size(); ++i) {
    if (!right_matched[i] && keeps_right(kind)) {
      all.push_back({text(nullptr, &right[i].record), std::max(right[i].at, right[i].at - interval.lower.count())});
    }
  }
  return sorted(all);
}

TEST_CASE("every join gives what its definition says, through checkpoints and restores at other parallelisms") {
  const Interval intervals[] = {kAround, {Duration(0), Duration(0)}, {Duration(3), Duration(12)}, {Duration(-12), Duration(-3)}};
  std::uint32_t seed = 0;
  for (const Interval& interval : intervals) {
    for (const JoinKind kind : {JoinKind::Inner, JoinKind::Left, JoinKind::Right, JoinKind::Full}) {
      ++seed;
      INFO("seed ", seed);
      std::mt19937 random(seed);
      Rows<Left> left;
      Rows<Right> right;
      std::int64_t watermark = 0;
      const auto run = [&](std::optional<std::uint32_t> restores) {
        left.clear();
        right.clear();
        random.seed(seed);
        watermark = 0;
        return play<std::string>(join(interval, kind), 150, kOptions, restores, [&](TaskGroup& group, std::size_t i) {
          const std::string key = "k" + std::to_string(random() % 4);
          const auto at = watermark + 1 + static_cast<std::int64_t>(random() % 15);
          if (random() % 2 == 0) {
            left.push_back({{key, static_cast<std::int64_t>(i)}, at});
            group.push<Left>(left.back().record, at, &Left::first, 0);
          } else {
            right.push_back({{key, static_cast<double>(i)}, at});
            group.push<Right>(right.back().record, at, &Right::first, 1);
          }
          if (random() % 4 == 0) group.watermark(watermark += static_cast<std::int64_t>(random() % 6));
        });
      };
      const auto straight = run(std::nullopt);
      const auto expected = by_definition(left, right, interval, kind);
      CHECK(expected.size() >= 5);
      CHECK(straight == expected);
      CHECK(run(seed) == expected);
    }
  }
}

}  // namespace
}  // namespace weir::testing
