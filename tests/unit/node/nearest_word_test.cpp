// Which word was meant.
#include <doctest/doctest.h>

#include <weir/node/nearest_word.hpp>

using namespace weir;

TEST_CASE("a mistyped word is taken for the nearest one, and one unlike all others for none") {
  const std::vector<std::string> words = {"--input", "--output", "--parallelism", "--state-dir"};
  CHECK(nearest_word("--inptu", words) == "--input");
  CHECK(nearest_word("--ouput", words) == "--output");
  CHECK(nearest_word("--paralellism", words) == "--parallelism");
  CHECK(nearest_word("jbos", {"job", "jobs"}) == "jobs");  // two letters swapped are one mistake
  CHECK(nearest_word("sbumit", {"submit", "stop"}) == "submit");
  CHECK(nearest_word("--statedir", words) == "--state-dir");
  CHECK(nearest_word("--verbose-logging", words) == std::nullopt);
  CHECK(nearest_word("", words) == std::nullopt);
  CHECK(nearest_word("x", {}) == std::nullopt);
  CHECK(nearest_word("jbso", {"jobs"}) == std::nullopt);
}
