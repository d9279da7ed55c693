// Whole pipelines in the embedded engine: results, restarts, checkpoints, messages.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <map>

#include <weir/actors/embedded_job.hpp>
#include <weir/weir.hpp>

#include "support/temporary_directory.hpp"

using namespace weir;
using weir::testing::TemporaryDirectory;

namespace {

constexpr Duration kPatience{60'000};  // bounds a hung run; no test waits for it to pass

JobOutcome run(Pipeline& pipeline, PlanOptions plan, EmbeddedJobOptions options = {}, std::unique_ptr<CheckpointStore> store = nullptr) {
  EmbeddedJob job(Plan::make(std::move(pipeline.graph()), plan), std::move(options), std::move(store));
  const auto outcome = job.wait_for(kPatience);
  REQUIRE_MESSAGE(outcome, "the job hangs");
  return *outcome;
}

std::vector<std::int64_t> numbers(std::int64_t count) {
  std::vector<std::int64_t> made;
  for (std::int64_t i = 0; i < count; ++i) made.push_back(i);
  return made;
}

std::unique_ptr<CheckpointStore> open_store(const std::filesystem::path& directory, const std::string& job) {
  return CheckpointStore::open(directory, {.job = job, .weir_version = "test", .map_bytes = 1ULL << 30}).or_throw();
}

/// How often each key must be counted when `total` numbers fall on `keys` keys in turn.
std::map<std::int64_t, std::int64_t> final_counts(const std::vector<Keyed<std::int64_t, std::int64_t>>& rows) {
  std::map<std::int64_t, std::int64_t> counts;
  for (const auto& row : rows) counts[row.key] = std::max(counts[row.key], row.value);
  return counts;
}

}  // namespace

TEST_CASE("a keyed count sees every record once at any parallelism") {
  for (const std::uint32_t parallelism : {1U, 2U, 3U, 7U}) {
    CAPTURE(parallelism);
    Pipeline pipeline("count");
    Collected<Keyed<std::int64_t, std::int64_t>> rows;
    pipeline.source("numbers", collection(numbers(100'000), 5))
        .key_by([](const std::int64_t& n) { return n % 1000; })
        .count("count")
        .sink("rows", rows);
    CHECK(run(pipeline, {.parallelism = parallelism}).state == JobOutcome::State::Finished);
    const auto records = rows.records();
    CHECK(records.size() == 100'000);
    const auto counts = final_counts(records);
    CHECK(counts.size() == 1000);
    CHECK(std::all_of(counts.begin(), counts.end(), [](const auto& entry) { return entry.second == 100; }));
  }
}

TEST_CASE("an empty source ends the job") {
  Pipeline pipeline("empty");
  Collected<std::int64_t> rows;
  pipeline.source("numbers", collection(std::vector<std::int64_t>{})).map([](std::int64_t n) { return n; }).sink("rows", rows);
  CHECK(run(pipeline, {.parallelism = 3}).state == JobOutcome::State::Finished);
  CHECK(rows.records().empty());
}

TEST_CASE("a function that throws now and then changes no result") {
  const TemporaryDirectory directory;
  Pipeline pipeline("flaky");
  Collected<Keyed<std::int64_t, std::int64_t>> rows;
  auto failures = std::make_shared<std::atomic<int>>(0);
  auto seen = std::make_shared<std::atomic<std::int64_t>>(0);
  pipeline.source("numbers", collection(numbers(400'000), 3))
      .key_by([](const std::int64_t& n) { return n % 100; })
      .count("count")
      .map([=](Keyed<std::int64_t, std::int64_t> row) {
        if (++*seen % 150'000 == 0 && failures->fetch_add(1) < 5) {
          throw std::runtime_error("failure " + std::to_string(failures->load()));
        }
        return row;
      })
      .sink("rows", rows);
  EmbeddedJobOptions options;
  options.checkpoint.interval = Duration(5);
  options.restart.first_delay = Duration(1);
  CHECK(run(pipeline, {.parallelism = 2}, options, open_store(directory.path(), "flaky")).state == JobOutcome::State::Finished);
  CHECK(failures->load() >= 1);
  const auto records = rows.records();
  CHECK(records.size() == 400'000);
  const auto counts = final_counts(records);
  CHECK(std::all_of(counts.begin(), counts.end(), [](const auto& entry) { return entry.second == 4000; }));
}

TEST_CASE("a record that always fails ends the job with its position and the message") {
  Pipeline pipeline("poison");
  Collected<std::int64_t> rows;
  pipeline.source("numbers", collection(numbers(5000)))
      .map([](std::int64_t n) {
        if (n == 4321) throw std::runtime_error("no good");
        return n;
      }, {.name = "parse"})
      .sink("rows", rows);
  EmbeddedJobOptions options;
  options.restart.first_delay = Duration(1);
  const JobOutcome outcome = run(pipeline, {}, options);
  CHECK(outcome.state == JobOutcome::State::Failed);
  CHECK(outcome.message == "operator 'parse' failed at 0:4321: std::runtime_error: no good (3 times)");
  CHECK(rows.records().empty());
}

TEST_CASE("a job continues from its newest checkpoint at another parallelism") {
  const TemporaryDirectory directory;
  Collected<Keyed<std::int64_t, std::int64_t>> rows;
  auto stop_at = std::make_shared<std::atomic<std::int64_t>>(30'000);
  const auto build = [&](Pipeline& pipeline) {
    pipeline.source("numbers", collection(numbers(200'000), 4))
        .key_by([](const std::int64_t& n) { return n % 100; })
        .count("count")
        .map([=](Keyed<std::int64_t, std::int64_t> row) {
          if (--*stop_at == 0) throw std::runtime_error("enough for today");
          return row;
        })
        .sink("rows", rows);
  };
  EmbeddedJobOptions options;
  options.checkpoint.interval = Duration(1);
  options.restart.attempts = 1;
  Pipeline first("resumed");
  build(first);
  CHECK(run(first, {.parallelism = 3}, options, open_store(directory.path(), "resumed")).state == JobOutcome::State::Failed);

  Pipeline second("resumed");
  build(second);
  CHECK(run(second, {.parallelism = 2}, options, open_store(directory.path(), "resumed")).state == JobOutcome::State::Finished);
  const auto counts = final_counts(rows.records());
  CHECK(counts.size() == 100);
  CHECK(std::all_of(counts.begin(), counts.end(), [](const auto& entry) { return entry.second == 2000; }));
}

namespace {

/// Takes about a millisecond of the caller's time.
void work_hard() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
  while (std::chrono::steady_clock::now() < end) {
  }
}

}  // namespace

TEST_CASE("checkpoints complete while a slow operator holds everything back") {
  const TemporaryDirectory directory;
  Pipeline pipeline("slow");
  Collected<std::int64_t> rows;
  pipeline.source("numbers", collection(numbers(1500)))
      .shuffle()
      .map([](std::int64_t n) {
        work_hard();
        return n;
      })
      .sink("rows", rows);
  EmbeddedJobOptions options;
  options.checkpoint.interval = Duration(20);
  options.alignment_limit = Duration(5);
  EmbeddedJob job(Plan::make(std::move(pipeline.graph()), {}), options, open_store(directory.path(), "slow"));
  const auto outcome = job.wait_for(kPatience);
  REQUIRE(outcome);
  CHECK(outcome->state == JobOutcome::State::Finished);
  // All 1500 records fit into the channel: a barrier that waited its turn would complete only at the end.
  CHECK(job.board().checkpoints.load() > 3);
  auto records = rows.records();
  std::sort(records.begin(), records.end());
  CHECK(records == numbers(1500));
}

TEST_CASE("records in flight survive a failure, also at another parallelism") {
  for (const std::uint32_t second_parallelism : {2U, 3U, 1U}) {
    CAPTURE(second_parallelism);
    const TemporaryDirectory directory;
    Collected<Keyed<std::int64_t, std::int64_t>> rows;
    auto stop_at = std::make_shared<std::atomic<std::int64_t>>(600);
    const auto build = [&](Pipeline& pipeline) {
      pipeline.source("numbers", collection(numbers(1000), 2))
          .shuffle(7)
          .map([=](std::int64_t n) {
            if (*stop_at > 0) {
              work_hard();
              if (--*stop_at == 0) throw std::runtime_error("enough for today");
            }
            return n;
          })
          .key_by([](const std::int64_t& n) { return n % 10; })
          .count("count")
          .sink("rows", rows);
    };
    EmbeddedJobOptions options;
    options.checkpoint.interval = Duration(10);
    options.alignment_limit = Duration(1);
    options.restart.attempts = 1;
    Pipeline first("flight");
    build(first);
    CHECK(run(first, {.parallelism = 2}, options, open_store(directory.path(), "flight")).state == JobOutcome::State::Failed);
    *stop_at = 0;
    Pipeline second("flight");
    build(second);
    CHECK(run(second, {.parallelism = second_parallelism}, options, open_store(directory.path(), "flight")).state ==
          JobOutcome::State::Finished);
    CHECK(rows.records().size() == 1000);
    const auto counts = final_counts(rows.records());
    CHECK(counts.size() == 10);
    CHECK(std::all_of(counts.begin(), counts.end(), [](const auto& entry) { return entry.second == 100; }));
  }
}

namespace {

/// A job without end, and the moment at which it is well under way.
struct Endless {
  static constexpr std::int64_t kUnderWay = 5000;  // records

  /// Counts numbers by 100 keys. With a limit the source ends there; otherwise it is paced, so that a limit can lie well ahead.
  explicit Endless(const std::string& name, Collected<Keyed<std::int64_t, std::int64_t>>& rows, std::optional<std::int64_t> limit = {})
      : pipeline(name) {
    Generate<std::int64_t> numbers;
    numbers.record = [](std::int64_t n) { return n; };
    numbers.count = limit;
    numbers.records_per_second = limit ? 0 : 20'000;
    numbers.splits = 4;
    pipeline.source("numbers", numbers)
        .key_by([](const std::int64_t& n) { return n % 100; })
        .count("count")
        .map([seen = seen, reached = reached](Keyed<std::int64_t, std::int64_t> row) {
          if (++*seen == kUnderWay) reached->set_value();
          return row;
        })
        .sink("rows", rows);
  }

  std::unique_ptr<EmbeddedJob> start(PlanOptions plan, EmbeddedJobOptions options = {}, std::unique_ptr<CheckpointStore> store = nullptr) {
    auto job = std::make_unique<EmbeddedJob>(Plan::make(std::move(pipeline.graph()), plan), std::move(options), std::move(store));
    REQUIRE(reached->get_future().wait_for(kPatience) == std::future_status::ready);
    return job;
  }

  std::shared_ptr<std::atomic<std::int64_t>> seen = std::make_shared<std::atomic<std::int64_t>>(0);
  std::shared_ptr<std::promise<void>> reached = std::make_shared<std::promise<void>>();
  Pipeline pipeline;
};

}  // namespace

TEST_CASE("a job that is stopped with a savepoint goes on from it at another parallelism as if it had never stopped") {
  constexpr std::int64_t kTotal = 300'000;  // far beyond what the paced run gets to
  const TemporaryDirectory directory;
  Collected<Keyed<std::int64_t, std::int64_t>> rows;
  {
    EmbeddedJobOptions options;
    options.checkpoint.interval = Duration(20);
    options.alignment_limit = Duration(1);  // an ordinary checkpoint would soon overtake
    options.last_checkpoint = ManifestKind::Savepoint;
    Endless endless("moved", rows);
    const auto job = endless.start({.parallelism = 1}, options, open_store(directory / "state", "moved"));
    job->stop();
    const auto outcome = job->wait_for(kPatience);
    REQUIRE(outcome);
    CHECK_MESSAGE(outcome->state == JobOutcome::State::Stopped, outcome->message);
    CHECK(outcome->ended_with > 0);
  }
  {
    const auto store = open_store(directory / "state", "moved");
    const Manifest manifest = store->manifest(store->checkpoints().front()).or_throw();
    CHECK(manifest.kind == ManifestKind::Savepoint);
    for (const OperatorParts& op : manifest.operators) {
      for (const PartReference& part : op.parts) {
        CHECK(part.kind != ChunkKind::InFlight);
        CHECK(part.chunk.checkpoint == manifest.checkpoint);  // it is full
      }
    }
    store->export_savepoint(manifest, directory / "savepoint").or_throw();
  }
  const std::size_t before = rows.records().size();
  CHECK(before > 0);
  CHECK(before < kTotal);

  EmbeddedJobOptions options;
  options.savepoint = directory / "savepoint";
  Endless rest("moved", rows, kTotal);
  const JobOutcome outcome = run(rest.pipeline, {.parallelism = 3}, options, open_store(directory / "other", "moved"));
  CHECK_MESSAGE(outcome.state == JobOutcome::State::Finished, outcome.message);
  CHECK(rows.records().size() == kTotal);
  const auto counts = final_counts(rows.records());
  CHECK(counts.size() == 100);
  CHECK(std::all_of(counts.begin(), counts.end(), [](const auto& entry) { return entry.second == kTotal / 100; }));
}

TEST_CASE("a savepoint of another job is refused") {
  const TemporaryDirectory directory;
  Collected<Keyed<std::int64_t, std::int64_t>> rows;
  Endless first("mine", rows, 100);
  run(first.pipeline, {}, {}, open_store(directory / "state", "mine"));
  {
    const auto store = open_store(directory / "state", "mine");
    store->export_savepoint(store->manifest(store->checkpoints().front()).or_throw(), directory / "savepoint").or_throw();
  }
  EmbeddedJobOptions options;
  options.savepoint = directory / "savepoint";
  Endless second("yours", rows, 100);
  const JobOutcome outcome = run(second.pipeline, {}, options);
  CHECK(outcome.state == JobOutcome::State::Failed);
  CHECK_MESSAGE(outcome.message.ends_with("holds the state of job 'mine', not of 'yours'"), outcome.message);
}

TEST_CASE("a job without a store that is stopped publishes what it has and says that it was stopped") {
  Collected<Keyed<std::int64_t, std::int64_t>> rows;
  Endless endless("halted", rows);
  const auto job = endless.start({.parallelism = 2});
  job->stop();
  job->stop();
  const auto outcome = job->wait_for(kPatience);
  REQUIRE(outcome);
  CHECK(outcome->state == JobOutcome::State::Stopped);
  CHECK(rows.records().size() >= static_cast<std::size_t>(Endless::kUnderWay));
}

TEST_CASE("a running job can be destroyed") {
  const TemporaryDirectory directory;
  Collected<Keyed<std::int64_t, std::int64_t>> rows;
  EmbeddedJobOptions options;
  options.checkpoint.interval = Duration(1);
  Endless endless("dropped", rows);
  endless.start({.parallelism = 3}, options, open_store(directory / "state", "dropped")).reset();
  Endless unstored("dropped", rows);
  unstored.start({.parallelism = 3}).reset();
}

TEST_CASE("failures that differ end a job that makes no progress") {
  Pipeline pipeline("hopeless");
  Collected<std::int64_t> rows;
  auto failures = std::make_shared<std::atomic<std::int64_t>>(0);
  pipeline.source("numbers", collection(numbers(100)))
      .map([=](std::int64_t n) {
        if (n == *failures) throw std::runtime_error("failure " + std::to_string(++*failures));  // another record each time
        return n;
      }, {.name = "parse"})
      .sink("rows", rows);
  EmbeddedJobOptions options;
  options.restart.in_vain = 5;
  options.restart.first_delay = Duration(1);
  const JobOutcome outcome = run(pipeline, {}, options);
  CHECK(outcome.state == JobOutcome::State::Failed);
  CHECK(outcome.message == "operator 'parse' failed at 0:4: std::runtime_error: failure 5 (failure 5 without a new checkpoint)");
}

namespace {

/// Keeps the number of the newest checkpoint that it was told is complete.
struct Watching {
  std::shared_ptr<std::atomic<CheckpointId>> complete = std::make_shared<std::atomic<CheckpointId>>(0);

  template <class T>
  struct Writer final : SinkWriter<T> {
    explicit Writer(std::shared_ptr<std::atomic<CheckpointId>> told) : complete(std::move(told)) {}
    void write(Batch<T>&) override {}
    void on_complete(CheckpointId checkpoint) override { *complete = checkpoint; }
    std::shared_ptr<std::atomic<CheckpointId>> complete;
  };
  template <class T>
  std::unique_ptr<SinkWriter<T>> make() const { return std::make_unique<Writer<T>>(complete); }
};

}  // namespace

TEST_CASE("a failure that comes back after every checkpoint ends the job") {
  const TemporaryDirectory directory;
  Pipeline pipeline("relapsing");
  const Watching watching;
  auto failed_at = std::make_shared<std::atomic<CheckpointId>>(0);
  Generate<std::int64_t> endless;
  endless.record = [](std::int64_t n) { return n; };
  endless.records_per_second = 10'000;
  pipeline.source("numbers", endless)
      .map([=, complete = watching.complete](std::int64_t n) {
        if (*complete > *failed_at) {
          *failed_at = complete->load();
          throw std::runtime_error("timed out");
        }
        return n;
      }, {.name = "ask"})
      .sink("rows", watching);
  EmbeddedJobOptions options;
  options.checkpoint.interval = Duration(10);
  options.restart.first_delay = Duration(1);
  const JobOutcome outcome = run(pipeline, {}, options, open_store(directory.path(), "relapsing"));
  CHECK(outcome.state == JobOutcome::State::Failed);
  CHECK_MESSAGE(outcome.message.ends_with(": std::runtime_error: timed out (3 times)"), outcome.message);
}

namespace {

/// What a sink of one task was told about its snapshots.
struct Told {
  std::promise<void> going_on;      // set when one was not the last
  std::vector<CheckpointId> last;   // those that were
};

struct Listening {
  std::shared_ptr<Told> told = std::make_shared<Told>();  // shared with the test

  template <class T>
  struct Writer final : SinkWriter<T> {
    explicit Writer(std::shared_ptr<Told> shared) : told(std::move(shared)) {}
    void open(OperatorContext& opened) override { context = &opened; }
    void write(Batch<T>&) override {}
    void before_snapshot(CheckpointId checkpoint) override {
      if (context->last_snapshot()) told->last.push_back(checkpoint);
      else if (!std::exchange(signalled, true)) told->going_on.set_value();
    }
    std::shared_ptr<Told> told;
    OperatorContext* context = nullptr;
    bool signalled = false;
  };
  template <class T>
  std::unique_ptr<SinkWriter<T>> make() const { return std::make_unique<Writer<T>>(told); }
};

}  // namespace

TEST_CASE("a sink knows which snapshot is the last of a job that is to stop") {
  const TemporaryDirectory directory;
  Pipeline pipeline("ending");
  const Listening sink;
  Generate<std::int64_t> endless;
  endless.record = [](std::int64_t n) { return n; };
  endless.records_per_second = 10'000;
  pipeline.source("numbers", endless).sink("rows", sink);
  EmbeddedJobOptions options;
  options.checkpoint.interval = Duration(5);
  EmbeddedJob job(Plan::make(std::move(pipeline.graph()), {}), options, open_store(directory.path(), "ending"));
  REQUIRE(sink.told->going_on.get_future().wait_for(kPatience) == std::future_status::ready);
  job.stop();
  const auto outcome = job.wait_for(kPatience);
  REQUIRE(outcome);
  CHECK(outcome->state == JobOutcome::State::Stopped);
  CHECK(sink.told->last == std::vector<CheckpointId>{outcome->ended_with});
}
