#include <doctest/doctest.h>

#include <thread>

#include "support/task_harness.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

struct Result3 {
  std::string origin;
  std::int64_t departures = 0;
  std::optional<double> mean;
  std::vector<std::int64_t> worst;
  EventTime day;
};
WEIR_RECORD(Result3, origin, departures, mean, worst, day);

struct Pair {
  std::string key;
  std::int64_t count = 0;
};
WEIR_RECORD(Pair, key, count);

/// A stream in memory that a console prints to.
class Screen {
 public:
  Screen() : file_(open_memstream(&text_, &size_)) {}
  ~Screen() {
    std::fclose(file_);
    std::free(text_);
  }
  std::FILE* file() { return file_; }
  std::string text() {
    std::fflush(file_);
    return {text_, size_};
  }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

template <class T>
std::string printed(Console console, std::vector<std::vector<T>> batches) {
  Screen screen;
  console.screen = std::make_shared<ConsoleScreen>(screen.file());
  const auto writer = console.make<T>();
  for (auto& records : batches) {
    Batch<T> batch;
    for (T& record : records) batch.push(record, EventTime{0});
    writer->write(batch);
  }
  return screen.text();
}

}  // namespace

TEST_CASE("a table has its names once, numbers to the right and columns as wide as needed") {
  CHECK(printed<Result3>({}, {{{"ATL", 1042, 12.3391666, {1, 2}, {978310020000}},
                               {"O'Hare", 7, std::nullopt, {}, {0}}},
                              {{"a longer name", 8, 0.5, {}, {0}}}}) ==
        "origin  departures     mean  worst  day\n"
        "------  ----------  -------  -----  --------------------\n"
        "ATL           1042  12.3392  [1,2]  2001-01-01T00:47:00Z\n"
        "O'Hare           7           []     1970-01-01T00:00:00Z\n"
        "a longer name           8      0.5  []     1970-01-01T00:00:00Z\n");
}

TEST_CASE("what is no named record is printed too") {
  CHECK(printed<std::string>({}, {{"one", "two\nlines\t\x01"}}) == "one\ntwo\\nlines\\t\\x01\n");
  CHECK(printed<std::pair<std::string, std::int64_t>>({}, {{{"a", 10}, {"bcd", 2}}}) ==
        "a    10\nbcd   2\n");
  CHECK(printed<std::int64_t>({}, {{5, 500}}) == "  5\n500\n");
  CHECK(printed<Pair>({}, {{{"M\xC3\xBC"
                             "nchen",
                             1},
                            {"Rom", 2}}}) ==
        "key      count\n-------  -----\nM\xC3\xBC"
        "nchen      1\nRom          2\n");
}

TEST_CASE("fractions are rounded for reading only where they are long") {
  CHECK(detail::rounded(0.1) == "0.1");
  CHECK(detail::rounded(2.0 / 3) == "0.66667");
  CHECK(detail::rounded(12.339166666) == "12.3392");
  CHECK(detail::rounded(123456789.123) == "123456789");
  CHECK(detail::rounded(-123.456789) == "-123.457");
  CHECK(detail::rounded(34185930072.0) == "34185930072");
  CHECK(detail::rounded(0.000012345678) == "1.23457e-05");
  CHECK(detail::rounded(99999.99999) == "100000");
  CHECK(detail::rounded(1e300) == "1e+300");
}

TEST_CASE("a console prints CSV and JSON lines for other programs") {
  CHECK(printed<Pair>({.style = ConsoleStyle::Csv}, {{{"a,b", 1}}, {{"c", 2}}}) ==
        "key,count\n\"a,b\",1\nc,2\n");
  CHECK(printed<Pair>({.style = ConsoleStyle::Json}, {{{"a", 1}}, {{"c", 2}}}) ==
        "{\"key\":\"a\",\"count\":1}\n{\"key\":\"c\",\"count\":2}\n");
  CHECK_THROWS_AS(printed<Result3>({.style = ConsoleStyle::Csv}, {}), Failure);
}

TEST_CASE("lines of tasks that print side by side do not mix") {
  Screen screen;
  Console console{.style = ConsoleStyle::Csv,
                  .screen = std::make_shared<ConsoleScreen>(screen.file())};
  std::vector<std::thread> tasks;
  for (int number = 0; number < 4; ++number) {
    tasks.emplace_back([&console, number] {
      const auto writer = console.make<Pair>();
      for (int i = 0; i < 200; ++i) {
        Batch<Pair> batch;
        batch.push({std::string(50, static_cast<char>('a' + number)), number}, EventTime{0});
        writer->write(batch);
      }
    });
  }
  for (auto& task : tasks) task.join();
  std::istringstream lines(screen.text());
  std::string line;
  std::getline(lines, line);
  CHECK(line == "key,count");
  int count = 0;
  for (; std::getline(lines, line); ++count) {
    const char c = line.front();
    CHECK(line == std::string(50, c) + "," + std::to_string(c - 'a'));
  }
  CHECK(count == 800);
}

TEST_CASE("a console that cannot be written fails") {
  std::FILE* full = std::fopen("/dev/full", "w");
  REQUIRE(full != nullptr);
  ConsoleScreen screen(full);
  CHECK_THROWS_WITH_AS(screen.print("", "x\n"),
                       "cannot write to the console: No space left on device", Failure);
  std::fclose(full);
}
