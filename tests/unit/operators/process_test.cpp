#include <weir/operators/process.hpp>

#include <doctest/doctest.h>

#include "support/task_group.hpp"

namespace weir::testing {
namespace {

using namespace std::chrono_literals;

struct Payment {
  std::string card;
  double amount = 0;
};
WEIR_RECORD(Payment, card, amount);

struct Alert {
  std::string card;
  friend bool operator==(const Alert&, const Alert&) = default;
};
WEIR_RECORD(Alert, card);

Payment pay(std::string card, double amount) { return {std::move(card), amount}; }

/// Passes on the sum so far; a payment ten times the last one is suspicious.
struct Fraud {
  using Out = std::pair<std::string, double>;
  Value<double> last;
  Value<double> total;
  SideOutput<Alert> suspicious;
  SideOutput<std::string> unread;

  void open(KeyedState& state) {
    last = state.value<double>("last");
    total = state.value<double>("total");
  }
  void process(const Payment& payment, auto& context) {
    if (last && payment.amount > 10 * *last) context.emit(suspicious, {payment.card});
    last.set(payment.amount);
    total.edit() += payment.amount;
    context.emit({context.key(), *total});
    context.emit(unread, payment.card);
  }
};

OperatorFactory fraud() {
  return operator_of<Payment>([](auto payments) {
    auto checked = payments.key_by(&Payment::card).process("fraud", Fraud{});
    return checked.side(&Fraud::suspicious);
  });
}

TEST_CASE("a process function keeps state per key and emits on side outputs") {
  TaskHarness task(fraud(), {.ports = 2});
  task.push<Payment>({{pay("a", 1), 1}, {pay("b", 100), 2}, {pay("a", 11), 3}, {pay("b", 100), 4}});
  CHECK(task.take<Fraud::Out>() == rows<Fraud::Out>({{{"a", 1}, 1}, {{"b", 100}, 2}, {{"a", 12}, 3}, {{"b", 200}, 4}}));
  CHECK(task.take<Alert>(1) == rows<Alert>({{{"a"}, 3}}));
}

TEST_CASE("one side output has one port however often it is asked for") {
  JobGraph graph;
  const NodeId source = add_node(graph, GraphNode::Kind::Source, "source", {}, nullptr);
  const auto checked = Stream<Payment>(graph, source, 0).key_by(&Payment::card).process("fraud", Fraud{});
  CHECK(checked.side(&Fraud::unread).port() == 1);
  CHECK(checked.side(&Fraud::suspicious).port() == 2);
  CHECK(checked.side(&Fraud::unread).port() == 1);
}

TEST_CASE("a stateful operation without a name is refused") {
  CHECK_THROWS_WITH_AS(operator_of<Payment>([](auto payments) { return payments.key_by(&Payment::card).process("", Fraud{}); }),
                       "process: the operator has state and no name; name it: .process(\"name\", ...)", Failure);
}

/// Answers each text with what happened to it, and sets the timers that it names.
struct Reminder {
  using Out = std::string;
  void process(const std::pair<std::string, std::int64_t>& order, auto& context) {
    context.timers().at(EventTime{order.second});
  }
  void on_timer(const Timer& timer, auto& context) {
    context.emit(context.key() + "@" + std::to_string(timer.ms) + "/" + std::to_string(context.watermark().ms));
  }
};
using Order = std::pair<std::string, std::int64_t>;

template <class F>
OperatorFactory per_name(F function) {
  return operator_of<Order>([&](auto orders) { return orders.key_by(&Order::first).process("f", function); });
}

TEST_CASE("event-time timers fire once per key and time, in order of time, before the watermark goes on") {
  TaskHarness task(per_name(Reminder{}));
  task.push<Order>({{{"a", 30}, 1}, {{"a", 10}, 2}, {{"a", 10}, 3}, {{"b", 20}, 4}, {{"b", 99}, 5}});
  CHECK(task.take_log<std::string>().empty());
  task.watermark(30);
  CHECK(task.take_log<std::string>() == std::vector<std::string>{"a@10/30@10", "b@20/30@20", "a@30/30@30", "watermark 30"});
  task.push<Order>({{{"a", 5}, 31}});
  task.watermark(31);
  CHECK(task.take_log<std::string>() == std::vector<std::string>{"a@5/31@5", "watermark 31"});
  task.end_of_input();
  CHECK(task.take_log<std::string>() ==
        std::vector<std::string>{"b@99/" + std::to_string(EventTime::max().ms) + "@99", "watermark end", "end"});
}

TEST_CASE("timers of one time fire in the same order before and after a restore") {
  TaskHarness task(per_name(Reminder{}));
  for (int i = 0; i < 50; ++i) task.push<Order>({{{"key" + std::to_string(i), 10}, 1}});
  const Snapshot snapshot = task.snapshot();
  TaskHarness restored(per_name(Reminder{}), {}, {&snapshot});
  task.watermark(10);
  restored.watermark(10);
  const auto fired = task.take<std::string>();
  CHECK(fired.size() == 50);
  CHECK(restored.take<std::string>() == fired);
}

/// Timers in processing time, and ways to take them back.
struct Alarm {
  using Out = std::string;
  void process(const Order& order, auto& context) {
    if (order.second >= 0) context.timers().after(Duration(order.second));
    else context.timers().cancel(ProcessingTime{-order.second});
  }
  void on_timer(const Timer& timer, auto& context) {
    CHECK(timer.domain == TimeDomain::Processing);
    CHECK(context.time() == EventTime::min());
    context.emit(context.key() + std::to_string(timer.processing_time().ms));
  }
};

std::vector<std::string> texts(TaskHarness& task) {
  std::vector<std::string> all;
  for (const auto& row : task.take<std::string>()) all.push_back(row.record);
  return all;
}

TEST_CASE("processing-time timers fire when their time has come, unless cancelled") {
  TaskHarness task(per_name(Alarm{}), {.now_ms = 1000});
  task.push<Order>({{{"a", 50}, 1}, {{"b", 20}, 1}, {{"c", 30}, 1}, {{"b", 20}, 1}});
  task.advance(19ms);
  CHECK(texts(task).empty());
  task.advance(1ms);
  CHECK(texts(task) == std::vector<std::string>{"b1020"});
  task.push<Order>({{{"c", -1030}, 1}});
  task.advance(100ms);
  CHECK(texts(task) == std::vector<std::string>{"a1050"});
}

TEST_CASE("a processing-time timer is still set after a restore") {
  TaskHarness task(per_name(Alarm{}));
  task.push<Order>({{{"a", 50}, 1}});
  const Snapshot snapshot = task.snapshot();
  TaskHarness restored(per_name(Alarm{}), {.now_ms = 20}, {&snapshot});
  restored.advance(29ms);
  CHECK(texts(restored).empty());
  restored.advance(1ms);
  CHECK(texts(restored) == std::vector<std::string>{"a50"});
}

TEST_CASE("processing-time timers never fire once the input has ended") {
  TaskHarness task(per_name(Alarm{}));
  task.push<Order>({{{"a", 50}, 1}});
  task.end_of_input();
  task.advance(100ms);
  CHECK(task.take_log<std::string>() == std::vector<std::string>{"watermark end", "end"});
  const Snapshot snapshot = task.snapshot();
  CHECK(snapshot.rows() == 0);
}

TEST_CASE("firing stops while downstream has no room, and what is left is in the checkpoint") {
  TaskHarness task(per_name(Reminder{}), {.credit = 1, .batch_records = 1});
  for (int i = 0; i < 5; ++i) task.push<Order>({{{"key" + std::to_string(i), 10 + i}, 1}});
  task.watermark(20);
  // One leaves on the credit, one waits for room, and the others were not even fired.
  CHECK(task.take<std::string>().size() == 1);
  task.grant(1);
  task.grant(1);
  CHECK(task.take<std::string>().size() == 2);
  CHECK(task.watermark_of() == EventTime::min());
  task.grant(10);
  CHECK(task.take<std::string>().size() == 2);
  CHECK(task.watermark_of() == EventTime{20});
}

/// Sets a timer again from a timer.
struct Repeat {
  using Out = std::int64_t;
  void process(const Order& order, auto& context) { context.timers().at(EventTime{order.second}); }
  void on_timer(const Timer& timer, auto& context) {
    context.emit(timer.ms);
    if (timer.ms < 30) context.timers().at(timer.event_time() + 10ms);
  }
};

TEST_CASE("a timer set by a timer fires in the same watermark when it is due") {
  TaskHarness task(per_name(Repeat{}));
  task.push<Order>({{{"a", 10}, 1}});
  task.watermark(25);
  CHECK(task.take<std::int64_t>() == rows<std::int64_t>({{10, 10}, {20, 20}}));
  task.watermark(40);
  CHECK(task.take<std::int64_t>() == rows<std::int64_t>({{30, 30}}));
}

/// Sets the next timer from every timer.
struct Forever {
  static constexpr Duration kFar{std::int64_t{1} << 60};
  using Out = std::int64_t;
  void process(const Order&, auto& context) {
    context.timers().at(EventTime{0} + kFar);
    context.timers().at(EventTime::max());
  }
  void on_timer(const Timer& timer, auto& context) {
    context.emit(timer.ms);
    if (timer.event_time() < EventTime::max() - kFar) context.timers().at(timer.event_time() + kFar);
  }
};

TEST_CASE("when the input ends only the timers fire that were set before, each once") {
  TaskHarness task(per_name(Forever{}));
  task.push<Order>({{{"a", 10}, 1}});
  task.end_of_input();
  CHECK(task.take<std::int64_t>() ==
        rows<std::int64_t>({{Forever::kFar.count(), Forever::kFar.count()}, {EventTime::max().ms, EventTime::max().ms}}));
  CHECK(task.finished());
}

TEST_CASE("cancelled timers do not pile up") {
  TimerQueue<std::int64_t> queue;
  OperatorState state(StateScope{});
  queue.open(state, "timers");
  for (std::int64_t i = 0; i < 10000; ++i) {
    queue.set(1, hash_of(std::int64_t{1}), i);
    queue.cancel(1, i);
  }
  CHECK_FALSE(queue.next());
  queue.set(1, hash_of(std::int64_t{1}), 5);
  queue.cancel(1, 5);
  queue.set(1, hash_of(std::int64_t{1}), 5);
  CHECK(queue.next() == 5);
  CHECK(queue.take(5));
  CHECK_FALSE(queue.take(5));
}

struct Untimed {
  using Out = std::int64_t;
  void process(const Order&, auto& context) { context.timers().after(1ms); }
};

TEST_CASE("setting a timer without on_timer says what is missing") {
  TaskHarness task(per_name(Untimed{}));
  CHECK_THROWS_WITH_AS(task.push<Order>({{{"a", 1}, 1}}),
                       "a timer was set by a function without on_timer(const Timer&, auto& context); add it", Failure);
}

/// State that outlives its use by an hour at most.
struct Visits {
  using Out = std::pair<std::string, std::int64_t>;
  Value<std::int64_t> count;
  void open(KeyedState& state) { count = state.value<std::int64_t>("count", {.time_to_live = 1h}); }
  void process(const Order& order, auto& context) { context.emit({order.first, ++count.edit()}); }
};

TEST_CASE("state expires in processing time and leaves the checkpoint") {
  TaskHarness task(per_name(Visits{}));
  task.push<Order>({{{"a", 0}, 1}, {{"a", 0}, 1}, {{"b", 0}, 1}});
  task.advance(59min);
  task.push<Order>({{{"a", 0}, 1}});
  task.advance(2min);
  CHECK(task.snapshot().summary() == "count: 1 entries");
  task.push<Order>({{{"a", 0}, 1}, {{"b", 0}, 1}});
  CHECK(task.take<Visits::Out>().back() == Timed<Visits::Out>{{"b", 1}, 1});
}

/// Everything at once: sums, lists, maps and timers, to be compared between runs.
struct Mixed {
  using Out = std::string;
  Value<std::int64_t> sum;
  List<std::int64_t> list;
  Map<std::int64_t, std::int64_t> map;
  void open(KeyedState& state) {
    sum = state.value<std::int64_t>("sum");
    list = state.list<std::int64_t>("list");
    map = state.map<std::int64_t, std::int64_t>("map");
  }
  void process(const Order& order, auto& context) {
    sum.edit() += order.second;
    list.add(order.second);
    if (list.size() > 5) list.pop_front();
    ++map.edit(order.second % 4);
    context.timers().at(context.time() + Duration(order.second * 3));
    if (order.second % 5 == 0) context.timers().cancel(context.time() + 9ms);
  }
  void on_timer(const Timer& timer, auto& context) {
    std::string text = context.key() + ":" + std::to_string(*sum) + ":";
    list.for_each([&](std::int64_t value) { text += std::to_string(value) + ","; });
    map.for_each([&](std::int64_t key, std::int64_t value) { text += std::to_string(key) + "=" + std::to_string(value) + ","; });
    context.emit(text);
    if (timer.ms % 7 == 0) map.clear();
  }
};

TEST_CASE("a process function gives the same results through checkpoints and restores at other parallelisms") {
  const auto run = [](std::optional<std::uint32_t> seed) {
    return play<std::string>(per_name(Mixed{}), 200, {}, seed, [](TaskGroup& group, std::size_t i) {
      const auto number = static_cast<std::int64_t>(i);
      group.push<Order>({"key" + std::to_string(i * 7 % 13), number * 31 % 17}, number, &Order::first);
      if (i % 4 == 0) group.watermark(number - 3);
    });
  };
  const auto expected = run(std::nullopt);
  CHECK(expected.size() > 100);
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    INFO("seed ", seed);
    CHECK(run(seed) == expected);
  }
}

/// Without keys: holds two records back.
struct Holding {
  using Out = std::int64_t;
  TaskList<std::int64_t> held;
  SideOutput<std::string> odd;
  void open(TaskState& state) { held = state.list<std::int64_t>("held"); }
  void process(const std::int64_t& number, auto& context) {
    if (number % 2 != 0) context.emit(odd, std::to_string(number));
    held->push_back(number);
    if (held->size() <= 2) return;
    context.emit(held->front());
    held->erase(held->begin());
  }
  void finish(auto& context) {
    for (const std::int64_t number : *held) context.emit(number);
    held->clear();
  }
};

OperatorFactory holding() {
  return operator_of<std::int64_t>([](auto numbers) { return numbers.process("hold", Holding{}).side(&Holding::odd); });
}

TEST_CASE("a function without keys keeps lists, and may emit the rest at the end of input, before the watermark") {
  TaskHarness task(holding(), {.ports = 2});
  task.push<std::int64_t>({{1, 10}, {2, 20}, {3, 30}});
  CHECK(task.take<std::int64_t>() == rows<std::int64_t>({{1, 30}}));
  CHECK(task.take<std::string>(1) == rows<std::string>({{"1", 10}, {"3", 30}}));
  task.end_of_input();
  const std::string end = "@" + std::to_string(EventTime::max().ms);
  CHECK(task.take_log<std::int64_t>() == std::vector<std::string>{"2" + end, "3" + end, "watermark end", "end"});
}

TEST_CASE("lists of a function without keys are dealt out when its parallelism changes") {
  const auto run = [](std::optional<std::uint32_t> seed) {
    Rows<std::int64_t> all = play<std::int64_t>(holding(), 60, {.ports = 2}, seed, [](TaskGroup& group, std::size_t i) {
      group.push_in_turn<std::int64_t>(static_cast<std::int64_t>(i), static_cast<std::int64_t>(i));
    });
    std::vector<std::int64_t> numbers;
    for (const auto& row : all) numbers.push_back(row.record);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  };
  const auto expected = run(std::nullopt);
  CHECK(expected.size() == 60);
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    INFO("seed ", seed);
    CHECK(run(seed) == expected);
  }
}

}  // namespace
}  // namespace weir::testing
