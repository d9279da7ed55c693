// A job from its bundle to its output on a cluster: submitted, placed on all nodes, its records crossing between workers, its
// checkpoints kept, its end.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "support/count_rows.hpp"
#include "support/process.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_cluster.hpp"

using namespace weir;
using weir::testing::check_counts;
using weir::testing::TemporaryDirectory;
using weir::testing::TestCluster;

namespace {

/// Of every word the greatest count in a file that word_count wrote.
std::map<std::string, std::int64_t> counts_in(const std::filesystem::path& file) {
  std::istringstream rows(weir::testing::content_of(file));
  std::map<std::string, std::int64_t> counts;
  std::string row;
  std::getline(rows, row);  // the header
  while (std::getline(rows, row)) {
    const std::size_t comma = row.find(',');
    auto& count = counts[row.substr(0, comma)];
    count = std::max(count, static_cast<std::int64_t>(std::stoll(row.substr(comma + 1))));
  }
  return counts;
}

}  // namespace

TEST_CASE("a job runs on three nodes as it does on one") {
  const TemporaryDirectory directory;
  std::map<std::string, std::int64_t> expected;
  for (int file = 0; file < 6; ++file) {
    std::ofstream text(directory / ("words" + std::to_string(file) + ".txt"));
    for (int line = 0; line < 2000; ++line) {
      const std::string word = "word" + std::to_string((line * 7 + file) % 100);
      text << word << " the\n";
      ++expected[word];
      ++expected["the"];
    }
  }
  TestCluster cluster(directory / "cluster", 3, 2);
  JobSpec spec;
  spec.parallelism = 3;
  spec.options = {{"input", (directory / "words*.txt").string()}, {"output", (directory / "out.csv").string()}};
  spec.checkpoint_interval = Duration(100);
  const JobId job = cluster.submit("word_count", spec);
  const JobOutcome outcome = cluster.outcome(job);
  CHECK_MESSAGE(outcome.state == JobOutcome::State::Finished, outcome.message);
  CHECK(counts_in(directory / "out.csv") == expected);
  cluster.with_leader([&](ClusterControl& control) {
    std::set<ClusterNodeId> used(control.state().job(job)->slots.begin(), control.state().job(job)->slots.end());
    CHECK(used.size() == 3);
  });
}

namespace {

JobSpec slow_count(const std::filesystem::path& output, std::int64_t records) {
  JobSpec spec;
  spec.parallelism = 3;
  spec.options = {{"count", std::to_string(records)}, {"output", output.string()}};
  spec.checkpoint_interval = Duration(50);
  return spec;
}

std::uint64_t checkpoints_of(ClusterControl& control, JobId job) { return control.state().job(job)->newest_checkpoint(); }

}  // namespace

TEST_CASE("a job goes on from its last checkpoint when a worker is killed") {
  const TemporaryDirectory directory;
  TestCluster cluster(directory / "cluster", 3, 2);
  const JobId job = cluster.submit("slow_count", slow_count(directory / "out.csv", 60'000));
  for (std::size_t node = 1; node <= 3; ++node) {
    do {
      std::uint64_t before = 0;
      cluster.with_leader([&](ClusterControl& control) { before = checkpoints_of(control, job); });
      cluster.await("a checkpoint is complete", [&](ClusterControl& control) { return checkpoints_of(control, job) > before; });
    } while (!cluster.signal_worker(job, node, SIGKILL));  // between two attempts there is none
  }
  const JobOutcome outcome = cluster.outcome(job);
  CHECK_MESSAGE(outcome.state == JobOutcome::State::Finished, outcome.message);
  check_counts(directory / "out.csv", 60'000);
}

TEST_CASE("a job goes on elsewhere when a node is lost, that of the leader, too") {
  std::size_t node = 0;
  SUBCASE("one that does not lead") { node = 3; }
  SUBCASE("the leader: another one leads") { node = 1; }
  const TemporaryDirectory directory;
  TestCluster cluster(directory / "cluster", 3, 3);
  const JobId job = cluster.submit("slow_count", slow_count(directory / "out.csv", 60'000));
  cluster.await("a checkpoint is complete", [&](ClusterControl& control) { return checkpoints_of(control, job) > 2; });
  cluster.drop_node(node);
  const JobOutcome outcome = cluster.outcome(job);
  CHECK_MESSAGE(outcome.state == JobOutcome::State::Finished, outcome.message);
  check_counts(directory / "out.csv", 60'000);
}
