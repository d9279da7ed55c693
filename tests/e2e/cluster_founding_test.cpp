// Real daemons that are all configured alike, with each other's addresses and their own: which of them begins the cluster, and that
// none begins a second one.
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <weir/node/api_types.hpp>

#include "support/loopback_port.hpp"
#include "support/process.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using testing::content_of;
using testing::Process;
using testing::TemporaryDirectory;

namespace {

constexpr std::chrono::seconds kPatience(60);  // bounds a hung run; no test waits for it to pass
constexpr std::chrono::seconds kElection(8);  // more than one takes
const std::filesystem::path kProgram = std::filesystem::path(WEIR_BIN_DIR) / "weir";

class Trio {
 public:
  Trio() {
    for (std::size_t i = 0; i < kSize; ++i) {
      nodes_[i].address = "127.0.0.1:" + std::to_string(testing::free_port());
      nodes_[i].http = "127.0.0.1:" + std::to_string(testing::free_port());
      join_ += (i == 0 ? "" : ",") + nodes_[i].address;
    }
  }

  void start(std::size_t node) {
    Node& one = nodes_[node];
    one.process = std::make_unique<Process>(kProgram, std::vector<std::string>{"node", "--listen", one.address, "--http", one.http, "--name", std::to_string(node), "--data",
                                                                               data(node).string(), "--join", join_, "--node-timeout", "2s", "--heartbeat", "200ms"},
                                            log(node));
  }
  void kill(std::size_t node) { nodes_[node].process.reset(); }
  /// What the others were told to join stays what it was.
  void move(std::size_t node) { nodes_[node].address = "127.0.0.1:" + std::to_string(testing::free_port()); }
  void delete_data(std::size_t node) { std::filesystem::remove_all(data(node)); }

  /// Waits until the log of the node, since it was last started, holds a text.
  void await_logged(std::size_t node, const std::string& line) {
    await("'" + line + "' of node " + std::to_string(node), [&] { return content_of(log(node)).find(line) != std::string::npos; });
  }
  std::size_t clusters_begun(std::size_t node) const {
    const std::string text = content_of(log(node));
    std::size_t count = 0;
    for (std::size_t at = text.find("begins cluster"); at != std::string::npos; at = text.find("begins cluster", at + 1)) ++count;
    return count;
  }
  /// Through this node: the ids of all nodes, once so many are up.
  std::set<std::string> await_ids(std::size_t node, std::size_t count) {
    std::set<std::string> ids;
    await(std::to_string(count) + " nodes at node " + std::to_string(node), [&] {
      Process weir(kProgram, {"nodes", "--json", "--node", nodes_[node].http}, directory_ / "answer");
      if (weir.wait_for(kPatience) != 0) return false;
      ids.clear();
      for (const auto& each : api::from_json<api::NodeList>(content_of(directory_ / "answer")).or_throw().nodes) {
        if (each.status == "up") ids.insert(each.id);
      }
      return ids.size() == count;
    });
    return ids;
  }
  /// The first node is killed, and comes back as long as it alone has a vote: until one of the others leads without it. Nobody says
  /// when votes are given, so each time it lives four times as long.
  void give_lead_to_others() {
    std::size_t life = 50;
    await("another node leads", [&] {
      for (std::size_t asked = 0; asked < life; ++asked) await_ids(1, kSize);
      life *= 4;
      kill(0);
      for (const auto end = std::chrono::steady_clock::now() + kElection; std::chrono::steady_clock::now() < end;) {
        if (has_leader(1)) return true;
      }
      start(0);
      return false;
    });
  }
  bool has_leader(std::size_t node) {
    Process weir(kProgram, {"version", "--node", nodes_[node].http}, directory_ / "version");
    return weir.wait_for(kPatience) == 0;
  }

 private:
  static constexpr std::size_t kSize = 3;
  struct Node {
    std::string address;
    std::string http;
    std::unique_ptr<Process> process;
  };

  template <class Holds>
  void await(const std::string& what, Holds&& holds) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!holds()) {
      REQUIRE_MESSAGE(std::chrono::steady_clock::now() < end, "never: ", what);
      std::this_thread::yield();
    }
  }
  std::filesystem::path data(std::size_t node) const { return directory_ / ("data" + std::to_string(node)); }
  std::filesystem::path log(std::size_t node) const { return directory_ / ("node" + std::to_string(node) + ".log"); }

  TemporaryDirectory directory_;
  std::array<Node, kSize> nodes_;
  std::string join_;
};

}  // namespace

TEST_CASE("nodes that are configured alike begin one cluster, once all of them are there") {
  Trio nodes;
  nodes.start(0);
  nodes.start(1);
  nodes.await_logged(0, "node '1' at");
  CHECK_FALSE(nodes.has_leader(0));
  CHECK_FALSE(nodes.has_leader(1));
  nodes.start(2);
  const auto ids = nodes.await_ids(2, 3);
  CHECK(nodes.await_ids(0, 3) == ids);
  CHECK(nodes.clusters_begun(0) == 1);
  CHECK(nodes.clusters_begun(1) + nodes.clusters_begun(2) == 0);
}

TEST_CASE("nodes that are started again at other addresses find each other, also when none is where it was") {
  Trio nodes;
  for (std::size_t node : {0, 1, 2}) nodes.start(node);
  const std::set<std::string> ids = nodes.await_ids(0, 3);
  for (std::size_t node : {1, 0}) {
    nodes.kill(node);
    nodes.move(node);
    nodes.start(node);
    CHECK(nodes.await_ids(2, 3) == ids);
  }
  for (std::size_t node : {0, 1, 2}) nodes.kill(node);
  nodes.move(2);
  for (std::size_t node : {0, 1, 2}) nodes.start(node);
  CHECK(nodes.await_ids(0, 3) == ids);
}

TEST_CASE("the node that began the cluster joins it again when it has lost its data, even when it is the first to be back") {
  Trio nodes;
  for (std::size_t node = 0; node < 3; ++node) nodes.start(node);
  const auto before = nodes.await_ids(1, 3);
  nodes.give_lead_to_others();
  for (std::size_t node = 1; node < 3; ++node) nodes.kill(node);
  nodes.delete_data(0);
  nodes.start(0);
  nodes.await_logged(0, " is up: nodes at ");
  nodes.start(1);
  nodes.await_logged(0, "node '1' at");
  nodes.start(2);
  const auto after = nodes.await_ids(0, 3);
  CHECK(nodes.clusters_begun(0) == 0);  // since it was started anew
  CHECK(nodes.await_ids(1, 3) == after);
  std::set<std::string> both;
  for (const std::string& id : before) {
    if (after.contains(id)) both.insert(id);
  }
  CHECK(both.size() == 2);
}
