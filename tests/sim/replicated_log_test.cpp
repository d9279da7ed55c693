// A cluster's log under everything that networks and machines do to it; see support/log_cluster.hpp for what is checked all
// the time. WEIR_SEED=n repeats one run; WEIR_RUNS=n makes more of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/log_cluster.hpp"
#include "support/seeds.hpp"

using namespace weir;
using weir::testing::LogCluster;
using weir::testing::Network;
using weir::testing::number_from_environment;

namespace {

/// Runs a story with many seeds, or with the one of WEIR_SEED.
template <class Story>
void with_seeds(std::uint64_t runs, const Story& story) {
  const std::uint64_t only = number_from_environment("WEIR_SEED", 0);
  if (only != 0) return story(only);
  runs = number_from_environment("WEIR_RUNS", runs);
  for (std::uint64_t seed = 1; seed <= runs; ++seed) story(seed);
}

/// Random work and trouble, one event at a time.
class Chaos {
 public:
  Chaos(LogCluster& cluster, std::uint64_t seed) : cluster_(cluster), random_(seed * 7919) {}

  void run(int events) {
    for (int i = 0; i < events; ++i) {
      event();
      cluster_.run_for(below(40));
    }
  }

 protected:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  void propose() {
    const std::size_t node = below(cluster_.nodes().size());
    if (!cluster_[node].server) return;
    for (std::uint64_t i = 0; i < 1 + below(4); ++i) cluster_.propose(node, "command " + std::to_string(commands_++));
  }

  void kill_or_restart() {
    const std::size_t node = below(cluster_.nodes().size());
    if (cluster_[node].server) {
      cluster_.kill(node);
    } else {
      cluster_.restart(node);
    }
  }

  void part() {
    for (std::size_t i = 0; i < cluster_.nodes().size(); ++i) cluster_[i].group = static_cast<int>(below(2));
  }

  void heal() {
    for (std::size_t i = 0; i < cluster_.nodes().size(); ++i) cluster_[i].group = 0;
  }

  virtual void event() {
    const std::uint64_t kind = below(100);
    if (kind < 60) {
      // Mostly to whoever leads, or nothing would happen.
      if (const auto leader = cluster_.leader()) cluster_.propose(*leader, "command " + std::to_string(commands_++));
      else propose();
    } else if (kind < 70) {
      propose();
    } else if (kind < 80) {
      kill_or_restart();
    } else if (kind < 86) {
      part();
    } else if (kind < 94) {
      heal();
    } else if (kind < 97) {
      cluster_.set_network({.drop = 0.02 * static_cast<double>(below(15)),
                            .duplicate = 0.1,
                            .longest_delay_ms = static_cast<int>(1 + below(30))});
    } else if (const auto leader = cluster_.leader()) {
      cluster_[*leader].server->step_down(cluster_.now_ms());
    }
  }

  LogCluster& cluster_;
  std::mt19937_64 random_;
  int commands_ = 0;
};

/// What a member that loses its vote comes back with.
enum class Directory { Lost, Kept };

/// And members come and go. One that loses its directory comes back as another one.
class ChaosOfMembers : public Chaos {
 public:
  ChaosOfMembers(LogCluster& cluster, std::uint64_t seed, Directory directory) : Chaos(cluster, seed), directory_(directory) {}

 private:
  void event() override {
    const auto leader = cluster_.leader();
    if (below(100) < 80 || !leader) return Chaos::event();
    const auto voters = cluster_[*leader].server->voters();
    const std::size_t node = below(cluster_.nodes().size());
    const std::uint64_t id = cluster_[node].id;
    const bool votes = std::ranges::any_of(voters, [&](const Voter& voter) { return voter.id == id; });
    if (!votes && cluster_[node].server) {
      cluster_.add_voter(*leader, node);
    } else if (votes && voters.size() > 1) {
      const auto removed = cluster_.remove_voter(*leader, id);
      cluster_.run_until([&] { return removed->has_value(); }, 300);
      if (!removed->has_value() || !(*removed)->applied()) return;
      cluster_.kill(node);
      if (directory_ == Directory::Kept) return cluster_.restart(node);
      cluster_.wipe(node);
      cluster_.join(node);
    }
  }

  Directory directory_;
};

void calm_down(LogCluster& cluster) {
  cluster.set_network({});
  for (std::size_t i = 0; i < cluster.nodes().size(); ++i) {
    cluster[i].group = 0;
    if (!cluster[i].server) cluster.restart(i);
  }
}

/// Adds every node, and asks again when the leader changes.
void add_all(LogCluster& cluster) {
  for (std::size_t i = 0; i < cluster.nodes().size(); ++i) {
    std::string why;
    const bool added = cluster.run_until([&] {
      const auto answer = cluster.add_voter(cluster.await_leader(), i);
      cluster.run_until([&] { return answer->has_value(); });
      why = answer->has_value() ? (*answer)->why : "no answer";
      return why.empty();
    }, 100);
    CHECK_MESSAGE(added, "node ", i, ": ", why, cluster.describe());
  }
}

/// One more command, after which all have the same.
void end(LogCluster& cluster, std::uint64_t seed) {
  const auto& last = cluster.propose(cluster.await_leader(), "the last one");
  CHECK_MESSAGE(cluster.run_until([&] { return last.outcome.has_value(); }), "seed ", seed, cluster.describe());
  CHECK_MESSAGE(cluster.run_until_even(), "seed ", seed, cluster.describe());
  cluster.check_proposals();
}

}  // namespace

TEST_CASE("three members agree whatever is lost, cut off or killed") {
  std::size_t applied = 0;
  with_seeds(100, [&](std::uint64_t seed) {
    LogCluster cluster(seed);
    if (seed % 2 == 0) cluster.options.entries_per_message_bytes = 30;  // two or three
    cluster.make(3);
    Chaos(cluster, seed).run(300);
    calm_down(cluster);
    end(cluster, seed);
    applied += cluster[0].applied.size();
  });
  CHECK(applied > 0);
  MESSAGE("applied ", applied, " commands");
}

TEST_CASE("five members agree while snapshots are taken and sent all the time") {
  with_seeds(40, [&](std::uint64_t seed) {
    LogCluster cluster(seed);
    cluster.options.snapshot_every_entries = 5;
    cluster.options.kept_entries = 3;
    cluster.make(5);
    Chaos(cluster, seed).run(300);
    calm_down(cluster);
    end(cluster, seed);
  });
}

TEST_CASE("members agree while they come and go") {
  Directory directory{};
  SUBCASE("as other ones") { directory = Directory::Lost; }
  SUBCASE("with what they have") { directory = Directory::Kept; }
  with_seeds(100, [&](std::uint64_t seed) {
    LogCluster cluster(seed);
    cluster.options.snapshot_every_entries = 7;
    cluster.options.kept_entries = 2;
    cluster.options.catch_up = Duration(300);
    cluster.make(3);
    ChaosOfMembers(cluster, seed, directory).run(300);
    calm_down(cluster);
    add_all(cluster);
    end(cluster, seed);
  });
}
