// What a job printed is found through any node of a cluster of real daemons.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <set>
#include <thread>

#include <weir/node/api_types.hpp>

#include "support/daemons.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using testing::Daemons;
using testing::JobStatus;
using testing::TemporaryDirectory;

namespace {

constexpr std::chrono::seconds kPatience(60);  // bounds a hung run; no test waits for it to pass

std::string name_of_node(std::size_t node) { return "node" + std::to_string(node); }

/// The nodes on which the job said something, by what `weir logs` tells.
std::set<std::string> heard(const api::LogList& list) {
  std::set<std::string> nodes;
  for (const api::LogInfo& log : list.logs) {
    const auto said = [](const std::string& line) { return line.starts_with("saw "); };
    if (std::any_of(log.lines.begin(), log.lines.end(), said)) nodes.insert(log.node);
  }
  return nodes;
}

api::LogList await_logs(Daemons& nodes, std::uint64_t job, const std::function<bool(const api::LogList&)>& wanted) {
  for (const auto end = std::chrono::steady_clock::now() + kPatience;;) {
    auto list = api::from_json<api::LogList>(nodes.ask({"logs", std::to_string(job)})).or_throw();
    if (wanted(list)) return list;
    REQUIRE_MESSAGE(std::chrono::steady_clock::now() < end, "never as wanted: ", api::to_json(list));
    std::this_thread::yield();
  }
}

}  // namespace

TEST_CASE("what a job printed on two nodes is there when a third is asked, and when one of the two is gone that is told") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 3, {"--slots", "1", "--node-timeout", "2s", "--heartbeat", "200ms"});
  const std::string output = "output=" + (directory / "out.csv").string();
  const std::uint64_t job = nodes.submit("slow_count", {"--set", "count=20000", "--set", "say-each=97", "--set", output,
                                                        "--parallelism", "2", "--checkpoint-interval", "100ms"});
  const JobStatus end = nodes.await_end(job);
  CHECK_MESSAGE(end.status == "finished", end.message);
  const std::set<std::size_t> used = nodes.nodes_of(job);
  REQUIRE(used.size() == 2);
  std::set<std::string> names;
  for (const std::size_t node : used) {
    names.insert(name_of_node(node));
    nodes.hide(node);
  }

  const auto from_all = [&](const api::LogList& list) { return heard(list) == names && list.silent.empty(); };
  const api::LogList all = await_logs(nodes, job, from_all);
  for (const api::LogInfo& log : all.logs) {
    if (log.attempt == end.attempt) CHECK_MESSAGE(!log.ended, log.ended.value_or(""));  // it was told to
  }

  nodes.kill(*used.begin());
  const std::string gone = name_of_node(*used.begin());
  names.erase(gone);
  const api::LogList rest = await_logs(nodes, job, [&](const api::LogList& list) { return heard(list) == names; });
  CHECK(rest.silent == std::vector<std::string>{gone});
}

TEST_CASE("that no node has a log of a job is told") {
  const TemporaryDirectory directory;
  Daemons nodes(directory / "cluster", 2);
  CHECK(nodes.refusal({"logs", "77"}).find("no node has a log of job 77") != std::string::npos);
}
