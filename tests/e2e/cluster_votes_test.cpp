// Votes in a cluster of real daemons that are told to end: those that stay can decide, whoever leaves and in whatever order, and a
// cluster that was stopped comes back.
#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "support/count_rows.hpp"
#include "support/daemons.hpp"
#include "support/temporary_directory.hpp"

using weir::testing::check_counts;
using weir::testing::count_job;
using weir::testing::Daemons;
using weir::testing::JobStatus;
using weir::testing::TemporaryDirectory;

namespace {

using Nodes = std::set<std::size_t>;

constexpr std::int64_t kRecords = 800'000;  // 40 seconds

const std::vector<std::string> kQuick{"--slots", "3", "--node-timeout", "2s", "--heartbeat", "200ms"};

/// A job that one node has room for.
std::uint64_t submit(Daemons& nodes, const std::filesystem::path& output) {
  return nodes.submit("slow_count", count_job(output, kRecords));
}

void check_finished(Daemons& nodes, std::uint64_t job, const std::filesystem::path& output) {
  const JobStatus end = nodes.await_end(job);
  CHECK_MESSAGE(end.status == "finished", end.message);
  check_counts(output, kRecords);
}

/// Within the time that it has.
void check_all_handed_over(const Daemons& nodes, std::size_t node) {
  const std::string log = nodes.log(node);
  CHECK_MESSAGE(log.find("ending as asked") != std::string::npos, log);
  CHECK_MESSAGE(log.find("not all is handed over") == std::string::npos, log);
}

void end_well(Daemons& nodes, std::size_t node) {
  CHECK(nodes.terminate(node) == 0);
  check_all_handed_over(nodes, node);
}

}  // namespace

TEST_CASE("a cluster of three of which two are told to end goes on with the last one, whoever led, and is one of three when they are back") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 3, kQuick);
  const std::uint64_t job = submit(nodes, directory / "out.csv");
  nodes.await_checkpoint(job, 1);
  const std::size_t leader = nodes.leader();
  const std::size_t first = (leader + 1) % nodes.size();
  const std::size_t last = (leader + 2) % nodes.size();
  for (const std::size_t victim : {first, leader}) end_well(nodes, victim);
  CHECK(nodes.leader() == last);
  nodes.await_checkpoint(job, nodes.status(job).checkpoint);
  CHECK(nodes.nodes_of(job) == Nodes{last});

  for (const std::size_t victim : {first, leader}) nodes.start(victim);
  nodes.await_up(3);
  nodes.await_logged(last, nodes.address(first) + " has a vote");
  nodes.await_logged(last, nodes.address(leader) + " has a vote");
  end_well(nodes, last);
  CHECK(nodes.leader() != last);
  check_finished(nodes, job, directory / "out.csv");
}

TEST_CASE("a node that has the only vote gives it to the other one when it is told to end, and gets it back the same way") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 2, kQuick);
  const std::uint64_t job = submit(nodes, directory / "out.csv");
  nodes.await_checkpoint(job, 1);
  for (const std::size_t victim : {0, 1}) {
    CHECK(nodes.leader() == victim);
    end_well(nodes, victim);
    CHECK(nodes.leader() == 1 - victim);
    nodes.await_checkpoint(job, nodes.status(job).checkpoint);
    nodes.start(victim);
    nodes.await_up(2);
  }
  check_finished(nodes, job, directory / "out.csv");
}

TEST_CASE("a cluster that is told to end as a whole does so at once, and any two of its three nodes bring it back") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 3, kQuick);
  const std::uint64_t job = submit(nodes, directory / "out.csv");
  nodes.await_checkpoint(job, 1);
  const std::size_t leader = nodes.leader();
  for (std::size_t node = 0; node < nodes.size(); ++node) nodes.tell_to_end(node);
  for (std::size_t node = 0; node < nodes.size(); ++node) {
    CHECK(nodes.await_exit(node) == 0);
    check_all_handed_over(nodes, node);
  }
  for (std::size_t node = 0; node < nodes.size(); ++node) {
    if (node != leader) nodes.start(node);
  }
  nodes.await_up(2);  // somebody leads: two of three votes are here
  nodes.start(leader);
  check_finished(nodes, job, directory / "out.csv");
}
