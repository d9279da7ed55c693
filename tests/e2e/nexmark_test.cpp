// The nexmark program against the reference: the same rows however many tasks, in whatever order the
// events come.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "examples/nexmark/event_json.hpp"
#include "support/nexmark/reference.hpp"
#include "support/nexmark_run.hpp"
#include "support/process.hpp"
#include "support/temporary_directory.hpp"

using namespace nexmark;
using namespace nexmark::testing;
using weir::testing::content_of;
using weir::testing::TemporaryDirectory;

TEST_CASE("every query gives the reference's rows") {
  const TemporaryDirectory directory;
  for (const std::string& query : query_names()) {
    for (const std::uint64_t events : {5'000, 20'000}) {
      for (const std::uint64_t out_of_order : {1, 50}) {
        const GeneratorOptions options{.events = events, .out_of_order = out_of_order};
        const Table wanted = expected(query, options);
        for (const std::uint32_t parallelism : {1, 3}) {
          CAPTURE(query);
          CAPTURE(events);
          CAPTURE(out_of_order);
          CAPTURE(parallelism);
          const auto output = directory / (query + ".csv");
          const int status = run(command(query, options, parallelism, output), directory / "log");
          CHECK_MESSAGE(status == 0, content_of(directory / "log"));
          check_same(read_table(output), wanted);
        }
      }
    }
  }
}

TEST_CASE("an event that lags by more than four seconds is not late") {
  const TemporaryDirectory directory;
  const GeneratorOptions options{.events = 20'000, .rate = 500, .out_of_order = 5'000};
  for (const std::string query : {"q5", "q7", "q8", "q11"}) {
    CAPTURE(query);
    const auto output = directory / (query + ".csv");
    CHECK(run(command(query, options, 2, output), directory / "log") == 0);
    check_same(read_table(output), expected(query, options));
  }
}

TEST_CASE("several generators run on parallel timelines") {
  const TemporaryDirectory directory;
  const GeneratorOptions options{.events = 20'000, .rate = 1'000, .generators = 3};
  for (const std::string query : {"q4", "q5", "q8"}) {
    CAPTURE(query);
    const auto output = directory / (query + ".csv");
    CHECK(run(command(query, options, 2, output), directory / "log") == 0);
    check_same(read_table(output), expected(query, options));
  }
}

TEST_CASE("without --final every change is written and the last row of a key is the final one") {
  const TemporaryDirectory directory;
  const GeneratorOptions options{.events = 5'000};
  auto arguments = command("q4", options, 3, directory / "q4.csv");
  std::erase(arguments, "--final");
  CHECK(run(arguments, directory / "log") == 0);

  std::map<std::string, std::string> last;
  std::istringstream lines(content_of(directory / "q4.csv"));
  std::string line;
  std::getline(lines, line);
  std::size_t changes = 0;
  for (; std::getline(lines, line); ++changes) last[line.substr(0, line.find(','))] = line;
  Table final_rows{"category,average", {}};
  for (const auto& [category, row] : last) final_rows.rows.push_back(row);
  check_same(final_rows, expected("q4", options));
  CHECK(changes > last.size());
}

TEST_CASE("q10 writes every bid to a file of its minute") {
  const TemporaryDirectory directory;
  const GeneratorOptions options{.events = 20'000, .rate = 100};
  CHECK(run(command("q10", options, 3, directory / "bids"), directory / "log") == 0);

  for (const auto& [minute, rows] : reference::q10(all_events(options))) {
    std::string name = minute.first + '/' + minute.second;
    std::replace(name.begin(), name.end(), ':', '-');
    CAPTURE(name);
    Table found;
    for (const auto& file : std::filesystem::directory_iterator(directory / "bids" / name)) {
      const Table part = read_table(file);
      found.header = part.header;
      found.rows.insert(found.rows.end(), part.rows.begin(), part.rows.end());
    }
    std::sort(found.rows.begin(), found.rows.end());
    check_same(found, {reference::header<PlainBid>(), reference::sorted_lines(rows)});
  }
}

TEST_CASE("q12 counts by the clock") {
  const TemporaryDirectory directory;
  const auto output = directory / "q12.csv";
  CHECK(run(command("q12", {.events = 5'000}, 3, output), directory / "log") == 0);
  CHECK(read_table(output).header == reference::header<BidderSession>());
}

TEST_CASE("dumped events are the generator's, in its order") {
  const TemporaryDirectory directory;
  const GeneratorOptions options{.events = 2'000, .out_of_order = 7};
  std::string wanted;
  for (const Event& event : all_events(options)) wanted += to_json(event) + '\n';
  const auto file = directory / "events.jsonl";
  CHECK(run({"--dump", file.string(), "--events", "2000", "--out-of-order", "7", "--parallelism",
             "3"},
            directory / "log") == 0);
  CHECK(content_of(file) == wanted);
}

TEST_CASE("what cannot be done is said in one line") {
  const TemporaryDirectory directory;
  const auto log = directory / "log";
  const auto said = [&](const std::vector<std::string>& arguments) {
    CHECK(run(arguments, log) != 0);
    return content_of(log);
  };
  CHECK(said({}) == "nexmark: error: a required option is missing: --query (which query); --help lists the options\n");
  CHECK(said({"--query", "q99"}).find("option --query: 'q99' is not one of q0, q1") !=
        std::string::npos);
  CHECK(said({"--query", "q0", "--rate", "0"}).find("events per second") != std::string::npos);
  CHECK(said({"--query", "q0", "--events", "-1"}) ==
        "nexmark: error: option --events must not be negative\n");
  CHECK(said({"--query", "q0", "--rate", "2000001"}).find("at most 2000000") != std::string::npos);
}

TEST_CASE("the state of another query is refused and left as it is") {
  const TemporaryDirectory directory;
  const auto log = directory / "log";
  const GeneratorOptions options{.events = 2'000};
  auto first = command("q4", options, 1, directory / "q4.csv");
  auto second = command("q5", options, 1, directory / "q5.csv");
  for (auto* arguments : {&first, &second}) {
    arguments->push_back("--state-dir");
    arguments->push_back((directory / "state").string());
  }
  REQUIRE_MESSAGE(run(first, log) == 0, content_of(log));
  CHECK(run(second, log) != 0);
  CHECK(content_of(log).find("nexmark-q4") != std::string::npos);
  first.push_back("--resume");
  CHECK_MESSAGE(run(first, log) == 0, content_of(log));
  check_same(read_table(directory / "q4.csv"), expected("q4", options));
}
