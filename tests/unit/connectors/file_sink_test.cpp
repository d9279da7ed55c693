#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "support/sink_trial.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

std::string by_parity(const TrialRow& row) { return row.number % 2 == 0 ? "even" : "odd/deep"; }

PartOptions part_options(const std::filesystem::path& directory) {
  PartOptions options;
  options.directory = directory;
  options.suffix = ".csv";
  options.roll_bytes = 40;
  options.roll_after = Duration(1000);
  return options;
}

SinkTrial::Make files_sink(const std::filesystem::path& directory) {
  return [directory](FileSystem& files) {
    using Writer = FilesWriter<CsvFormat<TrialRow>, decltype(&by_parity)>;
    return std::make_unique<Writer>(CsvFormat<TrialRow>(), &by_parity, part_options(directory),
                                    files);
  };
}

std::vector<std::string> names_in(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (const auto& path : real_file_system().list(directory, FileSystem::Depth::Recursive)) {
    names.push_back(path.lexically_relative(directory).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// The numbers of the rows in all files for readers, in order. Every file must begin with the header and hold whole rows.
std::vector<std::int64_t> rows_in(const std::filesystem::path& directory) {
  std::vector<std::int64_t> numbers;
  const CsvFormat<TrialRow> format;
  for (const auto& path : real_file_system().list(directory, FileSystem::Depth::Recursive)) {
    if (path.filename().string().front() == '.') continue;
    std::string expected = format.header();
    const std::string text = content(path);
    REQUIRE(text.starts_with(expected));
    std::istringstream lines(text.substr(expected.size()));
    for (std::string line; std::getline(lines, line);) {
      numbers.push_back(std::stoll(line));
      format.append(expected, trial_row(numbers.back()));
    }
    REQUIRE(text == expected);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<std::int64_t> first_numbers(std::int64_t count) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t n = 0; n < count; ++n) numbers.push_back(n);
  return numbers;
}

bool has_hidden(const std::filesystem::path& directory) {
  const auto names = names_in(directory);
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.find(".inprogress") != std::string::npos;
  });
}

void push(TaskHarness& task, std::int64_t from, std::int64_t to) {
  Rows<TrialRow> batch;
  for (std::int64_t n = from; n < to; ++n) batch.push_back({trial_row(n), n});
  task.push(batch);
}

template <class Sink>
OperatorFactory factory(Sink sink) {
  return [sink] { return std::make_unique<WriteSink<TrialRow>>(sink.template make<TrialRow>()); };
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the last checkpoint of a job that is stopped leaves no row hidden") {
  const TemporaryDirectory directory;
  const auto out = directory / "out";
  TaskHarness task(factory(Files{.directory = out}));
  push(task, 0, 2);
  task.deliver(0, Barrier{.checkpoint = 1, .afterwards = Barrier::Afterwards::End});
  REQUIRE(task.take_stored(1));
  CHECK(rows_in(out).empty());  // not complete
  task.task().on_complete(1);
  CHECK(rows_in(out) == first_numbers(2));
  CHECK_FALSE(has_hidden(out));
}

TEST_CASE("rows of alternating buckets are written bucket by bucket") {
  const TemporaryDirectory directory;
  CrashingFileSystem files;
  const auto make = [&] {
    PartOptions options = part_options(directory / "out");
    options.roll_bytes = 1 << 20;
    using Writer = FilesWriter<CsvFormat<TrialRow>, decltype(&by_parity)>;
    return std::make_unique<WriteSink<TrialRow>>(
        std::make_unique<Writer>(CsvFormat<TrialRow>(), &by_parity, options, files));
  };
  TaskHarness task(make);
  push(task, 0, 2);
  const std::uint64_t before = files.calls();
  push(task, 2, 102);
  CHECK(files.calls() - before == 2);
  task.end_of_input();
  (void)task.snapshot();
  task.complete();
  CHECK(rows_in(directory / "out") == first_numbers(102));
}

TEST_CASE("a part appears when it was rolled and the checkpoint behind that is complete") {
  const TemporaryDirectory directory;
  const auto out = directory / "out";
  TaskHarness task(factory(Files{.directory = out, .roll_after = std::chrono::seconds(10)}));
  push(task, 0, 2);
  CHECK(names_in(out) == Names{".part-0-0.csv.0.0.inprogress"});
  (void)task.snapshot();
  task.complete();
  CHECK(rows_in(out).empty());  // still open
  task.advance(Duration(10'000));
  CHECK(rows_in(out).empty());  // rolled, not covered
  push(task, 2, 3);
  (void)task.snapshot();
  CHECK(rows_in(out).empty());  // covered by a checkpoint that is not complete
  task.complete();
  CHECK(rows_in(out) == first_numbers(2));
  task.end_of_input();
  (void)task.snapshot();
  task.complete();
  CHECK(rows_in(out) == first_numbers(3));
  CHECK(names_in(out) == Names{"part-0-0.csv", "part-0-1.csv"});
}

TEST_CASE("a checkpoint that is complete publishes no part of the one behind it") {
  const TemporaryDirectory directory;
  const auto out = directory / "out";
  TaskHarness task(factory(Files{.directory = out, .roll_bytes = 1}));
  push(task, 0, 1);
  (void)task.snapshot();
  push(task, 1, 2);
  (void)task.snapshot();
  task.task().on_complete(1);
  CHECK(rows_in(out) == first_numbers(1));
  task.task().on_complete(2);
  CHECK(rows_in(out) == first_numbers(2));
}

TEST_CASE("a part is rolled when it is large enough") {
  const TemporaryDirectory directory;
  TaskHarness task(factory(Files{.directory = directory / "out",
                                 .format = RowFormat::Json,
                                 .prefix = "rows",
                                 .roll_bytes = 60}));
  for (std::int64_t n = 0; n < 6; ++n) push(task, n, n + 1);
  (void)task.snapshot();
  task.complete();
  const auto names = names_in(directory / "out");
  CHECK(names.size() == 3);
  CHECK(content(directory / "out/rows-0-0.json") ==
        "{\"number\":0,\"text\":\"\"}\n{\"number\":1,\"text\":\"bbbbbbb\"}\n{\"number\":2,\"text\":"
        "\"ccc\"}\n");
}

TEST_CASE("records go to the directory that the function names") {
  const TemporaryDirectory directory;
  const auto out = directory / "out";
  TaskHarness task(
      factory(Files{.directory = out}.partitioned_by([](const TrialRow&, EventTime time) {
        return utc_text(EventTime{time.ms * 3'600'000}, "%Y-%m-%d/%H");
      })));
  push(task, 0, 3);
  push(task, 1, 2);
  task.end_of_input();
  (void)task.snapshot();
  task.complete();
  CHECK(names_in(out) == Names{"1970-01-01/00/part-0-0.csv", "1970-01-01/01/part-0-1.csv",
                               "1970-01-01/02/part-0-2.csv"});
  CHECK(rows_in(out) == std::vector<std::int64_t>{0, 1, 1, 2});
}

TEST_CASE("with many buckets the oldest part is rolled, so that few files are open") {
  const TemporaryDirectory directory;
  const auto out = directory / "out";
  TaskHarness task(factory(Files{.directory = out, .max_open_parts = 2}.partitioned_by(
      [](const TrialRow& row) { return std::to_string(row.number); })));
  push(task, 0, 5);
  (void)task.snapshot();
  task.complete();
  CHECK(rows_in(out) == first_numbers(3));
}

TEST_CASE("a bucket that leads out of the directory is refused") {
  const TemporaryDirectory directory;
  for (const std::string bucket : {"../x", "/x", "a/../b", ".x", "a/", "a//.b"}) {
    CAPTURE(bucket);
    TaskHarness task(factory(Files{.directory = directory / "out"}.partitioned_by(
        [bucket](const TrialRow&) { return bucket; })));
    CHECK_THROWS_WITH_AS(push(task, 0, 1), doctest::Contains("cannot be a bucket of part files"),
                         Failure);
  }
}

TEST_CASE("a fresh start replaces this sink's files, once a checkpoint is complete, and no others") {
  const TemporaryDirectory directory;
  for (const std::string name :
       {"part-0-0.csv", "part-5-12.csv", ".part-1-3.csv.0.7.inprogress", "part-0-0.json",
        "part-00-1.csv", "part-0.csv", "part-0-0.csv.bak", "other-0-0.csv", "notes"}) {
    std::ofstream(directory / name) << "x";
  }
  const auto sink = factory(Files{.directory = directory.path(), .roll_after = std::chrono::seconds(1)});
  const Names others = {"notes", "other-0-0.csv", "part-0-0.csv.bak", "part-0-0.json", "part-0.csv", "part-00-1.csv"};
  const auto with = [&](Names more) {
    more.insert(more.end(), others.begin(), others.end());
    std::sort(more.begin(), more.end());
    return more;
  };
  TaskHarness task(sink);
  push(task, 0, 1);
  task.advance(Duration(1000));
  const Snapshot stored = task.snapshot();
  CHECK(names_in(directory.path()) == with({".part-0-1.csv.0.0.inprogress", "part-0-0.csv", "part-5-12.csv"}));

  // The machine stops between the end of the checkpoint and what follows from it.
  TaskHarness(sink, {}, {&stored});
  CHECK(names_in(directory.path()) == with({"part-0-1.csv"}));
  CHECK(content(directory / "part-0-1.csv").size() > 1);
}

TEST_CASE("a complete checkpoint takes an earlier run's files away, and none of its own") {
  const TemporaryDirectory directory;
  for (const std::string name : {"part-0-0.csv", "part-0-4.csv", "part-1-0.csv"}) std::ofstream(directory / name) << "x";
  TaskHarness task(factory(Files{.directory = directory.path(), .roll_after = std::chrono::seconds(1)}));
  push(task, 0, 2);
  task.advance(Duration(1000));
  (void)task.snapshot();
  CHECK(names_in(directory.path()).size() == 4);
  task.complete();
  CHECK(names_in(directory.path()) == Names{"part-0-5.csv"});
  CHECK(rows_in(directory.path()) == first_numbers(2));
}

TEST_CASE("a directory that cannot be written is told in one line when the sink opens") {
  const TemporaryDirectory directory;
  std::ofstream(directory / "file") << "x";
  CHECK_THROWS_WITH_AS(TaskHarness(factory(Files{.directory = directory / "file" / "out"})),
                       doctest::Contains("Not a directory"), Failure);
  CHECK_THROWS_WITH_AS(TaskHarness(factory(Files{.directory = ""})),
                       doctest::Contains("no directory"), Failure);
  CHECK_THROWS_WITH_AS(TaskHarness(factory(Files{.directory = directory.path(), .prefix = "a/b"})),
                       doctest::Contains("cannot be the prefix"), Failure);
}

TEST_CASE("a published part that a reader took away is not missed, an open one is") {
  const TemporaryDirectory directory;
  const auto out = directory / "out";
  const auto sink = factory(Files{.directory = out, .roll_after = std::chrono::seconds(1)});
  Snapshot stored;
  {
    TaskHarness task(sink);
    push(task, 0, 2);
    task.advance(Duration(1000));
    push(task, 2, 3);
    stored = task.snapshot();
    task.complete();
  }
  std::filesystem::remove(out / "part-0-0.csv");
  TaskHarness(sink, {}, {&stored});
  CHECK(rows_in(out) == std::vector<std::int64_t>{2});
  std::filesystem::remove(out / "part-0-1.csv");
  CHECK_THROWS_WITH_AS(TaskHarness(sink, {}, {&stored}), doctest::Contains("rows are lost"),
                       Failure);
}

TEST_CASE("restored with fewer and more tasks, no row is lost and no name is used twice") {
  const TemporaryDirectory directory;
  const auto out = directory / "out";
  const auto sink = factory(Files{.directory = out, .roll_after = std::chrono::seconds(1)});
  std::vector<Snapshot> stored;
  std::int64_t next = 0;
  const auto run = [&](std::uint32_t tasks) {
    std::vector<const Snapshot*> from;
    for (const Snapshot& snapshot : stored) from.push_back(&snapshot);
    std::vector<Snapshot> taken;
    for (std::uint32_t number = 0; number < tasks; ++number) {
      TaskHarness task(sink, {.task = number, .parallelism = tasks}, from);
      push(task, next, next + 2);
      next += 2;
      if (number % 2 == 0) task.advance(Duration(2000));
      push(task, next, next + 1);
      next += 1;
      taken.push_back(task.snapshot());
    }  // dies before anything is published
    stored = std::move(taken);
  };
  run(3);
  run(1);
  run(2);
  run(4);
  run(1);
  std::vector<const Snapshot*> from{&stored[0]};
  TaskHarness last(sink, {}, from);
  CHECK(rows_in(out) == first_numbers(next));
  CHECK_FALSE(has_hidden(out));
}

TEST_CASE("whatever call the machine stops before, the directory ends with every row once") {
  for (const bool power : {false, true}) {
    for (std::uint64_t call = 0;; ++call) {
      const TemporaryDirectory directory;
      const auto out = directory / "out";
      SinkTrial trial(files_sink(out),
                      parse_script("w3 s c w2 t500 s w4 s c w1 t600 w2 s c s c w3"), call);
      trial.files().crash_at(call);
      CAPTURE(call);
      CAPTURE(power);
      const bool reached = trial.run();
      if (!reached) {
        if (power) trial.files().lose_power();
        for (const std::int64_t row : rows_in(out)) REQUIRE(row < trial.covered());
        trial.files().reset();
        REQUIRE(trial.run());
      }
      REQUIRE(rows_in(out) == first_numbers(trial.rows()));
      REQUIRE_FALSE(has_hidden(out));
      if (reached) {
        CHECK(call > 40);
        break;
      }
    }
  }
}

TEST_CASE(
    "crashes during recovery, failing calls and lost checkpoints change nothing for a directory") {
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    const TemporaryDirectory directory;
    const auto out = directory / "out";
    SinkTrial trial(files_sink(out), parse_script("w3 s c w2 t1100 s w4 s c w1 s c t400 w3"), seed);
    std::mt19937_64 random(seed);
    CAPTURE(seed);
    trial.files().crash_at(random() % 70);
    for (int attempts = 0; !trial.run(); ++attempts) {
      if (random() % 2 == 0) trial.files().lose_power();
      trial.files().reset();
      if (random() % 4 == 0) trial.lose_newest_checkpoint();
      if (attempts < 5 && random() % 4 != 0)
        trial.files().crash_at(random() % 40);
      else if (attempts < 5)
        trial.files().fail_at(random() % 40);
    }
    REQUIRE(rows_in(out) == first_numbers(trial.rows()));
    REQUIRE_FALSE(has_hidden(out));
  }
}

TEST_CASE("what a dead attempt that comes back still writes is in no part") {
  const TemporaryDirectory directory;
  const auto out = directory / "out";
  const auto sink = factory(Files{.directory = out});
  TaskHarness dead(sink, {.attempt = {3, 1}});
  push(dead, 0, 2);
  const Snapshot covered = dead.snapshot();
  dead.complete();
  push(dead, 2, 5);

  TaskHarness alive(sink, {.attempt = {3, 2}}, {&covered});
  CHECK(rows_in(out) == first_numbers(2));
  push(dead, 5, 9);
  (void)dead.snapshot();  // of a checkpoint that will never be complete
  CHECK(rows_in(out) == first_numbers(2));
  push(alive, 2, 4);
  alive.end_of_input();
  (void)alive.snapshot();
  push(dead, 9, 10);
  (void)dead.snapshot();
  alive.complete();
  CHECK(rows_in(out) == first_numbers(4));
}

TEST_CASE("a worker's sink and a program do not write part files of one prefix, but all tasks of a job do") {
  const TemporaryDirectory directory;
  const Files sink{.directory = directory / "out"};
  const auto worker = [&](std::uint32_t task) { return TaskHarness(factory(sink), {.task = task, .parallelism = 2, .attempt = {3, 1}}); };
  {
    auto first = worker(0);
    auto second = worker(1);
    CHECK_THROWS_WITH_AS(OutputLock::of_program("rows", sink.writes()), doctest::Contains("a cluster's job 3 is writing it"), PermanentFailure);
    std::uint64_t open = 2;
    for (TaskHarness* task : {&first, &second}) {
      task->deliver(0, Barrier{.checkpoint = 1, .afterwards = Barrier::Afterwards::End});
      REQUIRE(task->take_stored(1));
      CHECK(std::filesystem::exists(directory / "out/.part.lock"));
      task->task().on_complete(1);
      --open;
      CHECK(std::filesystem::exists(directory / "out/.part.lock") == (open > 0));
    }
  }
  const auto program = OutputLock::of_program("rows", sink.writes());
  CHECK_THROWS_WITH_AS(worker(0), doctest::Contains(" is writing it; stop it first"), PermanentFailure);
}

TEST_CASE("without checkpoints a task that ends leaves no hidden part") {
  const TemporaryDirectory directory;
  const auto out = directory / "out";
  {
    TaskHarness task(factory(Files{.directory = out}), {.checkpointed = false});
    push(task, 0, 3);
    REQUIRE(has_hidden(out));
  }
  CHECK_FALSE(has_hidden(out));
}
