// A checkpoint of one plan dealt out to the tasks of another.
#include <doctest/doctest.h>

#include <algorithm>

#include <weir/coordination/restore.hpp>
#include <weir/dataflow/in_flight.hpp>
#include <weir/operators/map.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/operators/rolling.hpp>
#include <weir/operators/sink.hpp>

#include "support/planned_ends.hpp"

using namespace weir;
using weir::testing::Nowhere;
using weir::testing::Numbers;

namespace {

std::int64_t same(std::int64_t n) { return n; }

/// in -> middle (own task) -key-> count -> out
Plan plan_of(std::uint32_t first, std::uint32_t middle, std::uint32_t last) {
  Pipeline pipeline("job");
  pipeline.source("in", Numbers{}, {.parallelism = first})
      .map(same, {.name = "middle", .parallelism = middle})
      .key_by(same)
      .count("count", {.parallelism = last})
      .sink("out", Nowhere{}, {.parallelism = last});
  return Plan::make(pipeline.graph(), {});
}

StoredJob empty_job(std::uint32_t first, std::uint32_t middle, std::uint32_t last) {
  StoredJob job;
  job.operators["in"].parallelism = first;
  job.operators["middle"].parallelism = middle;
  job.operators["count"].parallelism = last;
  job.operators["out"].parallelism = last;
  for (auto& [name, op] : job.operators) {
    for (std::uint32_t task = 0; task < op.parallelism; ++task) op.tasks.push_back({task, {}});
  }
  return job;
}

StateChunk chunk(const std::string& table, ChunkKind kind, std::int64_t item) {
  StateChunk made{table, kind, "int64", Columns(1)};
  Codec<std::int64_t>::write(made.block, 0, item);
  made.block.rows = 1;
  return made;
}

StateChunk in_flight(const std::string& label, std::initializer_list<std::int64_t> records) {
  auto batch = std::make_unique<Batch<std::int64_t>>();
  for (const std::int64_t record : records) batch->push(record, EventTime{record});
  return in_flight_chunk(label, Element(std::move(batch)));
}

std::vector<std::string> tables(const std::vector<StateChunk>& chunks) {
  std::vector<std::string> names;
  for (const StateChunk& chunk : chunks) names.push_back(chunk.table);
  return names;
}

using Names = std::vector<std::string>;

std::string text_of(const Element& element) {
  if (const auto* watermark = std::get_if<Watermark>(&element)) return "w" + std::to_string(watermark->time.ms);
  std::string text;
  for (const std::int64_t record : batch_of<std::int64_t>(*std::get<BatchPtr>(element)).records) text += std::to_string(record) + " ";
  return text;
}

Names texts(const std::vector<Element>& elements) {
  Names all;
  for (const Element& element : elements) all.push_back(text_of(element));
  return all;
}

}  // namespace

TEST_CASE("a keyed table goes to the tasks that own its key groups, in the order in which it was written") {
  StoredJob job = empty_job(1, 1, 2);
  for (std::uint32_t task = 0; task < 2; ++task) {
    auto& chunks = job.operators["count"].tasks[task].chunks;
    chunks.push_back(chunk("full" + std::to_string(task), ChunkKind::Entries, 1));
    chunks.push_back(chunk("gone" + std::to_string(task), ChunkKind::Tombstones, 1));
    chunks.push_back(chunk("delta" + std::to_string(task), ChunkKind::Entries, 1));
  }
  const auto unchanged = restore_tasks(plan_of(1, 1, 2), job);  // tasks: in -> middle, count (2)
  REQUIRE(unchanged.size() == 3);
  CHECK(tables(unchanged[1].nodes[0]) == Names{"full0", "gone0", "delta0"});
  CHECK(tables(unchanged[2].nodes[0]) == Names{"full1", "gone1", "delta1"});

  const auto wider = restore_tasks(plan_of(1, 1, 3), job);
  CHECK(tables(wider[1].nodes[0]) == Names{"full0", "gone0", "delta0"});
  CHECK(tables(wider[2].nodes[0]) == Names{"full0", "gone0", "delta0", "full1", "gone1", "delta1"});
  CHECK(tables(wider[3].nodes[0]) == Names{"full1", "gone1", "delta1"});
}

TEST_CASE("a split list stays with its task while its operator's parallelism does, whatever becomes of the others") {
  StoredJob job = empty_job(2, 2, 2);
  for (std::uint32_t task = 0; task < 2; ++task) {
    job.operators["in"].tasks[task].chunks.push_back(chunk("split" + std::to_string(task), ChunkKind::Split, task));
    job.operators["in"].tasks[task].chunks.push_back(chunk("union" + std::to_string(task), ChunkKind::Union, task));
  }
  for (const std::uint32_t counters : {2u, 5u}) {
    CAPTURE(counters);
    const auto tasks = restore_tasks(plan_of(2, 2, counters), job);
    CHECK(tables(tasks[0].nodes[0]) == Names{"split0", "union0", "union1"});
    CHECK(tables(tasks[1].nodes[0]) == Names{"union0", "split1", "union1"});
    CHECK(tasks[1].nodes[0][1].kind == ChunkKind::Own);
  }
}

TEST_CASE("at another parallelism lists go to every task whole: split ones take their share themselves") {
  StoredJob job = empty_job(2, 2, 1);
  job.operators["in"].tasks[0].chunks.push_back(chunk("a", ChunkKind::Union, 1));
  job.operators["in"].tasks[1].chunks.push_back(chunk("b", ChunkKind::Split, 2));
  for (const auto& task : restore_tasks(plan_of(3, 3, 1), job)) {
    if (task.nodes.size() == 2 && task.inputs.empty()) CHECK(tables(task.nodes[0]) == Names{"a", "b"});
  }
}

TEST_CASE("a task's own notes stay its own where nothing changed, and go to all heads otherwise") {
  StoredJob job = empty_job(2, 2, 2);
  for (std::uint32_t task = 0; task < 2; ++task) job.operators["in"].tasks[task].chunks.push_back(chunk(kTaskTable, ChunkKind::Union, task));
  const auto unchanged = restore_tasks(plan_of(2, 2, 2), job);
  CHECK(unchanged[0].nodes[0].size() == 1);
  CHECK(unchanged[1].nodes[0].size() == 1);
  const auto elsewhere = restore_tasks(plan_of(2, 2, 3), job);
  CHECK(elsewhere[0].nodes[0].size() == 2);

  job.operators["middle"].tasks[0].chunks.push_back(chunk(kTaskTable, ChunkKind::Union, 9));
  const auto fused = restore_tasks(plan_of(2, 2, 2), job);  // middle is no head here
  CHECK(fused[0].nodes[1].empty());
}

TEST_CASE("records in flight go to the channel they were on, the receiver's before the sender's") {
  StoredJob job = empty_job(1, 2, 2);
  const std::string key_edge = "middle.0>count.0:1:0";
  job.operators["middle"].tasks[1].chunks.push_back(in_flight("out:" + key_edge, {3, 4}));
  job.operators["count"].tasks[0].chunks.push_back(in_flight("in:" + key_edge, {1}));
  job.operators["count"].tasks[0].chunks.push_back(in_flight_chunk("in:" + key_edge, Element(Watermark{EventTime{7}})));
  const Plan plan = plan_of(1, 2, 2);
  const auto tasks = restore_tasks(plan, job);
  const auto inputs = plan.make_inputs(3);  // in, middle (2), count (2): the first of count
  REQUIRE(inputs.size() == 2);
  CHECK(inputs[1].label == key_edge);
  CHECK(tasks[3].inputs[0].empty());
  CHECK(texts(tasks[3].inputs[1]) == Names{"1 ", "w7", "3 4 "});
}

TEST_CASE("at another parallelism records in flight are routed anew, and watermarks in flight are dropped") {
  StoredJob job = empty_job(1, 2, 2);
  std::vector<std::int64_t> all;
  for (std::int64_t n = 0; n < 60; n += 3) {
    job.operators["count"].tasks[0].chunks.push_back(in_flight("in:middle.0>count.0:1:0", {n, n + 1, n + 2}));
    for (std::int64_t i = n; i < n + 3; ++i) all.push_back(i);
  }
  job.operators["count"].tasks[0].chunks.push_back(in_flight_chunk("in:middle.0>count.0:1:0", Element(Watermark{EventTime{7}})));
  const Plan plan = plan_of(1, 2, 5);
  const auto tasks = restore_tasks(plan, job);
  std::vector<std::int64_t> seen;
  for (std::uint32_t number = 3; number < tasks.size(); ++number) {
    const KeyOwnership owner{groups_of_task(plan.tasks[number].index, 5, 128), 128};
    for (const auto& channel : tasks[number].inputs) {
      for (const Element& element : channel) {
        REQUIRE(is_batch(element));
        for (const std::int64_t record : batch_of<std::int64_t>(*std::get<BatchPtr>(element)).records) {
          CHECK(owner.owns(hash_of(record)));
          seen.push_back(record);
        }
      }
    }
  }
  std::sort(seen.begin(), seen.end());
  CHECK(seen == all);
}

TEST_CASE("records in flight on an edge that is fused away go to the operator behind it") {
  StoredJob job = empty_job(2, 3, 1);
  job.operators["middle"].tasks[2].chunks.push_back(in_flight("in:in.0>middle.0:1:2", {5}));
  const Plan plan = plan_of(2, 2, 1);
  REQUIRE(plan.name(0) == "in -> middle");
  const auto tasks = restore_tasks(plan, job);
  CHECK(tasks[0].nodes[1].empty());
  REQUIRE(tasks[1].nodes[1].size() == 1);
  CHECK(tasks[1].nodes[1][0].kind == ChunkKind::InFlight);
}

TEST_CASE("a checkpoint that does not fit the job is refused before anything starts") {
  const auto refusal = [](const StoredJob& job) {
    try {
      (void)restore_tasks(plan_of(1, 1, 1), job);
    } catch (const Failure& failure) {
      return std::string(failure.what());
    }
    return std::string("none");
  };
  StoredJob groups = empty_job(1, 1, 1);
  groups.key_groups = 64;
  CHECK(refusal(groups) == "the checkpoint has 64 key groups and the job 128; a job keeps its number of key groups for life");
  StoredJob other = empty_job(1, 1, 1);
  other.operators["dropped"] = {1, {}};
  CHECK(refusal(other) == "none");
  other.operators["dropped"].tasks.push_back({0, {}});
  other.operators["dropped"].tasks[0].chunks.push_back(chunk("total", ChunkKind::Entries, 1));
  CHECK(refusal(other) == "the checkpoint has state of an operator 'dropped' that the job lacks; give an operator that name or start "
                          "without the checkpoint");
  StoredJob edge = empty_job(1, 1, 1);
  edge.operators["count"].tasks[0].chunks.push_back(in_flight("in:gone.0>count.0:0:0", {1}));
  CHECK(refusal(edge) == "the checkpoint has records in flight on 'gone.0>count.0', which the job lacks; resume with the same job, or "
                         "from a savepoint");
}
