#include "support/nexmark_run.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <map>
#include <sstream>
#include <utility>

#include <doctest/doctest.h>

#include "support/nexmark/reference.hpp"
#include "support/process.hpp"

namespace nexmark::testing {
namespace {

using namespace std::chrono_literals;
using reference::Events;
using weir::testing::Process;

constexpr auto kPatience = 120s;  // bounds a hung run; no test waits for it to pass

using Reference = std::function<Table(const Events&)>;

template <class Row>
Reference of(std::vector<Row> (*query)(const Events&)) {
  return [query](const Events& events) {
    return Table{reference::header<Row>(), reference::sorted_lines(query(events))};
  };
}

/// The side table of the program: every key with itself as text.
std::vector<AnnotatedBid> q13(const Events& events) {
  std::map<std::int64_t, std::string> side;
  for (std::int64_t key = 0; key < 10'000; ++key) side.emplace(key, std::to_string(key));
  return reference::q13(events, side);
}

const std::map<std::string, Reference>& references() {
  static const std::map<std::string, Reference> all = {
      {"q0", of(reference::q0)},   {"q1", of(reference::q1)},   {"q2", of(reference::q2)},
      {"q3", of(reference::q3)},   {"q4", of(reference::q4)},   {"q5", of(reference::q5)},
      {"q6", of(reference::q6)},   {"q7", of(reference::q7)},   {"q8", of(reference::q8)},
      {"q9", of(reference::q9)},   {"q11", of(reference::q11)}, {"q13", of(q13)},
      {"q14", of(reference::q14)}, {"q15", of(reference::q15)}, {"q16", of(reference::q16)},
      {"q17", of(reference::q17)}, {"q18", of(reference::q18)}, {"q19", of(reference::q19)},
      {"q20", of(reference::q20)}, {"q21", of(reference::q21)}, {"q22", of(reference::q22)},
      {"q23", of(reference::q23)}};
  return all;
}

/// The first rows that are in one table only.
std::string difference(const std::vector<std::string>& rows,
                       const std::vector<std::string>& others) {
  std::vector<std::string> only;
  std::set_difference(rows.begin(), rows.end(), others.begin(), others.end(),
                      std::back_inserter(only));
  std::ostringstream text;
  text << only.size();
  for (std::size_t i = 0; i < std::min<std::size_t>(only.size(), 5); ++i) text << "\n  " << only[i];
  return text.str();
}

}  // namespace

const std::vector<std::string>& query_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [name, query] : references()) all.push_back(name);
    return all;
  }();
  return names;
}

std::vector<Event> all_events(const GeneratorOptions& options) {
  std::vector<Event> events;
  for (std::uint64_t part = 0; part < options.parts(); ++part) {
    for (Generator generator(options, part); !generator.done();) events.push_back(generator.next());
  }
  return events;
}

Table expected(const std::string& query, const GeneratorOptions& options) {
  return references().at(query)(all_events(options));
}

Table read_table(const std::filesystem::path& file) {
  std::istringstream lines(weir::testing::content_of(file));
  Table table;
  std::getline(lines, table.header);
  for (std::string line; std::getline(lines, line);) table.rows.push_back(line);
  std::sort(table.rows.begin(), table.rows.end());
  return table;
}

std::vector<std::string> command(const std::string& query, const GeneratorOptions& options,
                                 std::uint32_t parallelism, const std::filesystem::path& output) {
  return {"--query",        query,
          "--events",       std::to_string(options.events),
          "--rate",         std::to_string(options.rate),
          "--out-of-order", std::to_string(options.out_of_order),
          "--generators",   std::to_string(options.generators),
          "--parallelism",  std::to_string(parallelism),
          "--output",       output.string(),
          "--format",       "csv",
          "--final",        "--quiet"};
}

int run(const std::vector<std::string>& arguments, const std::filesystem::path& log) {
  Process program(WEIR_BIN_DIR "/nexmark", arguments, log);
  const auto status = program.wait_for(kPatience);
  REQUIRE_MESSAGE(status, "the program hangs");
  return *status;
}

int run_with_kills(const std::string& query, const GeneratorOptions& options, std::mt19937& random,
                   const std::filesystem::path& directory) {
  constexpr int most_kills = 8;  // the run must end some time
  const std::filesystem::path log = directory / "log";
  const auto output = directory / "result.csv";
  for (int kills = 0;; ++kills) {
    const std::uint32_t parallelism = 1 + random() % 3;
    auto arguments = command(query, options, parallelism, output);
    // Fast enough for a test, and slow enough for a few checkpoints before each kill.
    const std::string per_second = std::to_string(options.events / 2);
    for (const std::string& argument : {std::string("--throttle"), per_second,
                                        std::string("--state-dir"), (directory / "state").string(),
                                        std::string("--checkpoint-interval"), std::string("50ms")})
      arguments.push_back(argument);
    if (kills > 0) arguments.push_back("--resume");

    Process program(WEIR_BIN_DIR "/nexmark", arguments, log);
    const std::chrono::milliseconds life(20 + random() % 500);
    const auto status = program.wait_for(kills < most_kills ? life : kPatience);
    if (!status) {
      REQUIRE_MESSAGE(kills < most_kills, "the program hangs");
      program.kill();
      continue;
    }
    REQUIRE_MESSAGE(*status == 0, query, " ended with status ", *status, " after ", kills,
                    " kills: ", weir::testing::content_of(log));
    return kills;
  }
}

void check_same(const Table& found, const Table& wanted) {
  CHECK(found.header == wanted.header);
  CHECK_MESSAGE(found.rows == wanted.rows,
                "rows that should not be there: ", difference(found.rows, wanted.rows),
                "\nrows that are missing: ", difference(wanted.rows, found.rows));
}

std::uint32_t seed() {
  static const std::uint32_t drawn = [] {
    const char* given = std::getenv("WEIR_SEED");
    return given != nullptr ? static_cast<std::uint32_t>(std::stoul(given))
                            : std::random_device()();
  }();
  return drawn;
}

}  // namespace nexmark::testing
