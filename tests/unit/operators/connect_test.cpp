#include <weir/connectors/collection.hpp>
#include <weir/graph/plan.hpp>
#include <weir/operators/connect.hpp>

#include <doctest/doctest.h>

#include "support/task_group.hpp"

namespace weir::testing {
namespace {

using Order = std::pair<std::string, std::int64_t>;
using Paid = std::tuple<std::string, std::int64_t, double>;
struct Payment {
  std::string order;
  double amount = 0;
};
WEIR_RECORD(Payment, order, amount);

TEST_CASE("two streams are mapped into one") {
  TaskHarness task(operator_of<int, std::string>([](auto numbers, auto texts) {
    return numbers.connect(texts).map([](int n) { return std::to_string(n); }, [](const std::string& text) { return text + "!"; });
  }), {.inputs = 2});
  task.push<int>({{1, 10}, {2, 20}}, 0);
  task.push<std::string>({{"a", 15}}, 1);
  CHECK(task.take<std::string>() == rows<std::string>({{"1", 10}, {"2", 20}, {"a!", 15}}));
}

TEST_CASE("two streams are mapped to any number of records") {
  TaskHarness task(operator_of<int, std::string>([](auto numbers, auto texts) {
    return numbers.connect(texts).template flat_map<char>(
        [](int n, auto&& out) { for (int i = 0; i < n; ++i) out('n'); },
        [](const std::string& text, auto&& out) { for (const char letter : text) out(letter); });
  }), {.inputs = 2});
  task.push<int>({{2, 10}, {0, 20}}, 0);
  task.push<std::string>({{"ab", 15}}, 1);
  CHECK(task.take<char>() == rows<char>({{'n', 10}, {'n', 10}, {'a', 15}, {'b', 15}}));
}

TEST_CASE("two keyed streams are mapped as well, each record in its key's task") {
  Pipeline pipeline("job");
  const auto source = [&](const std::string& name) { return add_node(pipeline.graph(), GraphNode::Kind::Source, "source", {.name = name}, nullptr); };
  const auto orders = Stream<Order>(pipeline.graph(), source("orders"), 0).key_by(&Order::first);
  const auto payments = Stream<Payment>(pipeline.graph(), source("payments"), 0).key_by(&Payment::order);
  const auto both = orders.connect(payments);
  both.map([](const Order& order) { return order.first; }, [](const Payment& payment) { return payment.order; }, {.name = "names"})
      .sink("sink", Blackhole{});
  both.flat_map<double>([](const Order& order, auto&& out) { out(static_cast<double>(order.second)); },
                        [](const Payment& payment, auto&& out) { out(payment.amount); }, {.name = "amounts"})
      .sink("other", Blackhole{});
  const std::string plan = Plan::make(pipeline.graph(), {.parallelism = 2}).to_text();
  CHECK(plan.find(". names -> sink  (key)") != std::string::npos);
  CHECK(plan.find(". amounts -> other  (key)") != std::string::npos);
}

struct Gate {
  using Out = int;
  TaskList<std::int64_t> limit;
  void open(TaskState& state) { limit = state.list<std::int64_t>("limit"); }
  void on_first(const int& number, auto& context) {
    if (limit->empty() || number < limit->front()) context.emit(number);
  }
  void on_second(const std::int64_t& value, auto&) { *limit = {value}; }
};

TEST_CASE("a function of two streams without keys shares its lists between them") {
  TaskHarness task(operator_of<int, std::int64_t>([](auto numbers, auto limits) {
    return numbers.connect(limits).process("gate", Gate{});
  }), {.inputs = 2});
  task.push<int>({{100, 1}}, 0);
  task.push<std::int64_t>({{50, 2}}, 1);
  task.push<int>({{100, 3}, {49, 4}}, 0);
  CHECK(task.take<int>() == rows<int>({{100, 1}, {49, 4}}));
}

/// Pairs an order with its payment, whichever comes first; gives the order up after ten milliseconds.
struct Match {
  using Out = Paid;
  Value<std::int64_t> order;
  Value<double> payment;
  SideOutput<std::string> unpaid;

  void open(KeyedState& state) {
    order = state.value<std::int64_t>("order");
    payment = state.value<double>("payment");
  }
  void on_first(const Order& o, auto& context) {
    order.set(o.second);
    answer(context);
    context.timers().at(context.time() + Duration(10));
  }
  void on_second(const Payment& p, auto& context) {
    payment.set(p.amount);
    answer(context);
  }
  void on_timer(const Timer&, auto& context) {
    if (order && !payment) context.emit(unpaid, context.key());
  }
  void answer(auto& context) {
    if (order && payment) context.emit({context.key(), *order, *payment});
  }
};

OperatorFactory match() {
  return operator_of<Order, Payment>([](auto orders, auto payments) {
    return orders.key_by(&Order::first).connect(payments.key_by(&Payment::order)).process("match", Match{}).side(&Match::unpaid);
  });
}

TEST_CASE("two keyed streams share state and timers") {
  TaskHarness task(match(), {.inputs = 2, .ports = 2});
  task.push<Order>({{{"a", 1}, 10}, {{"b", 2}, 11}}, 0);
  task.push<Payment>({{{"a", 9.5}, 12}, {{"c", 1.5}, 13}}, 1);
  task.push<Order>({{{"c", 3}, 14}}, 0);
  CHECK(task.take<Paid>() == rows<Paid>({{{"a", 1, 9.5}, 12}, {{"c", 3, 1.5}, 14}}));
  task.watermark_on(0, 50);
  CHECK(task.take<std::string>(1).empty());
  task.watermark_on(1, 21);
  CHECK(task.take<std::string>(1) == rows<std::string>({{"b", 21}}));
}

TEST_CASE("a function of two keyed streams gives the same results through checkpoints and restores at other parallelisms") {
  const auto run = [](std::optional<std::uint32_t> seed) {
    return play<Paid>(match(), 200, {.inputs = 2, .ports = 2}, seed, [](TaskGroup& group, std::size_t i) {
      const auto at = static_cast<std::int64_t>(i);
      const std::string key = "key" + std::to_string(i * 11 % 23);
      if (i % 3 != 0) group.push<Order>({key, at}, at, &Order::first, 0);
      else group.push<Payment>({key, at / 2.0}, at, &Payment::order, 1);
      if (i % 5 == 0) group.watermark(at);
    });
  };
  const auto expected = run(std::nullopt);
  CHECK(expected.size() > 50);
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    INFO("seed ", seed);
    CHECK(run(seed) == expected);
  }
}

}  // namespace
}  // namespace weir::testing
