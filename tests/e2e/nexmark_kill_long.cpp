// As nexmark_kill_test.cpp, with every query, several times.
#include <doctest/doctest.h>

#include <random>
#include <string>

#include "support/nexmark_run.hpp"
#include "support/temporary_directory.hpp"

using namespace nexmark;
using namespace nexmark::testing;
using weir::testing::TemporaryDirectory;

TEST_CASE("every query that is killed and resumed gives every row once") {
  std::mt19937 random(seed());
  CAPTURE(seed());  // replay with WEIR_SEED
  for (const std::string& query : query_names()) {
    int kills = 0;
    for (const std::uint64_t rate : {1'000, 10'000, 100'000}) {
      CAPTURE(query);
      CAPTURE(rate);
      const TemporaryDirectory directory;
      const GeneratorOptions options{.events = 20'000, .rate = rate, .out_of_order = 50};
      kills += run_with_kills(query, options, random, directory.path());
      check_same(read_table(directory / "result.csv"), expected(query, options));
    }
    CHECK(kills >= 10);
  }
}
