#include <weir/operators/broadcast.hpp>

#include <doctest/doctest.h>

#include "support/task_group.hpp"

namespace weir::testing {
namespace {

using Payment = std::pair<std::string, double>;
using Limit = std::pair<std::string, std::optional<double>>;  // empty: no limit any more

/// Counts, per card, the payments above the limit of the rule that has the card's first letter.
struct Check {
  using Out = std::pair<std::string, std::int64_t>;
  Value<std::int64_t> count;
  BroadcastMap<std::string, double> limits;
  void open(KeyedState& state, BroadcastState& shared) {
    count = state.value<std::int64_t>("count");
    limits = shared.map<std::string, double>("limits");
  }
  void process(const Payment& payment, auto& context) {
    const double* limit = limits.find(payment.first.substr(0, 1));
    if (limit != nullptr && payment.second > *limit) context.emit({context.key(), ++count.edit()});
  }
  void process_broadcast(const Limit& limit, auto& context) {
    if (limit.second) context.put(limits, limit.first, *limit.second);
    else context.erase(limits, limit.first);
  }
};

OperatorFactory check() {
  return operator_of<Payment, Limit>([](auto payments, auto limits) {
    return payments.key_by(&Payment::first).connect(limits.broadcast()).process("check", Check{});
  });
}

HarnessOptions two_inputs() { return {.channels = {{0}, {1, InputChannel::Kind::Copies}}}; }

TEST_CASE("records are processed by the rules broadcast so far") {
  TaskHarness task(check(), two_inputs());
  task.push<Payment>({{{"a1", 10}, 1}}, 0);
  task.push<Limit>({{{"a", 5.0}, 2}}, 1);
  task.push<Payment>({{{"a1", 10}, 3}, {{"a1", 4}, 4}, {{"b1", 10}, 5}, {{"a1", 10}, 6}}, 0);
  CHECK(task.take<Check::Out>() == rows<Check::Out>({{{"a1", 1}, 3}, {{"a1", 2}, 6}}));
  task.push<Limit>({{{"a", std::nullopt}, 7}}, 1);
  task.push<Payment>({{{"a1", 10}, 8}}, 0);
  CHECK(task.take<Check::Out>().empty());
}

TEST_CASE("a checkpoint holds broadcast state once, and every task gets it at another parallelism") {
  TaskGroup group(check(), 3, two_inputs());
  for (const char* letter : {"a", "b", "c"}) group.push_to_all<Limit>({letter, 5.0}, 1, 1);
  group.push_to_all<Limit>({"b", std::nullopt}, 2, 1);
  group.checkpoint(SnapshotMode::Full);
  CHECK(group.stored_rows() == 2);
  group.restore(4);
  for (int i = 0; i < 40; ++i) {
    for (const char* letter : {"a", "b", "c"}) group.push<Payment>({letter + std::to_string(i), 6}, 3, &Payment::first);
  }
  CHECK(group.take<Check::Out>().size() == 80);
}

TEST_CASE("broadcast and keyed state come through checkpoints and restores at other parallelisms") {
  const auto run = [](std::optional<std::uint32_t> seed) {
    return play<Check::Out>(check(), 200, two_inputs(), seed, [](TaskGroup& group, std::size_t i) {
      const auto at = static_cast<std::int64_t>(i);
      const std::string letter(1, static_cast<char>('a' + i * 5 % 7 % 4));
      if (i % 6 == 0) group.push_to_all<Limit>({letter, i % 4 == 0 ? std::nullopt : std::optional<double>(at % 10)}, at, 1);
      else group.push<Payment>({letter + std::to_string(i % 3), at * 7 % 13}, at, &Payment::first);
    });
  };
  const auto expected = run(std::nullopt);
  CHECK(expected.size() > 30);
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    INFO("seed ", seed);
    CHECK(run(seed) == expected);
  }
}

/// Without keys.
struct Shift {
  using Out = std::int64_t;
  BroadcastMap<int, std::int64_t> by;
  void open(TaskState&, BroadcastState& shared) { by = shared.map<int, std::int64_t>("by"); }
  void process(const std::int64_t& number, auto& context) { context.emit(number + (by.empty() ? 0 : *by.find(0))); }
  void process_broadcast(const int& value, auto& context) { context.put(by, 0, value); }
};

TEST_CASE("a function without keys reads broadcast state too") {
  TaskHarness task(operator_of<std::int64_t, int>([](auto numbers, auto shifts) {
    return numbers.connect(shifts.broadcast()).process("shift", Shift{});
  }), two_inputs());
  task.push<std::int64_t>({{1, 1}}, 0);
  task.push<int>({{10, 2}}, 1);
  task.push<std::int64_t>({{1, 3}}, 0);
  CHECK(task.take<std::int64_t>() == rows<std::int64_t>({{1, 1}, {11, 3}}));
}

struct Greedy {
  using Out = int;
  Value<int> value;
  void open(KeyedState& state, BroadcastState&) { value = state.value<int>("value"); }
  void process(const Payment&, auto&) {}
  void process_broadcast(const int&, auto&) { value.set(1); }
};

TEST_CASE("there is no key where broadcast records are processed") {
  TaskHarness task(operator_of<Payment, int>([](auto payments, auto numbers) {
    return payments.key_by(&Payment::first).connect(numbers.broadcast()).process("greedy", Greedy{});
  }), two_inputs());
  task.push<Payment>({{{"a", 1}, 1}}, 0);
  CHECK_THROWS_AS(task.push<int>({{1, 1}}, 1), Failure);
}

}  // namespace
}  // namespace weir::testing
