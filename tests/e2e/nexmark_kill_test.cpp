// The nexmark program killed at random moments and resumed: every row once, as if nothing had happened.
// One query of each kind; nexmark_kill_long.cpp takes them all.
#include <doctest/doctest.h>

#include <random>
#include <string>

#include "support/nexmark_run.hpp"
#include "support/temporary_directory.hpp"

using namespace nexmark;
using namespace nexmark::testing;
using weir::testing::TemporaryDirectory;

TEST_CASE("a query that is killed and resumed gives every row once") {
  std::mt19937 random(seed());
  CAPTURE(seed());  // replay with WEIR_SEED
  int kills = 0;
  for (const std::string query : {"q0", "q4", "q5", "q7", "q8", "q11", "q19", "q20"}) {
    CAPTURE(query);
    const TemporaryDirectory directory;
    const GeneratorOptions options{.events = 10'000, .rate = 1'000, .out_of_order = 50};
    kills += run_with_kills(query, options, random, directory.path());
    check_same(read_table(directory / "result.csv"), expected(query, options));
  }
  CHECK(kills >= 10);
}
