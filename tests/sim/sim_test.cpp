// Random pipelines under a random scheduler, compared with plain code. WEIR_SEED=<n> replays one seed, WEIR_SEEDS=<n> runs
// that many, from WEIR_FIRST_SEED on.
#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "sim/sim_job.hpp"

using weir::sim::SimResult;
using weir::sim::simulate;

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("a random pipeline under a random schedule gives exactly the reference's results") {
  constexpr std::uint64_t kFastSeeds = 500;
  const bool replay = std::getenv("WEIR_SEED") != nullptr;
  const std::uint64_t first = replay ? number_from("WEIR_SEED", 0) : number_from("WEIR_FIRST_SEED", 1);
  const std::uint64_t seeds = replay ? 1 : number_from("WEIR_SEEDS", kFastSeeds);
  SimResult total;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const SimResult result = simulate(seed);
    total.steps += result.steps;
    total.checkpoints += result.checkpoints;
    total.in_flight += result.in_flight;
    total.kills += result.kills;
    total.rescaled += result.rescaled;
    total.results += result.results;
    if (!result.fault.empty()) FAIL_CHECK("WEIR_SEED=" << seed << ": " << result.fault);
  }
  std::cout << seeds << " seeds: " << total.steps << " steps, " << total.checkpoints << " checkpoints with " << total.in_flight
            << " elements in flight, " << total.kills << " kills, " << total.rescaled << " changes of parallelism, "
            << total.results << " results\n";
  if (replay) return;
  // What is not exercised is not tested.
  CHECK(total.in_flight > seeds);
  CHECK(total.kills > seeds / 2);
  CHECK(total.rescaled > seeds / 10);
}
