// Random pipelines under a random scheduler, compared with plain code. WEIR_SEED=<n> replays one seed, WEIR_SEEDS=<n> runs
// that many, from WEIR_FIRST_SEED on.
#include <doctest/doctest.h>

#include <iostream>
#include <string>

#include "sim/sim_job.hpp"
#include "support/seeds.hpp"

using weir::sim::SimResult;
using weir::sim::simulate;
using weir::testing::Seeds;

TEST_CASE("a random pipeline under a random schedule gives exactly the reference's results") {
  const Seeds seeds(500);
  SimResult total;
  for (std::uint64_t seed = seeds.first; seed < seeds.end(); ++seed) {
    const SimResult result = simulate(seed);
    total.steps += result.steps;
    total.checkpoints += result.checkpoints;
    total.in_flight += result.in_flight;
    total.kills += result.kills;
    total.rescaled += result.rescaled;
    total.results += result.results;
    if (!result.fault.empty()) FAIL_CHECK("WEIR_SEED=" << seed << ": " << result.fault);
  }
  std::cout << seeds.count << " seeds: " << total.steps << " steps, " << total.checkpoints << " checkpoints with " << total.in_flight
            << " elements in flight, " << total.kills << " kills, " << total.rescaled << " changes of parallelism, "
            << total.results << " results\n";
  if (seeds.replay) return;
  // What is not exercised is not tested.
  CHECK(total.in_flight > seeds.count);
  CHECK(total.kills > seeds.count / 2);
  CHECK(total.rescaled > seeds.count / 10);
}
