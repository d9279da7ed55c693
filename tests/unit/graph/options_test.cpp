// What a job may ask its user for.
#include <doctest/doctest.h>

#include <weir/graph/options.hpp>

using namespace weir;

TEST_CASE("options are declared by asking, with their kinds") {
  const Options options({}, Options::Mode::Describe);
  CHECK(options.get("input") == "<input>");
  CHECK(options.number("count", {.help = "how many", .fallback = "7"}) == 7);
  CHECK(options.duration("gap") == Duration(1000));
  CHECK(options.bytes("size") == 1);
  CHECK(options.real("rate") == 1);
  CHECK(!options.flag("fast"));
  CHECK(options.get("input") == "<input>");
  std::vector<DeclaredOption::Kind> kinds;
  for (const DeclaredOption& option : options.declared()) kinds.push_back(option.kind);
  using Kind = DeclaredOption::Kind;
  CHECK(kinds == std::vector<Kind>{Kind::Text, Kind::Number, Kind::Duration, Kind::Bytes, Kind::Real, Kind::Flag});
}

TEST_CASE("a run refuses what is missing or malformed, and a description takes no offence") {
  const std::map<std::string, std::string> given = {{"count", "many"}, {"query", "q99"}};
  const OptionSpec query{.choices = {"q0", "q1"}};
  const Options run(given);
  CHECK_THROWS_WITH_AS(run.number("count"), "option --count: 'many' is not a whole number", Failure);
  CHECK_THROWS_WITH_AS(run.get("query", query), "option --query: 'q99' is not one of q0, q1", Failure);
  CHECK_THROWS_WITH_AS(run.get("input", {.help = "a file"}), "option --input is missing: a file", MissingOption);
  for (const std::string number : {"inf", "-inf", "nan"}) {
    const std::string message = "option --rate: '" + number + "' is not a finite number";
    CHECK_THROWS_WITH_AS(Options({{"rate", number}}).real("rate"), message.c_str(), Failure);
  }
  const Options described(given, Options::Mode::Describe);
  CHECK(described.number("count") == 1);
  CHECK(described.get("query", query) == "q0");
}

TEST_CASE("an explanation assumes what was not given, and says so") {
  const Options options({{"count", "12"}}, Options::Mode::Explain);
  CHECK(options.number("count") == 12);
  CHECK(options.get("query", {.choices = {"q0", "q1"}}) == "q0");
  CHECK(options.get("output", {.fallback = ""}).empty());
  CHECK(options.placeholders() == std::map<std::string, std::string>{{"query", "q0"}});
  CHECK_THROWS_AS(Options({{"count", "many"}}, Options::Mode::Explain).number("count"), Failure);
}
