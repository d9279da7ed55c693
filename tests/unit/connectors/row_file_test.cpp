#include <doctest/doctest.h>

#include <fstream>

#include <unistd.h>

#include "support/sink_trial.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

SinkTrial::Make csv_sink(const std::filesystem::path& path) {
  return [path](FileSystem& files) {
    return std::make_unique<RowFileWriter<CsvFormat<TrialRow>>>(CsvFormat<TrialRow>(), path, files);
  };
}

std::string expected(std::int64_t rows) {
  const CsvFormat<TrialRow> format;
  std::string text = format.header();
  for (std::int64_t n = 0; n < rows; ++n) format.append(text, trial_row(n));
  return text;
}

/// The file holds each of its rows in its place, and none beyond the first `rows`.
bool holds_only(const std::filesystem::path& path, std::int64_t rows) {
  return expected(rows).starts_with(content(path));
}

std::size_t files_in(const TemporaryDirectory& directory) {
  return real_file_system().list(directory.path(), FileSystem::Depth::Flat).size();
}

TaskHarness harness(const std::filesystem::path& path,
                    const std::vector<const Snapshot*>& stored = {},
                    FileSystem& files = real_file_system(), AttemptId attempt = {}) {
  return TaskHarness(
      [path, &files] { return std::make_unique<WriteSink<TrialRow>>(csv_sink(path)(files)); },
      {.attempt = attempt}, stored);
}

void push(TaskHarness& task, std::int64_t from, std::int64_t to) {
  Rows<TrialRow> batch;
  for (std::int64_t n = from; n < to; ++n) batch.push_back({trial_row(n), n});
  task.push(batch);
}

/// The checkpoint of a task that wrote so many rows, which are in the file.
Snapshot published(const std::filesystem::path& path, int rows) {
  auto task = harness(path);
  push(task, 0, rows);
  Snapshot stored = task.snapshot();
  task.complete();
  return stored;
}

}  // namespace

TEST_CASE("rows appear in the file when their checkpoint is complete") {
  const TemporaryDirectory directory;
  const auto path = directory / "out.csv";
  auto task = harness(path);
  push(task, 0, 3);
  (void)task.snapshot();
  push(task, 3, 5);
  CHECK(!std::filesystem::exists(path));
  task.complete();
  CHECK(content(path) == expected(3));
  task.end_of_input();
  CHECK(content(path) == expected(3));
  (void)task.snapshot();
  task.complete();
  CHECK(content(path) == expected(5));
  CHECK(files_in(directory) == 1);
}

TEST_CASE("a checkpoint that was given up is covered by the next one") {
  const TemporaryDirectory directory;
  auto task = harness(directory / "out.csv");
  push(task, 0, 2);
  (void)task.snapshot();
  push(task, 2, 4);
  (void)task.snapshot();
  task.complete();
  CHECK(content(directory / "out.csv") == expected(4));
}

TEST_CASE("a checkpoint that is complete publishes nothing of the one behind it") {
  const TemporaryDirectory directory;
  auto task = harness(directory / "out.csv");
  push(task, 0, 2);
  (void)task.snapshot();
  push(task, 2, 4);
  (void)task.snapshot();
  task.task().on_complete(1);
  CHECK(content(directory / "out.csv") == expected(2));
  task.task().on_complete(2);
  CHECK(content(directory / "out.csv") == expected(4));
}

TEST_CASE("a file that goes on from an older checkpoint is cut where that ends, when the next one is complete and not before") {
  const TemporaryDirectory directory;
  auto task = harness(directory / "out.csv");
  push(task, 0, 2);
  const Snapshot older = task.snapshot();
  task.complete();
  push(task, 2, 4);
  (void)task.snapshot();
  task.complete();
  auto restored = harness(directory / "out.csv", {&older});
  CHECK(content(directory / "out.csv") == expected(4));  // a start that comes to nothing costs nothing
  SUBCASE("without new rows") {
    (void)restored.snapshot();
    restored.complete();
    CHECK(content(directory / "out.csv") == expected(2));
  }
  SUBCASE("with new rows") {
    push(restored, 2, 3);
    (void)restored.snapshot();
    restored.complete();
    CHECK(content(directory / "out.csv") == expected(3));
  }
  SUBCASE("when the first checkpoint is given up") {
    push(restored, 2, 3);
    (void)restored.snapshot();
    CHECK(content(directory / "out.csv") == expected(4));
    (void)restored.snapshot();
    restored.complete();
    CHECK(content(directory / "out.csv") == expected(3));
  }
}

TEST_CASE("a fresh start replaces the file with its first complete checkpoint and removes what a dead run left at once") {
  const TemporaryDirectory directory;
  const std::string earlier = "what was there before, and longer than the header\n";
  std::ofstream(directory / "out.csv") << earlier;
  std::ofstream(directory / ".out.csv.uncommitted-0.1.7") << "left";
  std::ofstream(directory / ".out.csv.uncommitted-notes") << "not ours";
  std::ofstream(directory / ".other.csv.uncommitted-0.1.7") << "another sink's";
  auto task = harness(directory / "out.csv");
  CHECK(!std::filesystem::exists(directory / ".out.csv.uncommitted-0.1.7"));
  push(task, 0, 2);
  (void)task.snapshot();
  CHECK(content(directory / "out.csv") == earlier);
  task.complete();
  CHECK(content(directory / "out.csv") == expected(2));
  CHECK(files_in(directory) == 3);
}

TEST_CASE("a file without rows is its header, or empty") {
  const TemporaryDirectory directory;
  std::ofstream(directory / "out.csv") << "what was there before\n";
  auto task = harness(directory / "out.csv");
  (void)task.snapshot();
  task.complete();
  CHECK(content(directory / "out.csv") == expected(0));

  std::ofstream(directory / "out.json") << "what was there before\n";
  TaskHarness json([&] { return std::make_unique<WriteSink<TrialRow>>(JsonFile{directory / "out.json"}.make<TrialRow>()); });
  (void)json.snapshot();
  json.complete();
  CHECK(std::filesystem::exists(directory / "out.json"));
  CHECK(content(directory / "out.json").empty());
}

TEST_CASE("a job that goes on in another file finishes the old one") {
  const TemporaryDirectory directory;
  Snapshot stored;
  {
    auto task = harness(directory / "old.csv");
    push(task, 0, 3);
    stored = task.snapshot();
  }
  auto task = harness(directory / "new.csv", {&stored});
  CHECK(content(directory / "old.csv") == expected(3));
  push(task, 3, 5);
  (void)task.snapshot();
  task.complete();
  CHECK(content(directory / "old.csv") == expected(3));
  CHECK(content(directory / "new.csv").size() == expected(5).size() - expected(3).size() + expected(0).size());
}

TEST_CASE("rows that wait for a file that is not there yet are not taken for moved when there is another") {
  const TemporaryDirectory directory;
  Snapshot stored;
  {
    auto task = harness(directory / "old.csv");
    push(task, 0, 3);
    stored = task.snapshot();
  }
  std::ofstream(directory / "new.csv") << expected(9);
  CHECK_THROWS_WITH_AS(harness(directory / "new.csv", {&stored}), doctest::Contains("holds others"), Failure);
}

TEST_CASE("a job does not go on in a file that holds other rows") {
  const TemporaryDirectory directory;
  Snapshot stored;
  {
    auto task = harness(directory / "old.csv");
    push(task, 0, 3);
    stored = task.snapshot();
  }
  std::ofstream(directory / "new.csv") << expected(2);
  CHECK_THROWS_WITH_AS(harness(directory / "new.csv", {&stored}), doctest::Contains("holds others"), Failure);
  CHECK(content(directory / "new.csv") == expected(2));
}

TEST_CASE("a file that was moved with its segments is continued") {
  const TemporaryDirectory directory;
  const auto before = directory / "before";
  const auto after = directory / "after";
  std::filesystem::create_directory(before);
  Snapshot stored;
  {
    auto task = harness(before / "out.csv");
    push(task, 0, 3);
    stored = task.snapshot();
  }
  std::filesystem::rename(before, after);
  auto task = harness(after / "out.csv", {&stored});
  CHECK(content(after / "out.csv") == expected(3));
}

TEST_CASE("a file that lost bytes that were written is refused") {
  const TemporaryDirectory directory;
  const auto path = directory / "out.csv";
  const Snapshot stored = published(path, 3);
  std::filesystem::resize_file(path, 5);
  CHECK_THROWS_WITH_AS(harness(path, {&stored}), doctest::Contains("rows for"), Failure);
  std::filesystem::remove(path);
  CHECK_THROWS_WITH_AS(harness(path, {&stored}), doctest::Contains("restore it or start over"),
                       Failure);
}

TEST_CASE("a path that cannot be written is told in one line when the sink opens") {
  const TemporaryDirectory directory;
  const auto path = directory / "no" / "out.csv";
  CHECK_THROWS_WITH_AS(harness(path),
                       ("cannot write " + path.string() + ": No such file or directory").c_str(),
                       Failure);
  CHECK_THROWS_WITH_AS(harness("/dev/null"),
                       doctest::Contains("cannot write /dev/null: it is no regular file"), Failure);
  CHECK_THROWS_AS(harness(directory.path()), Failure);
}

TEST_CASE("a single file is written by one task") {
  const TemporaryDirectory directory;
  const auto path = directory / "out.csv";
  HarnessOptions options;
  options.parallelism = 2;
  CHECK_THROWS_WITH_AS(
      TaskHarness(
          [&] { return std::make_unique<WriteSink<TrialRow>>(CsvFile{path}.make<TrialRow>()); },
          options),
      doctest::Contains("give it .parallelism = 1"), Failure);

  Pipeline pipeline("job");
  const auto rows = pipeline.source("rows", collection<TrialRow>({}));
  rows.sink("out", CsvFile{path});
  CHECK(pipeline.graph().nodes.back().parallelism == 1);
  CHECK_THROWS_WITH_AS(rows.sink("more", CsvFile{path}, {.parallelism = 3}),
                       "sink 'more' cannot have parallelism 3; at most 1", Failure);
}

TEST_CASE("whatever call the machine stops before, the file ends with every row once") {
  const std::string script = "w3 s c w2 s w4 s c w1 w2 s c s c w3";
  for (const bool power : {false, true}) {
    for (std::uint64_t call = 0;; ++call) {
      const TemporaryDirectory directory;
      const auto path = directory / "out.csv";
      SinkTrial trial(csv_sink(path), parse_script(script), call);
      trial.files().crash_at(call);
      const bool reached = trial.run();
      CAPTURE(call);
      CAPTURE(power);
      if (!reached) {
        CHECK(holds_only(path, trial.covered()));
        if (power) trial.files().lose_power();
        trial.files().reset();
        REQUIRE(trial.run());
      }
      REQUIRE(content(path) == expected(trial.rows()));
      REQUIRE(files_in(directory) == 1);
      if (reached) {
        CHECK(call > 40);
        break;
      }
    }
  }
}

TEST_CASE("a second crash during recovery changes nothing") {
  const std::string script = "w3 s c w2 s c w4 s c w1";
  for (std::uint64_t first = 0; first < 60; ++first) {
    for (std::uint64_t second = 0; second < 14; ++second) {
      const TemporaryDirectory directory;
      const auto path = directory / "out.csv";
      SinkTrial trial(csv_sink(path), parse_script(script), first * 100 + second);
      CAPTURE(first);
      CAPTURE(second);
      trial.files().crash_at(first);
      if (trial.run()) break;
      trial.files().lose_power();
      trial.files().reset();
      trial.files().crash_at(second);
      if (!trial.run()) {
        trial.files().lose_power();
        trial.files().reset();
        REQUIRE(trial.run());
      }
      REQUIRE(content(path) == expected(trial.rows()));
      REQUIRE(files_in(directory) == 1);
    }
  }
}

TEST_CASE("when the newest checkpoint cannot be read the one before still gives every row once") {
  for (std::uint64_t call = 0;; ++call) {
    const TemporaryDirectory directory;
    const auto path = directory / "out.csv";
    SinkTrial trial(csv_sink(path), parse_script("w3 s c w2 s c w4 s c w1"), call);
    trial.files().crash_at(call);
    CAPTURE(call);
    const bool reached = trial.run();
    trial.lose_newest_checkpoint();
    trial.files().reset();
    REQUIRE(trial.run());
    REQUIRE(content(path) == expected(trial.rows()));
    REQUIRE(files_in(directory) == 1);
    if (reached) break;
  }
}

TEST_CASE("a call that fails once, as on a full disk, costs nothing but a restart") {
  for (std::uint64_t call = 0;; ++call) {
    const TemporaryDirectory directory;
    const auto path = directory / "out.csv";
    SinkTrial trial(csv_sink(path), parse_script("w3 s c w2 s w4 s c w1"));
    trial.files().fail_at(call);
    CAPTURE(call);
    const bool reached = trial.run();
    if (!reached) REQUIRE(trial.run());
    REQUIRE(content(path) == expected(trial.rows()));
    REQUIRE(files_in(directory) == 1);
    if (reached) break;
  }
}

TEST_CASE("records that CSV has no columns for are refused with advice") {
  CHECK_THROWS_WITH_AS((RowFile{"x", RowFormat::Csv}.make<std::vector<std::int64_t>>()),
                       doctest::Contains("write json"), Failure);
  CHECK(RowFile{"x", RowFormat::Json}.make<std::vector<std::int64_t>>() != nullptr);
  CHECK(row_format("json") == RowFormat::Json);
  CHECK_THROWS_WITH_AS(row_format("xml"), "'xml' is not a format; write csv, json or text",
                       Failure);
}

TEST_CASE("what a dead attempt that comes back still does changes nothing") {
  const TemporaryDirectory directory;
  const auto path = directory / "out.csv";
  const auto attempt = [&](std::uint64_t number, const std::vector<const Snapshot*>& stored = {}) {
    return harness(path, stored, real_file_system(), {3, number});
  };
  auto dead = attempt(1);
  push(dead, 0, 2);
  const Snapshot covered = dead.snapshot();
  dead.complete();
  push(dead, 2, 5);  // open when it is taken for dead

  auto alive = attempt(2, {&covered});
  push(alive, 2, 4);
  push(dead, 5, 9);
  (void)dead.snapshot();  // of a checkpoint that will never be complete
  (void)alive.snapshot();
  dead.task().on_complete(1);  // heard late
  push(dead, 9, 10);
  alive.complete();
  CHECK(content(path) == expected(4));
  push(alive, 4, 6);
  (void)alive.snapshot();
  alive.complete();
  CHECK(content(path) == expected(6));
}

TEST_CASE("a worker's sink and a program do not write one file, whoever comes first, but attempts at one job may overlap") {
  const TemporaryDirectory directory;
  const auto path = directory / "out.csv";
  const WrittenFiles written{WrittenFiles::Kind::One, path};
  const auto worker = [&](std::uint64_t attempt) { return harness(path, {}, real_file_system(), {3, attempt}); };
  {
    auto stopped = worker(1);
    CHECK_THROWS_WITH_AS(OutputLock::of_program("rows", written),
                         ("sink 'rows' cannot write " + path.string() + ": a cluster's job 3 is writing it; stop it first, or name another file").c_str(),
                         PermanentFailure);
    auto next = worker(2);
    push(next, 0, 2);
    (void)next.snapshot();
    next.complete();
    CHECK(content(path) == expected(2));
  }
  const auto program = OutputLock::of_program("rows", written);
  CHECK_THROWS_WITH_AS(worker(3), doctest::Contains(("cannot write " + path.string() + ": process " + std::to_string(getpid()) + " is writing it").c_str()),
                       PermanentFailure);
  auto sink_of_program = harness(path);
  CHECK(content(path) == expected(2));
}

TEST_CASE("a worker's lock goes with the last checkpoint of its job, and not before") {
  const TemporaryDirectory directory;
  const auto path = directory / "out.csv";
  auto task = harness(path, {}, real_file_system(), {3, 1});
  push(task, 0, 2);
  (void)task.snapshot();
  task.complete();
  CHECK(std::filesystem::exists(directory / ".out.csv.lock"));
  task.deliver(0, Barrier{.checkpoint = 2, .afterwards = Barrier::Afterwards::End});
  REQUIRE(task.take_stored(2));
  CHECK(std::filesystem::exists(directory / ".out.csv.lock"));
  task.task().on_complete(2);
  CHECK(files_in(directory) == 1);
}

TEST_CASE("rows that something else wrote over are missed, and not taken for published") {
  const TemporaryDirectory directory;
  const auto path = directory / "out.csv";
  const Snapshot stored = published(path, 3);
  SUBCASE("when a job goes on") {
    { auto unharmed = harness(path, {&stored}); }
    std::ofstream(path) << std::string(1000, 'x');
    CHECK_THROWS_WITH_AS(harness(path, {&stored}), doctest::Contains("something else wrote or removed them; restore it or start over"), PermanentFailure);
    CHECK(content(path) == std::string(1000, 'x'));
  }
  SUBCASE("when a checkpoint is complete") {
    auto task = harness(path, {&stored});
    push(task, 3, 5);
    (void)task.snapshot();
    std::ofstream(path) << std::string(1000, 'x');
    for (const auto& file : real_file_system().list(directory.path(), FileSystem::Depth::Flat)) {
      if (file != path) std::filesystem::remove(file);
    }
    CHECK_THROWS_WITH_AS(task.complete(), doctest::Contains("rows for "), PermanentFailure);
  }
}

TEST_CASE("a job without checkpoints that ends leaves nothing hidden, and one with checkpoints what the next run needs") {
  for (const bool checkpointed : {false, true}) {
    const TemporaryDirectory directory;
    const auto path = directory / "out.csv";
    {
      TaskHarness task([&] { return std::make_unique<WriteSink<TrialRow>>(csv_sink(path)(real_file_system())); }, {.checkpointed = checkpointed});
      push(task, 0, 3);
      (void)task.snapshot();
      push(task, 3, 5);
    }
    CHECK(files_in(directory) == (checkpointed ? 1 : 0));
  }
}
