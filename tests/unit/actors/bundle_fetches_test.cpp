#include <weir/actors/bundle_fetches.hpp>

#include <set>
#include <utility>

#include <doctest/doctest.h>

#include "support/silent_services.hpp"

using namespace weir;

namespace {

class FakeServices final : public testing::SilentServices {
 public:
  bool has_bundle(const std::string& sha256) override { return kept.contains(sha256); }
  Result<void> keep_bundle(const std::string& sha256, std::string_view bytes) override {
    if (bytes != "whole") return Error{"another hash"};
    kept.insert(sha256);
    return {};
  }

  std::set<std::string> kept;
};

struct Bench {
  FakeServices services;
  std::set<ClusterNodeId> up{1, 2, 3};
  std::vector<std::pair<ClusterNodeId, std::uint64_t>> asked;  // holder, offset
  std::vector<std::uint64_t> started;                          // attempts
  std::vector<std::uint64_t> nowhere;
  std::vector<std::string> writing;  // bundles; kept at once unless somebody waits for it
  bool slow = false;
  BundleFetches fetches{{.ask = [this](ClusterNodeId holder, const wire::FetchBundle& fetch) {
                           if (!up.contains(holder)) return BundleFetches::Asked::No;
                           asked.emplace_back(holder, fetch.offset);
                           return BundleFetches::Asked::Yes;
                         },
                         .keep = [this](const std::string& bundle, std::string bytes) {
                           if (slow) writing.push_back(bytes);
                           else fetches.on_kept(bundle, services.keep_bundle(bundle, bytes).ok());
                         },
                         .there = [this](BundleFetches::Start start) { started.push_back(start.attempt); },
                         .nowhere = [this](const BundleFetches::Start& start, const std::string&) { nowhere.push_back(start.attempt); }}};

  void want(std::uint64_t attempt) {
    BundleFetches::Start start{7, attempt, {}};
    start.worker.bundle = "b";
    start.worker.holders = {3, 2, 1};
    fetches.want(std::move(start));
  }
  void piece(ClusterNodeId from, std::uint64_t offset, const std::string& bytes, const std::string& error = "") {
    fetches.on_piece(from, {"b", offset, bytes, error});
  }
};

using Asked = std::vector<std::pair<ClusterNodeId, std::uint64_t>>;
using Attempts = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("a bundle comes piece by piece, once for all that wait for it") {
  Bench bench;
  bench.want(1);
  bench.want(2);
  bench.piece(1, 0, "who");
  bench.piece(1, 3, "le");
  bench.piece(1, 5, "");
  CHECK(bench.asked == Asked{{1, 0}, {1, 3}, {1, 5}});
  CHECK(bench.started == Attempts{1, 2});
  CHECK(bench.services.kept.contains("b"));
}

TEST_CASE("a copy is fetched though nobody waits for it, and those who come meanwhile wait for it") {
  Bench bench;
  bench.slow = true;
  bench.fetches.copy({"b", {2}});
  bench.fetches.copy({"b", {1}});
  bench.piece(2, 0, "whole");
  bench.piece(2, 5, "");
  CHECK(bench.asked == Asked{{2, 0}, {2, 5}});
  CHECK(bench.writing == std::vector<std::string>{"whole"});
  bench.want(1);
  bench.fetches.on_gone(2);
  CHECK(bench.started.empty());
  bench.fetches.on_kept("b", true);
  CHECK(bench.started == Attempts{1});
}

TEST_CASE("a copy that cannot be written is asked of the next holder") {
  Bench bench;
  bench.slow = true;
  bench.fetches.copy({"b", {1, 2}});
  bench.piece(2, 0, "");
  bench.fetches.on_kept("b", false);
  CHECK(bench.asked == Asked{{2, 0}, {1, 0}});
  bench.fetches.on_kept("b", false);
  CHECK(bench.nowhere.empty());
}

TEST_CASE("the next holder is asked from the start when one fails, lies or goes") {
  Bench bench;
  bench.want(1);
  bench.piece(1, 0, "wh");
  SUBCASE("it says that it has none") { bench.piece(1, 2, "", "no such bundle"); }
  SUBCASE("what it has is something else") { bench.piece(1, 2, ""); }
  SUBCASE("it is gone") { bench.fetches.on_gone(1); }
  SUBCASE("it is gone when it is asked for more") {
    bench.up.erase(1);
    bench.piece(1, 2, "ol");
  }
  CHECK(bench.asked.back() == std::pair<ClusterNodeId, std::uint64_t>{2, 0});
  bench.piece(1, 0, "late");  // of the holder before
  bench.piece(2, 0, "whole");
  bench.piece(2, 5, "");
  CHECK(bench.started == Attempts{1});
}

TEST_CASE("a bundle that no node has is told to all that wait for it, and may be wanted again") {
  Bench bench;
  bench.want(1);
  bench.want(2);
  for (const ClusterNodeId holder : {1, 2, 3}) bench.fetches.on_gone(holder);
  CHECK(bench.nowhere == Attempts{1, 2});
  bench.want(3);
  bench.piece(1, 0, "whole");
  bench.piece(1, 5, "");
  CHECK(bench.started == Attempts{3});
}

TEST_CASE("a worker that is not wanted any more is not started") {
  Bench bench;
  bench.want(1);
  bench.want(2);
  bench.fetches.forget(7, 1);
  bench.piece(1, 0, "whole");
  bench.piece(1, 5, "");
  CHECK(bench.started == Attempts{2});
}
