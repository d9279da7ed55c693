#include <condition_variable>
#include <mutex>
#include <thread>

#include <doctest/doctest.h>

#include <weir/graph/plan.hpp>
#include <weir/operators/async.hpp>

#include "support/task_harness.hpp"

using namespace weir;
using namespace weir::testing;
using namespace std::chrono_literals;

namespace {

using Log = std::vector<std::string>;

/// Calls that wait for the test to answer them.
struct Calls {
  struct Call {
    int request;
    AsyncReply<int> reply;
  };
  std::vector<Call> open;

  /// The open call for a request, taken away.
  AsyncReply<int> take(int request) {
    const auto call = std::find_if(open.begin(), open.end(), [&](const Call& c) { return c.request == request; });
    REQUIRE(call != open.end());
    const AsyncReply<int> reply = call->reply;
    open.erase(call);
    return reply;
  }
  std::vector<int> requests() const {
    std::vector<int> all;
    for (const Call& call : open) all.push_back(call.request);
    return all;
  }
};

/// What the outside is asked; its answers are the test's.
struct Outside {
  std::shared_ptr<Calls> calls = std::make_shared<Calls>();

  OperatorFactory operator()(const AsyncOptions& options) const {
    return operator_of<int>([&](auto numbers) {
      return numbers.template async<int>(
          "ask", [calls = calls](const int& request, AsyncReply<int> reply) { calls->open.push_back({request, reply}); }, options);
    });
  }
  void answer(TaskHarness& task, int request) const {
    calls->take(request)(request * 10);
    task.await_wake();
  }
  void fail(TaskHarness& task, int request, const std::string& message) const {
    calls->take(request).fail(message);
    task.await_wake();
  }
};

constexpr auto kOrdered = AsyncOptions::Order::Arrival;
constexpr auto kUnordered = AsyncOptions::Order::Completion;
constexpr auto kSideOutput = AsyncOptions::Unanswered::SideOutput;

}  // namespace

TEST_CASE("ordered results leave in the order of their requests") {
  Outside outside;
  TaskHarness task(outside({}));
  task.push<int>({{1, 1}, {2, 2}, {3, 3}});
  CHECK(outside.calls->requests() == std::vector{1, 2, 3});
  outside.answer(task, 2);
  outside.answer(task, 3);
  CHECK(task.take<int>().empty());
  outside.answer(task, 1);
  CHECK(task.take<int>() == rows<int>({{10, 1}, {20, 2}, {30, 3}}));
}

TEST_CASE("unordered results leave when they are there") {
  Outside outside;
  TaskHarness task(outside({.order = kUnordered}));
  task.push<int>({{1, 1}, {2, 2}, {3, 3}});
  outside.answer(task, 3);
  CHECK(task.take<int>() == rows<int>({{30, 3}}));
  outside.answer(task, 1);
  outside.answer(task, 2);
  CHECK(task.take<int>() == rows<int>({{10, 1}, {20, 2}}));
}

TEST_CASE("a watermark waits for the results of the records before it, in both orders") {
  for (const auto order : {kOrdered, kUnordered}) {
    Outside outside;
    TaskHarness task(outside({.order = order}));
    task.push<int>({{1, 1}, {2, 2}});
    task.watermark(2);
    task.push<int>({{3, 3}});
    task.watermark(3);
    outside.answer(task, 3);
    outside.answer(task, 2);
    CHECK(task.take_log<int>() == (order == kOrdered ? Log{} : Log{"20@2"}));
    outside.answer(task, 1);
    CHECK(task.take_log<int>() == (order == kOrdered ? Log{"10@1", "20@2", "watermark 2", "30@3", "watermark 3"}
                                                     : Log{"10@1", "watermark 2", "30@3", "watermark 3"}));
  }
}

TEST_CASE("a watermark with nothing before it passes at once") {
  Outside outside;
  TaskHarness task(outside({}));
  task.watermark(5);
  CHECK(task.take_log<int>() == Log{"watermark 5"});
}

TEST_CASE("idleness waits for the results before it, and ends with the next record") {
  Outside outside;
  TaskHarness task(outside({}));
  task.push<int>({{1, 1}});
  task.watermark(1);
  task.idle();
  CHECK(task.take_log<int>().empty());
  outside.answer(task, 1);
  CHECK(task.take_log<int>() == Log{"10@1", "watermark 1", "idle"});
  task.push<int>({{2, 2}});
  CHECK(task.take_log<int>() == Log{"watermark 1"});  // so that nobody goes on without this task's records
}

TEST_CASE("idleness that a record has ended does not leave before that record's result") {
  Outside outside;
  TaskHarness task(outside({}));
  task.push<int>({{1, 1}});
  task.watermark(1);
  task.idle();
  task.push<int>({{2, 2}});
  outside.answer(task, 1);
  CHECK(task.take_log<int>() == Log{"10@1", "watermark 1"});
  task.idle();
  outside.answer(task, 2);
  CHECK(task.take_log<int>() == Log{"20@2", "idle"});
}

TEST_CASE("no more than the capacity is asked at a time") {
  Outside outside;
  TaskHarness task(outside({.order = kUnordered, .capacity = 2}));
  task.push<int>({{1, 1}, {2, 2}, {3, 3}});
  task.push<int>({{4, 4}});
  CHECK(outside.calls->requests() == std::vector{1, 2});
  CHECK(task.task().gate().queued_batches(0) == 1);  // the second batch has not been taken
  outside.answer(task, 2);
  CHECK(outside.calls->requests() == std::vector{1, 3});
  outside.answer(task, 1);
  outside.answer(task, 3);
  CHECK(outside.calls->requests() == std::vector{4});
  outside.answer(task, 4);
  CHECK(sorted(task.take<int>()) == rows<int>({{10, 1}, {20, 2}, {30, 3}, {40, 4}}));
}

TEST_CASE("the end waits for the last answer") {
  Outside outside;
  TaskHarness task(outside({}));
  task.push<int>({{1, 1}});
  task.end_of_input();
  CHECK_FALSE(task.finished());
  outside.answer(task, 1);
  CHECK(task.finished());
  CHECK(task.take_log<int>() == Log{"10@1", "watermark end", "end"});
}

TEST_CASE("the end also waits for a request that times out") {
  Outside outside;
  TaskHarness task(outside({.timeout = 1s, .unanswered = kSideOutput}), {.ports = 2});
  task.push<int>({{1, 1}});
  task.end_of_input();
  task.advance(1s);
  CHECK(task.finished());
  CHECK(task.take<int>(1) == rows<int>({{1, 1}}));
}

TEST_CASE("a call may yield several results or none") {
  Outside outside;
  TaskHarness task(outside({}));
  task.push<int>({{1, 1}, {2, 2}});
  outside.calls->take(1).all({7, 8});
  task.await_wake();
  outside.calls->take(2).all({});
  task.await_wake();
  CHECK(task.take<int>() == rows<int>({{7, 1}, {8, 1}}));
  task.end_of_input();
  CHECK(task.finished());
}

TEST_CASE("only the first answer counts") {
  Outside outside;
  TaskHarness task(outside({}));
  task.push<int>({{1, 1}});
  const AsyncReply<int> reply = outside.calls->take(1);
  reply(10);
  reply(11);
  reply.fail("no");
  task.await_wake();
  CHECK(task.take<int>() == rows<int>({{10, 1}}));
}

TEST_CASE("a call that is answered at once is answered") {
  TaskHarness task(operator_of<int>([](auto numbers) {
    return numbers.template async<int>("ask", [](const int& request, AsyncReply<int> reply) { reply(request + 1); }, {.capacity = 1});
  }));
  task.push<int>({{1, 1}, {2, 2}, {3, 3}});
  CHECK(task.take<int>() == rows<int>({{2, 1}, {3, 2}, {4, 3}}));
}

TEST_CASE("an answer may come from any thread") {
  Outside outside;
  TaskHarness task(outside({}));
  task.push<int>({{1, 1}});
  std::thread([reply = outside.calls->take(1)] { reply(10); }).join();
  task.await_wake();
  CHECK(task.take<int>() == rows<int>({{10, 1}}));
}

TEST_CASE("an answer to a task that is gone is dropped") {
  Outside outside;
  std::optional<AsyncReply<int>> reply;
  {
    TaskHarness task(outside({}));
    task.push<int>({{1, 1}});
    reply = outside.calls->take(1);
  }
  std::thread([&] { (*reply)(10); }).join();
  CHECK(outside.calls->open.empty());
}

TEST_CASE("a failed call fails the task, and the message says which and why") {
  Outside outside;
  TaskHarness task(outside({}));
  task.push<int>({{1, 1}});
  CHECK_THROWS_WITH_AS(outside.fail(task, 1, "connection refused"),
                       "the call 'operator' for a record near unknown position failed: connection refused (attempt 1 of 1)", Failure);
}

TEST_CASE("a reply that is dropped without an answer is a failed call") {
  Outside outside;
  TaskHarness task(outside({}));
  task.push<int>({{1, 1}});
  outside.calls->open.clear();
  CHECK_THROWS_WITH_AS(task.await_wake(),
                       "the call 'operator' for a record near unknown position failed: the reply was dropped without an answer (attempt 1 of 1)",
                       Failure);
}

TEST_CASE("a call that takes too long fails the task") {
  Outside outside;
  TaskHarness task(outside({.timeout = 5s}));
  task.push<int>({{1, 1}});
  task.advance(4999ms);
  CHECK_THROWS_WITH_AS(task.advance(1ms),
                       "the call 'operator' for a record near unknown position got no answer within 5000 ms (attempt 1 of 1)", Failure);
}

TEST_CASE("by option an unanswered request goes to the side output, in its place") {
  Outside outside;
  TaskHarness task(outside({.timeout = 5s, .unanswered = kSideOutput}), {.ports = 2});
  task.push<int>({{1, 1}, {2, 2}, {3, 3}});
  const AsyncReply<int> late = outside.calls->take(2);
  outside.answer(task, 3);
  outside.fail(task, 1, "no such thing");
  CHECK(task.take<int>(1) == rows<int>({{1, 1}}));
  task.advance(5s);
  CHECK(task.take<int>(0) == rows<int>({{30, 3}}));
  CHECK(task.take<int>(1) == rows<int>({{2, 2}}));
  late(20);  // too late: nobody waits for it
  task.await_wake();
  CHECK(task.take<int>(0).empty());
}

TEST_CASE("a failed call is tried again, each time after twice the wait") {
  Outside outside;
  TaskHarness task(outside({.attempts = 4, .backoff = 100ms, .longest_backoff = 200ms}));
  task.push<int>({{1, 1}});
  for (const auto wait : {100ms, 200ms, 200ms}) {
    outside.fail(task, 1, "busy");
    task.advance(wait - 1ms);
    CHECK(outside.calls->open.empty());
    task.advance(1ms);
    CHECK(outside.calls->requests() == std::vector{1});
  }
  SUBCASE("until it succeeds") {
    outside.answer(task, 1);
    CHECK(task.take<int>() == rows<int>({{10, 1}}));
  }
  SUBCASE("until the attempts are used up") {
    CHECK_THROWS_WITH_AS(outside.fail(task, 1, "busy"),
                         "the call 'operator' for a record near unknown position failed: busy (attempt 4 of 4)", Failure);
  }
}

TEST_CASE("the time-out covers all attempts") {
  Outside outside;
  TaskHarness task(outside({.timeout = 250ms, .attempts = 10, .backoff = 100ms, .unanswered = kSideOutput}), {.ports = 2});
  task.push<int>({{1, 1}});
  outside.fail(task, 1, "busy");
  task.advance(100ms);
  outside.fail(task, 1, "busy");
  task.advance(150ms);
  CHECK(task.take<int>(1) == rows<int>({{1, 1}}));
  task.advance(10s);
  CHECK(outside.calls->open.empty());
}

TEST_CASE("a failure that is not worth it is not tried again") {
  Outside outside;
  TaskHarness task(outside({.attempts = 3, .retry_if = [](const std::string& message) { return message == "busy"; }}));
  task.push<int>({{1, 1}});
  CHECK_THROWS_AS(outside.fail(task, 1, "forbidden"), Failure);
}

TEST_CASE("a checkpoint holds the requests whose results have not left, and they are asked again") {
  Outside outside;
  TaskHarness before(outside({}));
  before.push<int>({{1, 1}, {2, 2}});
  before.watermark(2);
  before.push<int>({{3, 3}});
  before.watermark(3);
  outside.answer(before, 1);
  outside.answer(before, 3);
  CHECK(before.take<int>() == rows<int>({{10, 1}}));
  const Snapshot snapshot = before.snapshot();
  CHECK(snapshot.summary() == "requests: 2 items");

  Outside anew;
  TaskHarness after(anew({}), {}, {&snapshot});
  after.await_wake();
  CHECK(anew.calls->requests() == std::vector{2, 3});
  anew.answer(after, 3);
  CHECK(after.take_log<int>().empty());
  anew.answer(after, 2);
  CHECK(after.take_log<int>() == Log{"20@2", "watermark 2", "30@3", "watermark 3"});
  CHECK(after.snapshot().summary() == "requests: 0 items");
}

TEST_CASE("requests waiting for room are in the checkpoint too") {
  Outside outside;
  TaskHarness before(outside({.capacity = 1}));
  before.push<int>({{1, 1}, {2, 2}, {3, 3}});
  CHECK(before.snapshot().summary() == "requests: 3 items");
}

TEST_CASE("requests of several tasks are dealt out to the tasks of the next run") {
  Outside first;
  TaskHarness one(first({}), {.task = 0, .parallelism = 2});
  TaskHarness two(first({}), {.task = 1, .parallelism = 2});
  one.watermark(10);
  one.push<int>({{1, 11}});
  two.watermark(20);
  two.push<int>({{2, 21}});
  const Snapshot of_one = one.snapshot();
  const Snapshot of_two = two.snapshot();

  Outside anew;
  TaskHarness all(anew({}), {}, {&of_two, &of_one});
  all.await_wake();
  CHECK(anew.calls->requests() == std::vector{1, 2});
  anew.answer(all, 1);
  anew.answer(all, 2);
  // Not beyond 10: what the first task would still have got may be older than 20.
  CHECK(all.take_log<int>() == Log{"watermark 10", "10@11", "20@21"});
}

TEST_CASE("a blocking function runs beside the task and its exceptions are failures of the call") {
  struct Gate {
    std::mutex mutex;
    std::condition_variable opened;
    bool open = false;
  };
  auto gate = std::make_shared<Gate>();
  TaskHarness task(operator_of<int>([gate](auto numbers) {
    return numbers.async_blocking("wait", [gate](const int& request) {
      std::unique_lock lock(gate->mutex);
      gate->opened.wait(lock, [&] { return gate->open; });
      if (request == 2) throw std::runtime_error("two is not allowed");
      return request * 10;
    }, {.unanswered = kSideOutput, .threads = 2});
  }), {.ports = 2});
  task.push<int>({{1, 1}, {2, 2}, {3, 3}});
  CHECK(task.take<int>().empty());
  {
    const std::lock_guard lock(gate->mutex);
    gate->open = true;
  }
  gate->opened.notify_all();
  task.end_of_input();
  while (!task.finished()) task.await_wake();
  CHECK(task.take<int>() == rows<int>({{10, 1}, {30, 3}}));
  CHECK(task.take<int>(1) == rows<int>({{2, 2}}));
}

TEST_CASE("a blocking function may say that its result will not do, and is called again") {
  auto calls = std::make_shared<std::atomic<int>>(0);
  TaskHarness task(operator_of<int>([calls](auto numbers) {
    return numbers.async_blocking("ask", [calls](const int& request) -> Result<std::string> {
      if (++*calls < 3) return Error{"nothing yet"};
      return std::to_string(request);
    }, {.attempts = 3, .backoff = 1ms, .threads = 1, .fuse = Fuse::No});
  }), {.ports = 2});
  task.push<int>({{7, 1}});
  task.end_of_input();
  while (!task.finished()) {
    task.await_wake();
    task.advance(10ms);
  }
  CHECK(task.take<std::string>() == rows<std::string>({{"7", 1}}));
  CHECK(*calls == 3);
}

TEST_CASE("a blocking call's time-out begins when a thread takes it") {
  struct Door {
    std::mutex mutex;
    std::condition_variable opened;
    bool open = false;
  };
  auto door = std::make_shared<Door>();
  TaskHarness task(operator_of<int>([door](auto numbers) {
    return numbers.async_blocking("wait", [door](const int& request) {
      std::unique_lock lock(door->mutex);
      door->opened.wait(lock, [&] { return door->open; });
      return request * 10;
    }, {.timeout = 10ms, .unanswered = kSideOutput, .threads = 1});
  }), {.ports = 2});
  task.push<int>({{1, 1}, {2, 2}});
  task.await_wake();  // the first call has begun
  task.advance(10ms);
  CHECK(task.take<int>(1) == rows<int>({{1, 1}}));
  {
    const std::lock_guard lock(door->mutex);
    door->open = true;
  }
  door->opened.notify_all();
  task.end_of_input();
  while (!task.finished()) task.await_wake();
  CHECK(task.take<int>() == rows<int>({{20, 2}}));
  CHECK(task.take<int>(1).empty());
}

TEST_CASE("a task with blocking calls that have not begun can be dropped") {
  auto started = std::make_shared<std::atomic<int>>(0);
  auto open = std::make_shared<std::atomic<bool>>(false);  // until it is, no call ends, so that no more are taken in
  {
    TaskHarness task(operator_of<int>([started, open](auto numbers) {
      const auto count = [started, open](const int& request) {
        ++*started;
        open->wait(false);
        return request;
      };
      return numbers.async_blocking("count", count, {.threads = 1});
    }));
    Rows<int> many;
    for (int i = 0; i < 1000; ++i) many.push_back({i, i});
    task.push(many);
    *open = true;
    open->notify_all();
  }
  const int at_end = *started;
  CHECK(at_end <= 100);  // the capacity
}

TEST_CASE("an asynchronous call begins a task of its own, and what follows joins it") {
  Pipeline pipeline("job");
  JobGraph& graph = pipeline.graph();
  const NodeId source = add_node(graph, GraphNode::Kind::Source, "source", {}, nullptr);
  const auto answers = Stream<int>(graph, source, 0)
      .map([](int n) { return n; })
      .async<int>("ask", [](const int&, AsyncReply<int>) {})
      .map([](int n) { return n; });
  answers.feed(add_node(graph, GraphNode::Kind::Sink, "sink", {}, nullptr), 0);
  const Plan plan = Plan::make(graph, {});
  REQUIRE(plan.vertices.size() == 2);
  CHECK(plan.name(0) == "source -> map");
  CHECK(plan.name(1) == "ask -> map-2 -> sink");
}

TEST_CASE("an asynchronous call without a name or without capacity is refused") {
  Pipeline pipeline("job");
  const Stream<int> numbers(pipeline.graph(), add_node(pipeline.graph(), GraphNode::Kind::Source, "source", {}, nullptr), 0);
  const auto ask = [](const int&, AsyncReply<int>) {};
  CHECK_THROWS_AS(numbers.async<int>("", ask), Failure);
  CHECK_THROWS_WITH_AS(numbers.async<int>("ask", ask, {.capacity = 0}),
                       "async 'ask': capacity, attempts and threads must be at least 1", Failure);
}
