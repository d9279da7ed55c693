#include <doctest/doctest.h>

#include <fstream>

#include <sys/stat.h>

#include "support/plan_runner.hpp"
#include "support/task_harness.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

struct Point {
  std::int64_t x = 0;
  std::string name;
};
WEIR_RECORD(Point, x, name);

void put(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

template <class S>
OperatorFactory factory(S source) {
  return [source] { return std::make_unique<ReadSource<typename S::Record>>(source.make()); };
}

/// What came out of a port, as text, in order.
template <class T>
std::vector<std::string> taken(TaskHarness& task, std::uint32_t port = 0) {
  std::vector<std::string> records;
  for (const auto& row : task.take<T>(port)) records.push_back(describe(row.record));
  return records;
}

template <class S>
std::vector<std::string> read_all(S source, HarnessOptions options = {}) {
  TaskHarness task(factory(source), options);
  task.run();
  return taken<typename S::Record>(task);
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("all files that match are read") {
  const TemporaryDirectory directory;
  put(directory / "b.csv", "name,x\nbe,3\n");
  put(directory / "a.csv", "x,name\n1,an\n2,at");
  put(directory / ".hidden.csv", "not read\n");
  put(directory / "c.txt", "not read\n");
  CHECK(read_all(Csv<Point>{.path = directory / "*.csv"}) ==
        Lines{"{1, an}", "{2, at}", "{3, be}"});
  CHECK(read_all(TextLines{.path = directory / "?.txt"}) == Lines{"not read"});
  put(directory / "d.jsonl", "{\"x\":1,\"name\":\"j\"}\n\n{\"name\":\"k\",\"x\":2}\n");
  CHECK(read_all(JsonLines<Point>{.path = directory / "d.jsonl"}) == Lines{"{1, j}", "{2, k}"});
}

TEST_CASE("files are opened in the order of their names and read side by side, as many as there may be") {
  const TemporaryDirectory directory;
  for (const std::string name : {"a", "b", "c"})
    put(directory / (name + ".txt"), name + "1\n" + name + "2\n");
  const auto read = [&](std::size_t side_by_side) {
    return read_all(TextLines{.path = directory / "*.txt", .side_by_side = side_by_side},
                    {.batch_records = 1});
  };
  CHECK(read(1) == Lines{"a1", "a2", "b1", "b2", "c1", "c2"});
  CHECK(read(2) == Lines{"a1", "b1", "a2", "b2", "c1", "c2"});
  CHECK(read(16) == Lines{"a1", "b1", "c1", "a2", "b2", "c2"});
  CHECK_THROWS_AS(read(0), Failure);
}

TEST_CASE("files whose times overlap make no late records") {
  const TemporaryDirectory directory;
  std::string even = "x,name\n";
  std::string odd = "x,name\n";
  for (int x = 0; x < 100; ++x) (x % 2 == 0 ? even : odd) += std::to_string(x) + ",n\n";
  put(directory / "even.csv", even);
  put(directory / "odd.csv", odd);
  for (const std::uint32_t parallelism : {1u, 2u}) {
    std::int64_t late = 0;
    std::int64_t counted = 0;
    Pipeline pipeline("job");
    const auto windows = pipeline.source("points", Csv<Point>{.path = directory / "*.csv"})
                             .event_time([](const Point& point) { return EventTime{point.x}; }, {})
                             .key_by(&Point::name)
                             .window(tumbling(Duration(10)))
                             .count("points per window");
    windows.map([&](const auto& window) { return counted += window.value; }).sink("all", Blackhole{});
    windows.late.map([&](const Point& point) { return ++late, point; }).sink("late", Blackhole{});
    PlanRunner runner(pipeline.graph(), {.parallelism = parallelism}, 1);
    runner.run();
    CHECK(runner.finished());
    CHECK(late == 0);
    CHECK(counted == 100);
  }
}

TEST_CASE("a directory stands for its files, and a name with brackets for itself") {
  const TemporaryDirectory directory;
  std::filesystem::create_directories(directory / "in/below");
  put(directory / "in/[1].txt", "one\n");
  put(directory / "in/1", "other\n");
  put(directory / "in/below/2.txt", "too deep\n");
  CHECK(read_all(TextLines{.path = directory / "in"}) == Lines{"other", "one"});
  CHECK(read_all(TextLines{.path = directory / "in/[1].txt"}) == Lines{"one"});
}

TEST_CASE("what is not there is told in one line that names the path") {
  const TemporaryDirectory directory;
  const std::string here = directory.path().string();
  const auto message = [](const std::string& path) -> std::string {
    try {
      TaskHarness(factory(TextLines{.path = path}));
    } catch (const Failure& failure) {
      return failure.what();
    }
    return "";
  };
  CHECK(message(here + "/no.csv") == "cannot read " + here + "/no.csv: No such file or directory");
  CHECK(message(here + "/*.csv") == "cannot read " + here + "/*.csv: no file matches");
  CHECK(message(here) == "cannot read " + here + ": the directory has no files");
  CHECK(message("") == "a file source has no path; name a file, a pattern or a directory");
  CHECK_THROWS_WITH_AS(find_files(here + "/no/*.csv", Follow::NewFiles),
                       doctest::Contains("/no/ is no directory"), Failure);
}

TEST_CASE("reading goes on behind the row where the checkpoint was taken, wherever that is") {
  const TemporaryDirectory directory;
  put(directory / "a.csv", "\xEF\xBB\xBFx,name\r\n1,\"two\r\nlines\"\r\n\r\n2,b\r\n");
  put(directory / "b.csv", "name,x\nc,3\nd,4");
  const Lines all{"{1, two\r\nlines}", "{2, b}", "{3, c}", "{4, d}"};
  for (std::size_t steps = 0; steps < 8; ++steps) {
    Lines records;
    Snapshot stored;
    HarnessOptions options;
    options.batch_records = 1;
    const auto source = factory(Csv<Point>{.path = directory / "*.csv", .side_by_side = 1});
    {
      TaskHarness task(source, options);
      task.step(steps);
      records = taken<Point>(task);
      stored = task.snapshot();
      (void)taken<Point>(task);
    }
    TaskHarness task(source, options, {&stored});
    task.run();
    CAPTURE(steps);
    CHECK(records.size() <= steps);
    const Lines rest = taken<Point>(task);
    // What the snapshot itself emitted is in neither: the harness may have read on before it.
    CHECK(records.size() + rest.size() <= all.size());
    records.insert(records.end(), rest.begin(), rest.end());
    CHECK(records == all);
  }
}

TEST_CASE("a file is known under whatever name leads to it, so that none is read twice") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "read");
  put(directory / "read/a.csv", "x,name\n1,an\n");
  put(directory / "read/b.csv", "x,name\n2,be\n3,ce\n");
  const std::string absolute = directory / "read";
  const std::string relative = std::filesystem::proximate(absolute).string();
  const std::string roundabout = directory / "read/../read/./";
  for (const std::string& first : {absolute, relative, roundabout}) {
    for (const std::string& then : {absolute, relative, roundabout}) {
      HarnessOptions options;
      options.batch_records = 1;
      TaskHarness task(factory(Csv<Point>{.path = first, .side_by_side = 1}), options);
      task.step(3);  // a.csv has ended by then
      Lines records = taken<Point>(task);
      const Snapshot stored = task.snapshot();
      TaskHarness continued(factory(Csv<Point>{.path = then, .side_by_side = 1}), options, {&stored});
      continued.run();
      for (const std::string& record : taken<Point>(continued)) records.push_back(record);
      CAPTURE(first);
      CAPTURE(then);
      CHECK(records == Lines{"{1, an}", "{2, be}", "{3, ce}"});
    }
  }
}

TEST_CASE("a file that was replaced by a shorter one, or is gone, is not continued") {
  const TemporaryDirectory directory;
  put(directory / "a.csv", "x,name\n1,a\n2,b\n3,c\n");
  HarnessOptions options;
  options.batch_records = 1;
  TaskHarness task(factory(Csv<Point>{.path = directory / "*.csv"}), options);
  task.step(2);
  const Snapshot stored = task.snapshot();
  put(directory / "a.csv", "x,name\n");
  const auto again = [&] {
    TaskHarness restored(factory(Csv<Point>{.path = directory / "*.csv"}), options, {&stored});
    restored.run();
  };
  CHECK_THROWS_WITH_AS(
      again(),
      doctest::Contains("a.csv was changed: it has 7 bytes, and reading continues at byte"),
      Failure);
  std::filesystem::remove(directory / "a.csv");
  put(directory / "b.csv", "x,name\n");
  CHECK_THROWS_WITH_AS(again(), doctest::Contains("but it is gone; bring it back or start over"),
                       Failure);
}

TEST_CASE("a pipe or a device is refused and not waited for") {
  const TemporaryDirectory directory;
  const std::string pipe = directory / "points.csv";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  for (const std::string& path : {pipe, std::string("/dev/zero")}) {
    CHECK_THROWS_WITH_AS(read_all(Csv<Point>{.path = path}), doctest::Contains("it is no regular file"), Failure);
  }
}

TEST_CASE("a bad row fails with file, line and column") {
  const TemporaryDirectory directory;
  const std::string path = directory / "a.csv";
  put(path, "x,name\n1,\"a\nb\"\nz,c\n");
  CHECK_THROWS_WITH_AS(read_all(Csv<Point>{.path = path}),
                       doctest::Contains((path + ":4:1: 'z' is not a number").c_str()), Failure);
}

TEST_CASE("the first record of a batch is named by its line") {
  const TemporaryDirectory directory;
  const std::string path = directory / "a.csv";
  put(path, "x,name\n\nbad,b\n5,c\n");
  TaskHarness task(factory(Csv<Point>{.path = path, .errors = {BadRows::Skip}}),
                   {.batch_records = 1});
  task.run();
  std::vector<std::string> origins;
  for (const Element& element : task.take_elements()) {
    if (const auto* batch = std::get_if<BatchPtr>(&element))
      origins.push_back(to_text((*batch)->origin));
  }
  CHECK(origins == Lines{path + ":4"});
}

TEST_CASE("bad rows are skipped and counted") {
  const TemporaryDirectory directory;
  put(directory / "a.csv", "x,name\n1,a\nz,b\n2\n3,d\n");
  put(directory / "b.csv", "x,name\n9\n");
  const auto count = std::make_shared<BadRowCount>();
  CHECK(read_all(Csv<Point>{.path = directory / "*.csv", .errors = {BadRows::Skip, count}}) ==
        Lines{"{1, a}", "{3, d}"});
  CHECK(count->value() == 3);
}

TEST_CASE("bad rows are collected as a stream of their own") {
  const TemporaryDirectory directory;
  const std::string path = directory / "a.csv";
  put(path, "x,name\n1,a\nz,b\n2\n3,d\n");
  TaskHarness task(factory(Csv<Point>{.path = path, .errors = {BadRows::Collect}}), {.ports = 2});
  task.run();
  CHECK(taken<Point>(task) == Lines{"{1, a}", "{3, d}"});
  const auto bad = task.take<BadRow>(1);
  REQUIRE(bad.size() == 2);
  CHECK(bad[0].record.file == path);
  CHECK(bad[0].record.line == 3);
  CHECK(bad[0].record.column == 1);
  CHECK(bad[0].record.text == "z,b");
  CHECK(bad[1].record.message == path + ":4:1: row has 1 column, the header has 2");
}

TEST_CASE("a quote that is not closed costs its line and not those behind it") {
  const TemporaryDirectory directory;
  const std::string path = directory / "a.csv";
  std::string text = "x,name\n1,a\n2,\"b\n3,c\n4,\"d\n5,e\n";
  put(path, text);
  const auto count = std::make_shared<BadRowCount>();
  CHECK(read_all(Csv<Point>{.path = path, .errors = {BadRows::Skip, count}}) ==
        Lines{"{1, a}", "{3, c}", "{5, e}"});
  CHECK(count->value() == 2);

  for (int x = 6; x < 30; ++x) text += std::to_string(x) + ",f\n";
  put(path, text);
  TaskHarness task(
      factory(Csv<Point>{.path = path, .errors = {BadRows::Collect}, .max_row_bytes = 30}), {.ports = 2});
  task.run();
  CHECK(taken<Point>(task).size() == 27);
  Lines bad;
  for (const auto& row : task.take<BadRow>(1)) bad.push_back(row.record.text);
  CHECK(bad == Lines{"2,\"b", "4,\"d"});
}

TEST_CASE("bad rows are in one checkpoint with the position behind them") {
  const TemporaryDirectory directory;
  put(directory / "a.csv", "x,name\nz,1\n1,a\nz,2\n2,b\nz,3\n");
  const auto source =
      factory(Csv<Point>{.path = directory / "a.csv", .errors = {BadRows::Collect}});
  for (std::size_t steps = 0; steps < 7; ++steps) {
    TaskHarness task(source, {.ports = 2, .batch_records = 1});
    task.step(steps);
    Lines bad;
    for (const auto& row : task.take<BadRow>(1)) bad.push_back(row.record.text);
    const Snapshot stored = task.snapshot();
    TaskHarness restored(source, {.ports = 2, .batch_records = 1}, {&stored});
    restored.run();
    for (const auto& row : restored.take<BadRow>(1)) bad.push_back(row.record.text);
    CAPTURE(steps);
    CHECK(bad == Lines{"z,1", "z,2", "z,3"});
  }
}

TEST_CASE("only a source that collects bad rows has a stream of them") {
  Pipeline pipeline("job");
  const auto strict = pipeline.source("strict", Csv<Point>{.path = "x"});
  CHECK_THROWS_WITH_AS(
      strict.bad_rows(),
      "source 'strict' does not collect bad rows; give it .errors = {BadRows::Collect}", Failure);
  const auto lenient =
      pipeline.source("lenient", JsonLines<Point>{.path = "x", .errors = {BadRows::Collect}});
  CHECK(lenient.bad_rows().port() == 1);
}

TEST_CASE("a header that does not fit fails also where bad rows are skipped") {
  const TemporaryDirectory directory;
  put(directory / "a.csv", "x\n1\n");
  CHECK_THROWS_WITH_AS(read_all(Csv<Point>{.path = directory / "a.csv", .errors = {BadRows::Skip}}),
                       doctest::Contains("a.csv:1:1: no column for field 'name' (text)"), Failure);
  put(directory / "empty.csv", "");
  CHECK(read_all(Csv<Point>{.path = directory / "empty.csv"}).empty());
}

TEST_CASE("a followed directory is looked at again, and new files are read once") {
  const TemporaryDirectory directory;
  const TextLines source{
      .path = directory / "*.txt", .follow = Follow::NewFiles, .look_every = Duration(500)};
  TaskHarness task(factory(source));
  task.run();
  CHECK(taken<std::string>(task).empty());
  put(directory / "b.txt", "one\n");
  task.run();
  CHECK(taken<std::string>(task).empty());
  task.advance(Duration(500));
  CHECK(taken<std::string>(task) == Lines{"one"});
  put(directory / "a.txt", "two\n");
  task.advance(Duration(500));
  CHECK(taken<std::string>(task) == Lines{"two"});
  task.advance(Duration(5000));
  CHECK(taken<std::string>(task).empty());
  CHECK_FALSE(task.finished());

  const Snapshot stored = task.snapshot();
  put(directory / "c.txt", "three\n");
  TaskHarness restored(factory(source), {}, {&stored});
  restored.run();
  CHECK(taken<std::string>(restored) == Lines{"three"});
}

TEST_CASE("a file that appears while the tasks start is read by one of them") {
  const TemporaryDirectory directory;
  const auto source = factory(TextLines{.path = directory / "*.txt"});
  for (const std::string name : {"b", "d", "f", "h"}) put(directory / (name + ".txt"), name + "\n");
  TaskHarness first(source, {.task = 0, .parallelism = 2});
  put(directory / "a.txt", "a\n");
  TaskHarness second(source, {.task = 1, .parallelism = 2});
  first.run();
  second.run();
  Lines records = taken<std::string>(first);
  for (std::string& record : taken<std::string>(second)) records.push_back(std::move(record));
  std::erase(records, "a");  // whose task may have looked before
  std::sort(records.begin(), records.end());
  CHECK(records == Lines{"b", "d", "f", "h"});
}

TEST_CASE(
    "tasks that see a followed directory at different moments share its files out without gaps") {
  const TemporaryDirectory directory;
  const auto source = factory(TextLines{.path = directory / "*.txt", .follow = Follow::NewFiles});
  Lines records;
  for (const std::string name : {"d", "h", "p"}) put(directory / (name + ".txt"), name + "\n");
  std::vector<std::unique_ptr<TaskHarness>> tasks;
  for (std::uint32_t number = 0; number < 2; ++number) {
    tasks.push_back(
        std::make_unique<TaskHarness>(source, HarnessOptions{.task = number, .parallelism = 2}));
    for (const char first : {'a', 'e', 'k'})
      put(directory / (std::string(1, static_cast<char>(first + number)) + ".txt"),
          std::string(1, static_cast<char>(first + number)) + "\n");
  }
  for (auto& task : tasks) {
    task->advance(Duration(1000));
    for (std::string& record : taken<std::string>(*task)) records.push_back(std::move(record));
  }
  std::sort(records.begin(), records.end());
  CHECK(records == Lines{"a", "b", "d", "e", "f", "h", "k", "l", "p"});
}
