// Every example as a user runs it: command line in, files and messages out.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "support/process.hpp"
#include "support/temporary_directory.hpp"

using weir::testing::content_of;
using weir::testing::Process;
using weir::testing::TemporaryDirectory;

namespace {

const std::filesystem::path kPrograms = WEIR_BIN_DIR;
const std::filesystem::path kData = std::filesystem::path(WEIR_SOURCE_DIR) / "examples/data";
constexpr std::chrono::milliseconds kPatience(60'000);  // bounds a hung program; no test waits for it to pass

struct Ended {
  int status = -1;
  std::string printed;
};

Ended run(const std::string& program, const std::vector<std::string>& arguments) {
  const TemporaryDirectory directory;
  Process process(kPrograms / program, arguments, directory.path() / "printed");
  const auto status = process.wait_for(kPatience);
  REQUIRE_MESSAGE(status, program, " hangs");
  return {*status, content_of(directory.path() / "printed")};
}

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::istringstream text(content_of(file));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

void write(const std::filesystem::path& file, const std::string& text) { std::ofstream(file) << text; }

}  // namespace

TEST_CASE("every example explains itself and refuses an unknown option in one line") {
  for (const std::string program : {"word_count", "flights", "monitoring", "fraud", "nexmark"}) {
    CAPTURE(program);
    const Ended help = run(program, {"--help"});
    CHECK(help.status == 0);
    CHECK(help.printed.find("--state-dir") != std::string::npos);
    const Ended unknown = run(program, {"--input", "x", "--wrong", "1"});
    CHECK(unknown.status != 0);
    CHECK(unknown.printed.find("--wrong") != std::string::npos);
    CHECK(std::count(unknown.printed.begin(), unknown.printed.end(), '\n') == 1);
  }
}

TEST_CASE("word_count counts every word of every file at any parallelism") {
  const TemporaryDirectory directory;
  write(directory.path() / "a.txt", "the cat, the dog\n\nA cat!");
  write(directory.path() / "b.txt", "The end\r\n");
  for (const std::string parallelism : {"1", "3"}) {
    CAPTURE(parallelism);
    const auto output = directory.path() / ("counts-" + parallelism);
    const Ended ended = run("word_count", {"--input", directory.path() / "*.txt", "--output", output, "--parallelism", parallelism});
    REQUIRE_MESSAGE(ended.status == 0, ended.printed);
    auto lines = lines_of(output);
    REQUIRE(lines.size() == 9);
    CHECK(lines.front() == "word,count");
    std::sort(lines.begin() + 1, lines.end());
    CHECK(lines == std::vector<std::string>{"word,count", "a,1", "cat,1", "cat,2", "dog,1", "end,1", "the,1", "the,2", "the,3"});
  }
}

TEST_CASE("flights finds the ten worst airports of each day") {
  struct Sum {
    std::int64_t count = 0;
    std::int64_t delay = 0;
  };
  std::map<std::string, std::map<std::string, Sum>> days;
  for (const std::string& line : lines_of(kData / "flights.csv")) {
    if (line.starts_with("departure")) continue;
    std::istringstream row(line);
    std::string departure, origin, destination, delay;
    std::getline(row, departure, ',');
    std::getline(row, origin, ',');
    std::getline(row, destination, ',');
    std::getline(row, delay, ',');
    Sum& sum = days[departure.substr(0, 10)][origin];
    ++sum.count;
    sum.delay += std::stoll(delay);
  }
  std::vector<std::string> expected;  // airport and departures, by day and rank
  for (const auto& [day, airports] : days) {
    std::vector<std::pair<double, std::string>> worst;
    for (const auto& [airport, sum] : airports) {
      if (sum.count >= 3) worst.emplace_back(-double(sum.delay) / double(sum.count), airport);
    }
    std::sort(worst.begin(), worst.end());
    for (std::size_t rank = 0; rank < std::min<std::size_t>(10, worst.size()); ++rank) {
      expected.push_back(std::to_string(rank + 1) + "," + worst[rank].second + "," +
                         std::to_string(airports.at(worst[rank].second).count));
    }
  }
  REQUIRE(expected.size() == 900);

  for (const std::string parallelism : {"1", "3"}) {
    CAPTURE(parallelism);
    const TemporaryDirectory directory;
    const auto output = directory.path() / "worst.csv";
    const Ended ended = run("flights", {"--input", kData / "flights.csv", "--airports", kData / "airports.csv", "--output", output,
                                        "--parallelism", parallelism, "--state-dir", directory.path() / "state"});
    REQUIRE_MESSAGE(ended.status == 0, ended.printed);
    auto lines = lines_of(output);
    REQUIRE(lines.size() == 901);
    CHECK(lines.front() == "day_end,rank,airport,name,city,state,mean_delay,departures");
    lines.erase(lines.begin());
    std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.substr(0, 10) < b.substr(0, 10); });
    std::vector<std::string> found;
    for (const std::string& line : lines) {
      const std::size_t rank = line.find(',') + 1;
      const std::size_t airport = line.find(',', rank) + 1;
      found.push_back(line.substr(rank, line.find(',', airport) - rank) + "," + line.substr(line.rfind(',') + 1));
    }
    CHECK(found == expected);
    CHECK(ended.printed.find("John Wayne /Orange Co") != std::string::npos);
  }
}

TEST_CASE("monitoring reports means and maxima of recorded samples") {
  const TemporaryDirectory directory;
  std::string samples = "host,cpu,memory_used_bytes,memory_total_bytes,at\n";
  for (int minute = 0; minute < 10; ++minute) {
    samples += "a," + std::to_string(minute) + "," + std::to_string(100 + minute) + ",1000," + std::to_string(minute * 60'000) + "\n";
  }
  write(directory.path() / "samples.csv", samples);
  const auto output = directory.path() / "report.csv";
  const Ended ended = run("monitoring", {"--input", directory.path() / "samples.csv", "--output", output, "--memory-window", "2min"});
  REQUIRE_MESSAGE(ended.status == 0, ended.printed);
  const auto lines = lines_of(output);
  const auto has = [&](const std::string& line) { return std::find(lines.begin(), lines.end(), line) != lines.end(); };
  CHECK(lines.size() == 1 + 2 + 11);  // two CPU windows; memory windows end at minutes 1 to 11
  CHECK(has("a,cpu_mean,1970-01-01T00:00:00Z,1970-01-01T00:05:00Z,2"));
  CHECK(has("a,cpu_mean,1970-01-01T00:05:00Z,1970-01-01T00:10:00Z,7"));
  CHECK(has("a,memory_max_bytes,1969-12-31T23:59:00Z,1970-01-01T00:01:00Z,100"));
  CHECK(has("a,memory_max_bytes,1970-01-01T00:08:00Z,1970-01-01T00:10:00Z,109"));
}

TEST_CASE("fraud reports a large payment within a minute of a tiny one") {
  const TemporaryDirectory directory;
  write(directory.path() / "payments.csv",
        "card,amount,at\n"
        "1,0.5,0\n"        // a test …
        "2,0.5,1000\n"
        "1,600,30000\n"    // … and its fraud
        "2,20,40000\n"
        "2,600,61000\n"    // just in time
        "3,0.5,70000\n"    // a test that nothing follows in time
        "1,700,80000\n"    // no test before it
        "3,600,130001\n");  // a millisecond too late
  const auto alerts = directory.path() / "alerts.csv";
  const auto suspicions = directory.path() / "suspicions.csv";
  const Ended ended = run("fraud", {"--input", directory.path() / "payments.csv", "--output", alerts, "--suspicions", suspicions});
  REQUIRE_MESSAGE(ended.status == 0, ended.printed);
  auto found = lines_of(alerts);
  std::sort(found.begin(), found.end());
  CHECK(found == std::vector<std::string>{"1,600,1970-01-01T00:00:30Z", "2,600,1970-01-01T00:01:01Z", "card,amount,at"});
  CHECK(lines_of(suspicions) == std::vector<std::string>{"card,tested", "3,1970-01-01T00:01:10Z"});
}

TEST_CASE("bad input gets one line that says what is wrong, and a status other than 0") {
  const TemporaryDirectory directory;
  write(directory.path() / "bad.csv", "departure,origin,destination,delay_minutes,distance_miles\n2001-01-01,A,B,1,1\n2001-01-01,A,B,soon,1\n");
  const auto check = [&](const std::vector<std::string>& arguments, const std::string& message) {
    CAPTURE(message);
    const Ended ended = run("flights", arguments);
    CHECK(ended.status != 0);
    CHECK_MESSAGE(ended.printed.find(message) != std::string::npos, ended.printed);
  };
  const std::string airports = kData / "airports.csv";
  check({"--input", "/nowhere.csv", "--airports", airports}, "/nowhere.csv");
  check({"--input", directory.path() / "bad.csv", "--airports", airports, "--restart-delay", "1ms"}, "bad.csv:3:");
  check({"--slide", "soon"}, "'soon' is not a duration");
  check({"--parallelism", "0"}, "parallelism");
  check({"--parallelism", "129"}, "parallelism");
  check({"--resume"}, "--resume needs --state-dir");
  check({"--input", kData / "flights.csv", "--airports", airports, "--output", "/proc/nowhere/x.csv"}, "/proc/nowhere");
}

TEST_CASE("the state of another job is refused, and so is a newer run without its state") {
  const TemporaryDirectory directory;
  const auto state = directory.path() / "state";
  const auto input = kData / "flights.csv";
  write(directory.path() / "a.txt", "a b c\n");
  REQUIRE(run("word_count", {"--input", directory.path() / "a.txt", "--state-dir", state}).status == 0);
  const Ended other = run("flights", {"--input", input, "--airports", kData / "airports.csv", "--state-dir", state});
  CHECK(other.status != 0);
  CHECK_MESSAGE(other.printed.find("word_count") != std::string::npos, other.printed);
}
