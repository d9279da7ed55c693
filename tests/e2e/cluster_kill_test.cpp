// Real daemons and workers are killed at random moments, one after the other and two at once; the job ends with the output that
// it has undisturbed: every row once.
#include <doctest/doctest.h>

#include <csignal>
#include <random>

#include "support/count_rows.hpp"
#include "support/daemons.hpp"
#include "support/nexmark_run.hpp"
#include "support/random_kills.hpp"
#include "support/temporary_directory.hpp"

using weir::testing::check_counts;
using weir::testing::count_job;
using weir::testing::Daemons;
using weir::testing::JobStatus;
using weir::testing::kill_at_random;
using weir::testing::TemporaryDirectory;

TEST_CASE("a job's output is exact after ten random kills of workers, nodes and leaders") {
  const TemporaryDirectory directory;
  const std::uint32_t seed = nexmark::testing::seed();
  CAPTURE(seed);
  std::mt19937 random(seed);
  // A node that is to end while another is dead would wait for that one, and the job not outlast all kills.
  Daemons nodes(directory / "cluster", 3, {"--slots", "3", "--node-timeout", "2s", "--heartbeat", "200ms", "--drain-timeout", "4s"});
  constexpr std::int64_t kRecords = 1'000'000;  // 50 s at the least: the job must outlast the kills
  const std::uint64_t job = nodes.submit("slow_count", count_job(directory / "out.csv", kRecords));
  CHECK(kill_at_random(nodes, job, 10, random) >= 10);
  const JobStatus end = nodes.await_end(job);
  CHECK_MESSAGE(end.status == "finished", end.message);
  check_counts(directory / "out.csv", kRecords);
}

TEST_CASE("a node that is stopped for a while and goes on does no harm, and is used again") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 3, {"--slots", "2", "--node-timeout", "2s", "--heartbeat", "200ms"});
  constexpr std::int64_t kRecords = 200'000;
  const std::uint64_t job = nodes.submit("slow_count", count_job(directory / "out.csv", kRecords));
  const JobStatus before = nodes.await_checkpoint(job, 2);
  const std::size_t victim = (nodes.leader() + 1) % nodes.size();
  nodes.signal(victim, SIGSTOP);
  nodes.await_up(2);
  CHECK(nodes.await_checkpoint(job, before.checkpoint + 1000).attempt > before.attempt);  // a later attempt goes on without it
  nodes.signal(victim, SIGCONT);
  nodes.await_up(3);
  const JobStatus end = nodes.await_end(job);
  CHECK_MESSAGE(end.status == "finished", end.message);
  check_counts(directory / "out.csv", kRecords);
}
