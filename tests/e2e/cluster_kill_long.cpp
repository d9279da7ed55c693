// As cluster_kill_test.cpp, a hundred times over, with the answer of a query beside that of a count.
#include <doctest/doctest.h>

#include <random>

#include "support/count_rows.hpp"
#include "support/daemons.hpp"
#include "support/nexmark_run.hpp"
#include "support/random_kills.hpp"
#include "support/temporary_directory.hpp"

using namespace weir::testing;

TEST_CASE("a job's output is exact after a hundred random kills") {
  const TemporaryDirectory directory;
  const std::uint32_t seed = nexmark::testing::seed();
  CAPTURE(seed);  // replay with WEIR_SEED
  std::mt19937 random(seed);
  int kills = 0;
  for (int round = 0; kills < 100; ++round) {
    CAPTURE(round);
    const auto place = directory / ("round" + std::to_string(round));
    // A node that is to end while another is dead would wait for that one, and the jobs not outlast the kills.
    Daemons nodes(place / "cluster", 3, {"--slots", "4", "--node-timeout", "2s", "--heartbeat", "200ms", "--drain-timeout", "4s"});
    const auto count = place / "count.csv";
    const auto query = place / "q5.csv";
    const nexmark::GeneratorOptions generator{.events = 400'000, .rate = 10'000, .out_of_order = 50};
    const std::uint64_t counting = nodes.submit("slow_count", {"--set", "count=400000", "--set", "rate=10000", "--set", "output=" + count.string(),
                                                               "--parallelism", "3", "--checkpoint-interval", "100ms"});
    const std::uint64_t asking = nodes.submit("nexmark", {"--set", "query=q5", "--set", "events=400000", "--set", "rate=10000", "--set", "out-of-order=50",
                                                          "--set", "throttle=10000", "--set", "final=true", "--set", "output=" + query.string(), "--parallelism",
                                                          "3", "--checkpoint-interval", "100ms"});
    kills += kill_at_random(nodes, counting, 25, random);
    for (const std::uint64_t job : {counting, asking}) {
      const JobStatus end = nodes.await_end(job);
      CHECK_MESSAGE(end.status == "finished", end.message);
    }
    check_counts(count, 400'000);
    nexmark::testing::check_same(nexmark::testing::read_table(query), nexmark::testing::expected("q5", generator));
  }
}

TEST_CASE("a node that is stopped for twenty seconds, leader or not, does no harm when it goes on") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 3, {"--slots", "3"});
  for (const bool leads : {false, true}) {
    CAPTURE(leads);
    const auto output = directory / (leads ? "leader.csv" : "follower.csv");
    const std::uint64_t job = nodes.submit("slow_count", {"--set", "count=400000", "--set", "rate=10000", "--set", "output=" + output.string(),
                                                          "--parallelism", "6", "--checkpoint-interval", "100ms"});
    const JobStatus before = nodes.await_checkpoint(job, 2);
    const std::size_t leader = nodes.leader();
    const std::size_t victim = leads ? leader : (leader + 1) % nodes.size();
    nodes.signal(victim, SIGSTOP);
    nodes.hide(victim);
    nodes.await_up(2);
    // A hundred of them take ten seconds at least, after those until the node counted as dead.
    const JobStatus without = nodes.await_checkpoint(job, before.checkpoint + 1000);
    CHECK(without.attempt > before.attempt);
    nodes.await_checkpoint(job, without.checkpoint + 150);
    nodes.signal(victim, SIGCONT);
    nodes.show(victim);
    nodes.await_up(3);
    const JobStatus end = nodes.await_end(job);
    CHECK_MESSAGE(end.status == "finished", end.message);
    check_counts(output, 400'000);
  }
}
