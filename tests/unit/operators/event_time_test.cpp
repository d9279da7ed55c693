// Event times, watermarks and what holds them, per split and per task.
#include <weir/operators/event_time.hpp>

#include <doctest/doctest.h>

#include <algorithm>

#include "support/plan_runner.hpp"
#include "support/script.hpp"
#include "support/task_harness.hpp"

namespace weir::testing {
namespace {

using namespace std::chrono_literals;

/// Splits of records that are their own event times, as far as the test lets them through. Shared by the test and all tasks.
struct Shelves {
  struct Split {
    std::vector<std::int64_t> times;
    std::size_t available = 0;
    bool ends = true;
  };
  std::map<std::string, Split> splits;
  bool watched = false;            // new splits may turn up
  std::vector<std::int64_t> read;  // in order

  void add(const std::string& name, std::vector<std::int64_t> times) {
    Split& split = splits[name];
    split.times.insert(split.times.end(), times.begin(), times.end());
    split.available = split.times.size();
  }
  std::int64_t greatest_read() const { return *std::max_element(read.begin(), read.end()); }
};

/// Reads one record at a time, all splits side by side.
struct FromShelves {
  using Record = std::int64_t;
  std::shared_ptr<Shelves> shelves;
  std::unique_ptr<Source<std::int64_t>> make() const;
};

class ShelfReader final : public SplitReader<std::int64_t> {
 public:
  ShelfReader(Shelves& shelves, Shelves::Split& split, std::int64_t next) : shelves_(shelves), split_(split), next_(next) {}
  ReadResult read(Batch<std::int64_t>& batch, std::size_t) override {
    if (next_ == static_cast<std::int64_t>(split_.available)) {
      return split_.ends && split_.available == split_.times.size() ? ReadResult::end() : ReadResult{ReadResult::State::Wait, {}};
    }
    batch.records.push_back(split_.times[static_cast<std::size_t>(next_++)]);
    shelves_.read.push_back(batch.records.back());
    return ReadResult::more();
  }
  SplitPosition position() const override { return {next_, next_}; }

 private:
  Shelves& shelves_;
  Shelves::Split& split_;
  std::int64_t next_;
};

class ShelfSource final : public Source<std::int64_t> {
 public:
  explicit ShelfSource(std::shared_ptr<Shelves> shelves) : shelves_(std::move(shelves)) {}
  std::vector<std::string> discover() override {
    std::vector<std::string> names;
    for (const auto& [name, split] : shelves_->splits) names.push_back(name);
    return names;
  }
  std::unique_ptr<SplitReader<std::int64_t>> open(const std::string& split, const SplitPosition& from, OperatorContext&) override {
    return std::make_unique<ShelfReader>(*shelves_, shelves_->splits.at(split), from.offset);
  }
  std::optional<Duration> rediscover() const override {
    return shelves_->watched ? std::optional<Duration>(Duration(1h)) : std::nullopt;
  }
  std::size_t concurrent_splits() const override { return 100; }

 private:
  std::shared_ptr<Shelves> shelves_;
};

std::unique_ptr<Source<std::int64_t>> FromShelves::make() const { return std::make_unique<ShelfSource>(shelves); }

EventTime its_time(std::int64_t record) { return EventTime{record}; }

/// shelves -> event_time, with `parallelism` tasks, then one task that receives everything.
JobGraph job_on(const std::shared_ptr<Shelves>& shelves, const EventTimeOptions& options, std::uint32_t parallelism = 1) {
  Pipeline pipeline("job");
  receive(pipeline.source("shelves", FromShelves{shelves}, {.parallelism = parallelism}).event_time(its_time, options).global(), "all");
  return pipeline.graph();
}

OperatorFactory assign(const EventTimeOptions& options) {
  return operator_of<std::int64_t>([&](auto numbers) { return numbers.event_time(its_time, options); });
}

TEST_CASE("the watermark is the greatest time less the bound and a millisecond, and cuts a batch before a late record") {
  TaskHarness task(assign({.out_of_orderness = 10ms}));
  task.push<std::int64_t>({{100}, {95}, {120}, {105}});
  CHECK(task.take_log<std::int64_t>() == std::vector<std::string>{"100@100", "95@95", "120@120", "watermark 109", "105@105"});
}

TEST_CASE("the least time there is, which stands for none, is refused as a record's, wherever it comes") {
  const std::int64_t least = EventTime::min().ms;
  for (const Rows<std::int64_t>& records : {rows<std::int64_t>({{least}}), rows<std::int64_t>({{100}, {least}}), rows<std::int64_t>({{least + 1}, {least}})}) {
    TaskHarness task(assign({.out_of_orderness = 10ms}));
    CHECK_THROWS_WITH_AS(task.push(records),
                         "a record's event time is out of range: the least is -9223372036854775807 ms, found -9223372036854775808", Failure);
  }
  TaskHarness task(assign({.out_of_orderness = 10ms}));
  task.push<std::int64_t>({{least + 1}, {100}});
  CHECK(task.take<std::int64_t>().size() == 2);
}

TEST_CASE("the slowest split holds the watermark, and is named") {
  const auto shelves = std::make_shared<Shelves>();
  shelves->add("fast", {10, 20, 30, 40, 50});
  shelves->add("slow", {5, 6, 40});
  shelves->splits["slow"].available = 2;
  shelves->splits["fast"].ends = false;
  PlanRunner job(job_on(shelves, {}), {.parallelism = 1}, 1);
  job.run();
  CHECK(job.task(0).watermark() == EventTime{5});
  CHECK(job.task(0).watermark_holder() == "split slow");
  shelves->splits["slow"].available = 3;
  job.wake_all();
  job.run();
  CHECK(job.task(0).watermark() == EventTime{49});  // slow has ended
  CHECK(job.task(0).watermark_holder() == "split fast");
}

TEST_CASE("a split further ahead than the drift allows waits for the slowest one") {
  const auto shelves = std::make_shared<Shelves>();
  shelves->add("fast", {10, 20, 30, 40, 50, 60, 70, 80, 90, 100});
  shelves->add("slow", {1, 2, 60, 61});
  shelves->splits["slow"].available = 2;
  PlanRunner job(job_on(shelves, {.max_drift = 25ms}), {.parallelism = 1}, 1);
  job.run();
  CHECK(shelves->greatest_read() == 30);  // the first one whose watermark is more than 25 ms ahead
  shelves->splits["slow"].available = 3;
  job.wake_all();
  job.run();
  CHECK(shelves->greatest_read() == 90);
  shelves->splits["slow"].available = 4;
  job.wake_all();
  job.run();
  CHECK(shelves->read.size() == 14);  // a split that has ended holds nobody
  CHECK(job.finished());
}

TEST_CASE("a split without a record holds the others, until it is idle") {
  const auto shelves = std::make_shared<Shelves>();
  shelves->add("fast", {10, 20, 30, 40});
  shelves->splits["silent"].ends = false;
  PlanRunner waits(job_on(shelves, {.max_drift = 25ms}), {.parallelism = 1}, 1);
  waits.run();
  CHECK(shelves->read == std::vector<std::int64_t>{10});
  CHECK(waits.task(0).watermark() == EventTime::min());

  shelves->read.clear();
  PlanRunner job(job_on(shelves, {.idle_after = 1s, .max_drift = 25ms}), {.parallelism = 1}, 1);
  job.run([&] { return shelves->read.size() == 4; });
  CHECK(shelves->read == std::vector<std::int64_t>{10, 20, 30, 40});
}

TEST_CASE("a split that waits for others is not idle") {
  const auto shelves = std::make_shared<Shelves>();
  shelves->add("fast", {1000, 2000, 3000});
  shelves->add("slow", {1});
  shelves->splits["slow"].ends = false;
  PlanRunner job(job_on(shelves, {.idle_after = 1s, .max_drift = 500ms}), {.parallelism = 1}, 1);
  bool idle = false;
  job.run([&] {
    idle |= !job.task(1).gate().holding();
    return shelves->read.size() == 4;
  });
  CHECK(!idle);  // or the watermark of others could pass the records that fast still has
}

TEST_CASE("two event times that wait for different splits do not stop their source") {
  const auto shelves = std::make_shared<Shelves>();
  shelves->add("first", {100, 200, 300});
  shelves->add("second", {500, 600, 700});
  Pipeline pipeline("job");
  const auto source = pipeline.source("shelves", FromShelves{shelves}, {.parallelism = 1});
  receive(source.event_time(its_time, {.max_drift = 10ms}), "forwards");
  receive(source.event_time([](std::int64_t n) { return EventTime{1000 - n}; }, {.max_drift = 10ms}), "backwards");
  PlanRunner job(pipeline.graph(), {.parallelism = 1}, 1);
  job.run();
  CHECK(job.finished());
  CHECK(shelves->read.size() == 6);
}

TEST_CASE("a source task without a split does not hold the watermark") {
  const auto shelves = std::make_shared<Shelves>();
  shelves->watched = true;
  shelves->add("0", {10, 20});  // the first task's
  shelves->splits["0"].ends = false;
  PlanRunner job(job_on(shelves, {}, 2), {.parallelism = 1}, 1);
  job.run([&] { return job.task(2).watermark() == EventTime{19}; });
  CHECK(job.task(2).watermark() == EventTime{19});
  CHECK(job.task(2).watermark_holder() == "shelves -> event_time (1/2)");
}

TEST_CASE("a restored task tells its watermark again before any record comes") {
  const auto shelves = std::make_shared<Shelves>();
  shelves->add("0", {100});
  shelves->add("1", {50});
  for (auto& [name, split] : shelves->splits) split.ends = false;
  std::unique_ptr<StoredJob> stored;
  {
    PlanRunner before(job_on(shelves, {}, 2), {.parallelism = 1}, 1);
    before.run();
    before.trigger();
    before.run();
    stored = before.take_checkpoint();
    REQUIRE(stored);
  }
  PlanRunner after(job_on(shelves, {}, 2), {.parallelism = 1}, 2, stored.get());
  after.run();
  CHECK(after.task(0).watermark() == EventTime{99});
  CHECK(after.task(1).watermark() == EventTime{49});
  shelves->add("1", {200});
  after.wake_all();
  after.run();
  CHECK(after.task(2).watermark() == EventTime{99});  // and not held by the silent split's task
}

TEST_CASE("a restored task whose splits have all been read is idle") {
  const auto shelves = std::make_shared<Shelves>();
  shelves->watched = true;
  shelves->add("0", {100});
  shelves->splits["0"].ends = false;
  shelves->add("1", {50});
  std::unique_ptr<StoredJob> stored;
  {
    PlanRunner before(job_on(shelves, {}, 2), {.parallelism = 1}, 1);
    before.run([&] { return before.task(2).watermark() == EventTime{99}; });
    before.trigger();
    before.run([&] { return before.checkpoint() != nullptr; });
    stored = before.take_checkpoint();
  }
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    PlanRunner after(job_on(shelves, {}, 2), {.parallelism = 1}, seed, stored.get());
    after.run_moves(200);
    shelves->add("0", {100 + static_cast<std::int64_t>(seed)});
    after.wake_all();
    after.run_moves(2'000);
    CHECK(after.task(2).watermark() == EventTime{99 + static_cast<std::int64_t>(seed)});
    CHECK(after.task(2).watermark_holder() == "shelves -> event_time (1/2)");
  }
}

TEST_CASE("after the end of time no lower watermark follows") {
  TaskHarness before(assign({}));
  before.push<std::int64_t>({{100}});
  const Snapshot snapshot = before.snapshot();
  TaskHarness after(assign({}), {}, {&snapshot});
  after.end_of_input();
  after.advance(1s);
  CHECK(after.take_log<std::int64_t>() == std::vector<std::string>{"watermark end", "end"});
}

TEST_CASE("idleness from upstream is passed on, and the next record ends it") {
  TaskHarness task(assign({}));
  task.push<std::int64_t>({{100}});
  task.idle();
  task.push<std::int64_t>({{101}});
  CHECK(task.take_log<std::int64_t>() == std::vector<std::string>{"100@100", "watermark 99", "idle", "101@101", "watermark 100"});
}

}  // namespace
}  // namespace weir::testing
