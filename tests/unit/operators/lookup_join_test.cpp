#include <doctest/doctest.h>

#include <weir/graph/plan.hpp>
#include <weir/operators/lookup_join.hpp>

#include "support/task_harness.hpp"

using namespace weir;
using namespace weir::testing;

namespace lookup_join_test {

struct Visit {
  std::string country;
  int number = 0;
};
WEIR_RECORD(Visit, country, number);

struct Name {
  std::string country;
  std::string name;
};
WEIR_RECORD(Name, country, name);

}  // namespace lookup_join_test

namespace {

using namespace lookup_join_test;
using Log = std::vector<std::string>;

constexpr std::uint32_t kVisits = 0;
constexpr std::uint32_t kNames = 1;

OperatorFactory inner() {
  return operator_of<Visit, Name>([](auto visits, auto names) {
    return visits.lookup("names", names, &Visit::country, &Name::country,
                         [](const Visit& visit, const Name& name) { return name.name + std::to_string(visit.number); });
  });
}

OperatorFactory left() {
  return operator_of<Visit, Name>([](auto visits, auto names) {
    return visits.lookup_left("names", names, &Visit::country, &Name::country, [](const Visit& visit, const Name* name) {
      return (name != nullptr ? name->name : "?") + std::to_string(visit.number);
    });
  });
}

HarnessOptions two_inputs(std::uint32_t task = 0, std::uint32_t parallelism = 1) {
  HarnessOptions options;
  options.channels = {{kVisits, InputChannel::Kind::Ordinary}, {kNames, InputChannel::Kind::Copies}};
  options.task = task;
  options.parallelism = parallelism;
  return options;
}

Rows<Name> some_names() { return {{{"at", "Austria"}}, {{"ch", "Schweiz"}}, {{"ch", "Suisse"}}}; }

void end_table(TaskHarness& task) {
  task.watermark_on(kNames, EventTime::max().ms);
  task.end(kNames);
}

Rows<std::string> after(TaskHarness& task, const Rows<Visit>& visits) {
  task.push(visits, kVisits);
  return task.take<std::string>();
}

}  // namespace

TEST_CASE("an inner lookup yields one result per record and row of its key, at the record's time") {
  TaskHarness task(inner(), two_inputs());
  task.push(some_names(), kNames);
  end_table(task);
  CHECK(after(task, {{{"ch", 1}, 5}, {{"xx", 2}, 6}, {{"at", 3}, 7}}) ==
        rows<std::string>({{"Schweiz1", 5}, {"Suisse1", 5}, {"Austria3", 7}}));
}

TEST_CASE("a left lookup also yields a result for a record without rows") {
  TaskHarness task(left(), two_inputs());
  task.push(some_names(), kNames);
  end_table(task);
  CHECK(after(task, {{{"xx", 2}, 6}, {{"ch", 1}, 5}}) == rows<std::string>({{"?2", 6}, {"Schweiz1", 5}, {"Suisse1", 5}}));
}

TEST_CASE("no record of the stream is taken before the table has ended") {
  TaskHarness task(left(), two_inputs());
  task.push(some_names(), kNames);
  CHECK(after(task, {{{"at", 1}, 1}, {{"fr", 2}, 2}}).empty());
  CHECK(task.task().gate().queued_batches(kVisits) == 1);
  task.push(Rows<Name>{{{"fr", "France"}}}, kNames);
  end_table(task);
  CHECK(task.take<std::string>() == rows<std::string>({{"Austria1", 1}, {"France2", 2}}));
}

TEST_CASE("an empty table has no rows") {
  TaskHarness task(left(), two_inputs());
  end_table(task);
  CHECK(after(task, {{{"at", 1}, 1}}) == rows<std::string>({{"?1", 1}}));
}

TEST_CASE("a stream that ends before its table is joined all the same") {
  TaskHarness task(inner(), two_inputs());
  task.push(Rows<Visit>{{{"at", 1}, 1}}, kVisits);
  task.end(kVisits);
  task.push(some_names(), kNames);
  CHECK_FALSE(task.finished());
  end_table(task);
  CHECK(task.take_log<std::string>() == Log{"Austria1@1", "end"});
}

TEST_CASE("the table's watermarks hold back nothing once it has ended") {
  TaskHarness task(inner(), two_inputs());
  task.push(some_names(), kNames);
  task.watermark_on(kVisits, 3);
  end_table(task);
  CHECK(task.take_log<std::string>() == Log{"watermark 3"});
  task.push(Rows<Visit>{{{"at", 1}, 4}}, kVisits);
  task.watermark_on(kVisits, 4);
  CHECK(task.take_log<std::string>() == Log{"Austria1@4", "watermark 4"});
}

TEST_CASE("a checkpoint before the table's end takes the records before its barrier into state") {
  TaskHarness before(inner(), two_inputs());
  before.push(Rows<Name>{{{"at", "Austria"}}}, kNames);
  before.watermark_on(kNames, EventTime::max().ms);
  before.push(Rows<Visit>{{{"at", 1}, 1}, {{"ch", 2}, 2}}, kVisits);
  before.watermark_on(kVisits, 2);
  const Snapshot snapshot = before.snapshot();
  CHECK(snapshot.summary() == "progress: 1 shared items, rows: 1 shared items, waiting: 2 items");
  CHECK(before.take_log<std::string>() == Log{"barrier 1"});
  before.push(Rows<Visit>{{{"at", 3}, 3}}, kVisits);
  CHECK(before.task().gate().queued_batches(kVisits) == 1);

  TaskHarness task(inner(), two_inputs(), {&snapshot});
  for (TaskHarness* each : {&before, &task}) {
    each->push(Rows<Name>{{{"ch", "Suisse"}}}, kNames);
    end_table(*each);
  }
  // Those that waited come first, and the watermark behind them.
  CHECK(before.take_log<std::string>() == Log{"Austria1@1", "Suisse2@2", "watermark 2", "Austria3@3"});
  CHECK(task.take_log<std::string>() == Log{"Austria1@1", "Suisse2@2", "watermark 2"});
}

TEST_CASE("a job that is stopped before the table's end joins nothing with a part of it") {
  TaskHarness task(left(), two_inputs());
  task.push(Rows<Name>{{{"at", "Austria"}}}, kNames);
  task.push(Rows<Visit>{{{"at", 1}, 1}, {{"ch", 2}, 2}}, kVisits);
  task.end(kVisits);
  task.end(kNames);  // without the end of time
  CHECK(task.finished());
  CHECK(task.take_log<std::string>() == Log{"end"});
}

TEST_CASE("the table is in the checkpoint once and every task of the next run has it, without reading it again") {
  std::vector<Snapshot> snapshots;
  for (const std::uint32_t number : {0u, 1u}) {
    TaskHarness task(inner(), two_inputs(number, 2));
    task.push(some_names(), kNames);
    end_table(task);
    snapshots.push_back(task.snapshot());
  }
  CHECK(snapshots[0].summary() == "progress: 1 shared items, rows: 3 shared items, waiting: 0 items");
  CHECK(snapshots[1].summary() == "progress: 1 shared items, waiting: 0 items");
  for (const std::uint32_t number : {0u, 1u, 2u}) {
    TaskHarness task(inner(), two_inputs(number, 3), {&snapshots[0], &snapshots[1]});
    CHECK(after(task, {{{"ch", 1}, 5}}) == rows<std::string>({{"Schweiz1", 5}, {"Suisse1", 5}}));
    end_table(task);  // the table's source is at its end and says so again
    CHECK(after(task, {{{"at", 2}, 6}}) == rows<std::string>({{"Austria2", 6}}));
  }
}

TEST_CASE("a table that is being read on is written as it was at the barrier") {
  Rows<Name> many;
  for (int i = 0; i < 10'000; ++i) many.push_back({{std::to_string(i), "n"}});
  TaskHarness before(inner(), two_inputs());
  before.push(many, kNames);
  before.task().on_element(kVisits, Barrier{1, 0, Barrier::Mode::Aligned});
  before.task().on_element(kNames, Barrier{1, 0, Barrier::Mode::Aligned});
  CHECK(before.task().run(2));  // freezes and begins to write
  before.push(Rows<Name>{{{"0", "after"}}}, kNames);
  CHECK(before.snapshot().rows() == 10'000 + 1);  // checkpoint 1, and the progress in it
  CHECK(before.snapshot().rows() == 10'001 + 1);
}

TEST_CASE("a lookup is a task of its own and its table goes to every task") {
  Pipeline pipeline("job");
  JobGraph& graph = pipeline.graph();
  const auto source = [&](const std::string& name) { return add_node(graph, GraphNode::Kind::Source, "source", {.name = name}, nullptr); };
  const Stream<Visit> visits(graph, source("visits"), 0);
  const Stream<Name> names(graph, source("names"), 0);
  const auto joined = visits.lookup("join", names, &Visit::country, &Name::country,
                                    [](const Visit&, const Name& name) { return name.name; });
  joined.feed(add_node(graph, GraphNode::Kind::Sink, "sink", {}, nullptr), 0);
  const Plan plan = Plan::make(graph, {.parallelism = 2});
  CHECK(plan.to_text() ==
        "1. visits  (2 tasks)\n   => 3. join -> sink  (forward)\n2. names  (2 tasks)\n   => 3. join -> sink  (broadcast)\n3. join -> sink  (2 tasks)\n");
}

TEST_CASE("a table from the stream's own source is refused") {
  Pipeline pipeline("job");
  const Stream<Visit> visits(pipeline.graph(), add_node(pipeline.graph(), GraphNode::Kind::Source, "visits", {}, nullptr), 0);
  const auto names = visits.map([](const Visit& visit) { return Name{visit.country, "n"}; });
  CHECK_THROWS_WITH_AS(visits.lookup("join", names, &Visit::country, &Name::country, [](const Visit&, const Name&) { return 1; }),
                       "lookup 'join': the stream and its table both come from 'visits', which would wait for itself; give the "
                       "table a source of its own",
                       Failure);
}
