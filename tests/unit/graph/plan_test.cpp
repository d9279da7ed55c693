// What is fused, what is connected, and what is refused.
#include <doctest/doctest.h>

#include <weir/operators/filter.hpp>
#include <weir/operators/map.hpp>
#include <weir/operators/merge.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/operators/rolling.hpp>
#include <weir/operators/sink.hpp>

#include <weir/graph/plan.hpp>

#include "support/planned_ends.hpp"

using namespace weir;
using weir::testing::Nowhere;

namespace {

struct Numbers {
  using Record = int;
  std::unique_ptr<Source<int>> make() const { return nullptr; }
};

int same(int n) { return n; }
bool all(int) { return true; }

std::string planned(Pipeline& pipeline, std::uint32_t parallelism) {
  return Plan::make(pipeline.graph(), {.parallelism = parallelism}).to_text();
}

}  // namespace

TEST_CASE("a chain of forward steps of one parallelism is one task") {
  Pipeline pipeline("job");
  pipeline.source("in", Numbers{}).map(same).filter(all).sink("out", Nowhere{});
  CHECK(planned(pipeline, 3) == "1. in -> map -> filter -> out  (3 tasks)\n");
}

TEST_CASE("a key, a merge, another parallelism and a step that wants to stand alone begin a new task") {
  Pipeline pipeline("job");
  const auto numbers = pipeline.source("in", Numbers{});
  const auto alone = numbers.map(same, {.name = "alone", .fuse = Fuse::No});
  const auto wide = alone.map(same, {.name = "wide", .parallelism = 4});
  const auto counted = wide.key_by(same).count("count").map([](const Keyed<int, std::int64_t>& k) { return k.key; });
  counted.merge(numbers).sink("out", Nowhere{});
  CHECK(planned(pipeline, 2) ==
        "1. in  (2 tasks)\n   => 2. alone  (forward)\n   => 5. merge -> out  (forward)\n"
        "2. alone  (2 tasks)\n   => 3. wide  (rebalance)\n"
        "3. wide  (4 tasks)\n   => 4. count -> map  (key)\n"
        "4. count -> map  (2 tasks)\n   => 5. merge -> out  (forward)\n"
        "5. merge -> out  (2 tasks)\n");
}

TEST_CASE("a forward edge connects equals, all others everyone") {
  Pipeline pipeline("job");
  pipeline.source("in", Numbers{}).map(same, {.name = "alone", .fuse = Fuse::No}).rebalance().sink("out", Nowhere{}, {.parallelism = 2});
  const Plan plan = Plan::make(pipeline.graph(), {.parallelism = 3});
  REQUIRE(plan.tasks.size() == 8);
  for (std::uint32_t task = 0; task < 3; ++task) {
    REQUIRE(plan.tasks[task].receivers.size() == 1);
    REQUIRE(plan.tasks[task].receivers[0].size() == 1);
    CHECK(plan.tasks[task].receivers[0][0].task == 3 + task);
    CHECK(plan.tasks[3 + task].receivers[0].size() == 2);
  }
  CHECK(plan.tasks[6].senders.size() == 3);
  for (const TaskWiring& task : plan.tasks) {
    for (std::uint32_t edge = 0; edge < task.receivers.size(); ++edge) {
      for (std::uint32_t channel = 0; channel < task.receivers[edge].size(); ++channel) {
        const ChannelEnd& end = task.receivers[edge][channel];
        const ChannelEnd& back = plan.tasks[end.task].senders[end.channel];
        CHECK(&plan.tasks[back.task] == &task);
        CHECK(back.edge == edge);
        CHECK(back.channel == channel);
      }
    }
  }
}

TEST_CASE("channels are named alike at both ends, and differ from all others") {
  Pipeline pipeline("job");
  const auto numbers = pipeline.source("in", Numbers{});
  numbers.merge(numbers).sink("out", Nowhere{});
  const Plan plan = Plan::make(pipeline.graph(), {.parallelism = 2});
  CHECK(plan.label(plan.edges[0]) == "in.0>merge.0");
  CHECK(plan.label(plan.edges[1]) == "in.0>merge.0#2");
  CHECK(plan.make_outputs(0)[1].labels == std::vector<std::string>{"in.0>merge.0#2:0:0"});
  CHECK(plan.make_inputs(2)[1].label == "in.0>merge.0#2:0:0");
}

TEST_CASE("a job at fault is refused with the fault") {
  const auto fault = [](Pipeline& pipeline, const PlanOptions& options = {}) {
    try {
      (void)Plan::make(pipeline.graph(), options);
    } catch (const Failure& failure) {
      return std::string(failure.what());
    }
    return std::string("none");
  };
  Pipeline empty("empty");
  CHECK(fault(empty) == "job 'empty' has no source; begin with pipeline.source(name, source)");
  Pipeline nowhere("nowhere");
  nowhere.source("in", Numbers{}).sink("out", Nowhere{});
  nowhere.graph().nodes.front().reads = {"here", ""};
  CHECK(fault(nowhere) == "source 'in' has no path; name a file, a pattern or a directory");
  Pipeline loose("loose");
  (void)loose.source("in", Numbers{}).map(same);
  CHECK(fault(loose) == "the stream of 'map' leads nowhere; end it with .sink(name, sink), or drop it");
  Pipeline twice("twice");
  twice.source("in", Numbers{}).sink("in", Nowhere{});
  CHECK(fault(twice) == "job 'twice' has two operators named 'in'; rename one");
  Pipeline wide("wide");
  wide.source("in", Numbers{}).sink("out", Nowhere{}, {.parallelism = 200});
  CHECK(fault(wide) == "operator 'out' has parallelism 200, more than there are key groups (128); lower it, or give more by --key-groups");
  Pipeline none("none");
  none.source("in", Numbers{}).sink("out", Nowhere{}, {.parallelism = 0});
  CHECK(fault(none) == "operator 'out' has parallelism 0; 1 is the least");
  CHECK(fault(wide, {.key_groups = 40000}) == "the number of key groups must be between 1 and 32768, not 40000");
}
