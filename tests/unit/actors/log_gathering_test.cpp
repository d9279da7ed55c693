// What a job printed comes from all nodes, however few of them answer.
#include <weir/actors/log_gathering.hpp>

#include <doctest/doctest.h>

using namespace weir;

namespace {

using Lines = std::vector<std::string>;

struct Bench {
  std::vector<GatheredLogs> answers;
  LogGathering gathering;

  std::uint64_t begin(LogGathering::Names awaited, Lines silent = {}) {
    const auto answer = [this](GatheredLogs logs) { answers.push_back(std::move(logs)); };
    return gathering.begin(std::make_shared<LogCall>(LogCall{7, {}, answer}), std::move(awaited), std::move(silent));
  }
  void says(ClusterNodeId node, std::uint64_t request, const std::string& line) {
    gathering.on_logs(node, {request, {{1, "", {line}}}});
  }
};

}  // namespace

TEST_CASE("the answer is there once all nodes have answered, each for itself and once") {
  Bench bench;
  const auto request = bench.begin({{1, "one"}, {2, "two"}});
  bench.says(2, request, "b");
  bench.says(2, request, "b again");
  bench.says(3, request, "a stranger's");
  bench.says(1, request + 1, "another's");
  CHECK(bench.answers.empty());
  bench.says(1, request, "a");
  REQUIRE(bench.answers.size() == 1);
  const GatheredLogs& found = bench.answers.front();
  REQUIRE(found.nodes.size() == 2);
  CHECK(found.nodes[0].node == "two");
  CHECK(found.nodes[0].logs.front().lines == Lines{"b"});
  CHECK(found.nodes[1].node == "one");
  CHECK(found.silent.empty());
  bench.gathering.on_due(request);
  CHECK(bench.answers.size() == 1);
}

TEST_CASE("nodes that are gone, or out of reach, or too slow are named, and the others' lines are there") {
  Bench bench;
  const auto request = bench.begin({{1, "one"}, {2, "two"}, {3, "three"}}, {"away"});
  bench.says(1, request, "a");
  bench.gathering.on_gone(2);
  CHECK(bench.answers.empty());
  bench.gathering.on_due(request);
  REQUIRE(bench.answers.size() == 1);
  CHECK(bench.answers.front().nodes.size() == 1);
  CHECK(bench.answers.front().silent == Lines{"away", "two", "three"});
  bench.says(3, request, "too late");
  CHECK(bench.answers.size() == 1);
}

TEST_CASE("where there is nobody to ask the answer is there at once") {
  Bench bench;
  bench.begin({}, {"away"});
  REQUIRE(bench.answers.size() == 1);
  CHECK(bench.answers.front().silent == Lines{"away"});
}

TEST_CASE("a node that goes is waited for no more, by whoever asked it") {
  Bench bench;
  bench.begin({{1, "one"}});
  const auto second = bench.begin({{1, "one"}, {2, "two"}});
  bench.gathering.on_gone(1);
  CHECK(bench.answers.size() == 1);
  bench.says(2, second, "b");
  REQUIRE(bench.answers.size() == 2);
  CHECK(bench.answers.back().silent == Lines{"one"});
}
