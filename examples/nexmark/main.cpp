// Runs one query of the Nexmark benchmark over generated events:
//
//   nexmark --query q5 --events 1000000 --output hot_items.csv
//
// or writes the events themselves, for other engines: nexmark --events 1000000 --dump events.jsonl.
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "event_json.hpp"
#include "queries.hpp"

using namespace nexmark;

namespace {

using Query = void (*)(const Site& site, const Output& output);

constexpr std::array<std::pair<const char*, Query>, 24> kQueries = {{
    {"q0", q0},   {"q1", q1},   {"q2", q2},   {"q3", q3},   {"q4", q4},   {"q5", q5},
    {"q6", q6},   {"q7", q7},   {"q8", q8},   {"q9", q9},   {"q10", q10}, {"q11", q11},
    {"q12", q12}, {"q13", q13}, {"q14", q14}, {"q15", q15}, {"q16", q16}, {"q17", q17},
    {"q18", q18}, {"q19", q19}, {"q20", q20}, {"q21", q21}, {"q22", q22}, {"q23", q23},
}};

std::vector<std::string> query_names() {
  std::vector<std::string> names;
  for (const auto& [name, query] : kQueries) names.emplace_back(name);
  return names;
}

std::uint64_t count_option(const weir::Options& options, const std::string& name,
                           const std::string& help, const std::string& fallback) {
  const std::int64_t number = options.number(name, {.help = help, .fallback = fallback});
  if (number < 0) throw weir::Failure("option --" + name + " must not be negative");
  return static_cast<std::uint64_t>(number);
}

Events events_of(const weir::Options& options) {
  Events events;
  GeneratorOptions& generator = events.generator;
  generator.events = count_option(options, "events", "how many to generate", "100000");
  generator.rate = count_option(options, "rate", "events per second of event time", "10000");
  generator.out_of_order =
      count_option(options, "out-of-order", "events in a shuffled group; 1: in order", "1");
  generator.generators =
      count_option(options, "generators", "timelines, each with its own range of ids", "1");
  events.per_second = static_cast<double>(
      count_option(options, "throttle", "events per second of real time; 0: no limit", "0"));
  if (generator.rate > 2'000'000)
    throw weir::Failure(
        "option --rate must be at most 2000000: a time step is a microsecond at least");
  if (generator.generators > 10'000)
    throw weir::Failure("option --generators must be at most 10000: each is kept in memory");
  return events;
}

/// The events as lines of JSON, in the order in which they arrive.
void dump(weir::Pipeline& pipeline, const Events& events, const std::string& file) {
  pipeline.source("events", events.source(1), {.parallelism = 1})
      .map([](const Event& event) { return to_json(event); }, {.parallelism = 1})
      .sink("dump", weir::RowFile{file, weir::RowFormat::Text});
}

}  // namespace

WEIR_JOB(nexmark) {
  const std::string dump_file = options.get(
      "dump", {.help = "file to write the events to, as lines of JSON", .fallback = ""});
  const bool dumps = !dump_file.empty();
  const std::string name =
      options.get("query", {.help = "which query",
                            .fallback = dumps ? std::optional<std::string>("") : std::nullopt,
                            .choices = query_names()});
  const Events events = events_of(options);
  const Output output(options);
  if (dumps) {
    pipeline.rename("nexmark-dump");
    return dump(pipeline, events, dump_file);
  }

  // The state of one query is no use to another.
  pipeline.rename("nexmark-" + name);
  for (const auto& [known, query] : kQueries) {
    if (name == known) query(Site(pipeline, events), output);
  }
}
