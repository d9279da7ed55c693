// A whole cluster of RaftServers in one thread, in virtual time, over a network that loses, doubles, delays and reorders
// messages as the seed says, on real directories. Nodes are killed between any two events and come back from what they
// stored. At every event it is checked that
//
// - what is applied at an index is the same on all nodes and in all their lives, and indices rise;
// - a term has one leader, and members name no other;
// - no node fails.
//
// check_proposals says whether what was answered is true. Everything throws std::runtime_error with the seed when it is not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <weir/consensus/raft_server.hpp>

#include "support/temporary_directory.hpp"

namespace weir::testing {

struct Network {
  double drop = 0;
  double duplicate = 0;
  int longest_delay_ms = 2;
};

class LogCluster {
 public:
  struct Node {
    std::filesystem::path directory;
    std::uint64_t id = 0;
    std::unique_ptr<LogTransport> transport;
    std::unique_ptr<LogObserver> observer;
    std::unique_ptr<RaftServer> server;  // null while the node is down
    std::map<std::uint64_t, std::string> applied;  // what the node's state consists of: index, command
    std::vector<std::string> restored;             // how often and with what size, for tests of snapshots
    Leadership leadership;
    int group = 0;  // nodes of different groups do not reach each other
  };

  struct Proposed {
    std::string command;
    std::optional<Outcome> outcome;
  };

  explicit LogCluster(std::uint64_t seed, Network network = {});

  LogOptions options;  // directory and address are set per node

  /// Makes a node with an empty directory, and opens it.
  std::size_t add_node();
  void bootstrap(std::size_t node);
  void join(std::size_t node);
  /// Bootstraps the first node, has the others join, and waits until all vote.
  void make(std::size_t nodes);

  void kill(std::size_t node);
  void restart(std::size_t node);
  /// Empties the directory of a node that is down; it will be another member.
  void wipe(std::size_t node);
  void set_network(Network network) { network_ = network; }

  Proposed& propose(std::size_t node, std::string command);
  std::shared_ptr<std::optional<Outcome>> add_voter(std::size_t leader, std::size_t node);
  std::shared_ptr<std::optional<Outcome>> remove_voter(std::size_t leader, std::uint64_t id);

  void run_for(std::uint64_t ms);
  /// Runs until the condition holds; false when it does not within the time.
  bool run_until(const std::function<bool()>& condition, std::uint64_t within_ms = 20000);

  /// The node that leads, if one does; of several that believe so the one of the highest term.
  std::optional<std::size_t> leader() const;
  std::size_t await_leader();
  /// Runs until all live nodes have applied the same last command.
  bool run_until_even(std::uint64_t within_ms = 20000);

  Node& operator[](std::size_t node) { return nodes_[node]; }
  const std::vector<Node>& nodes() const { return nodes_; }
  std::vector<Proposed*> proposals();
  std::uint64_t now_ms() const { return now_ms_; }
  std::uint64_t dropped_messages() const;

  /// Every node's state, for messages.
  std::string describe() const;

  /// What was answered Applied is there exactly once, what was Refused is nowhere, what is Unknown at most once.
  void check_proposals() const;

 private:
  struct Transport;
  struct Observer;
  struct Letter {
    std::size_t to;
    Bytes message;
  };

  void open(std::size_t node);
  void start(std::size_t node);
  void step();
  void sent(std::size_t from, const Voter& to, Bytes message);
  void applied(std::size_t node, std::uint64_t index, std::string command);
  void led(std::size_t node, const Leadership& leadership);
  [[noreturn]] void wrong(const std::string& what) const;
  double chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  std::uint64_t seed_;
  std::mt19937_64 random_;
  Network network_;
  TemporaryDirectory directory_;
  std::uint64_t cluster_ = 0;
  std::vector<Node> nodes_;
  std::multimap<std::uint64_t, Letter> letters_;  // by when they arrive
  std::vector<std::unique_ptr<Proposed>> proposals_;
  std::map<std::uint64_t, std::string> history_;        // what anybody applied, by index
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> leaders_;  // by cluster and term
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> named_;    // as members named them
  std::uint64_t now_ms_ = 1000;
  std::uint64_t made_ = 0;
};

}  // namespace weir::testing
