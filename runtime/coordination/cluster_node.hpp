// A node of a cluster: what the others must remember of it while it is away, and what it says of itself when it comes. Values.
#pragma once

#include <cstdint>
#include <string>

namespace weir {

/// Random, never 0, and kept in the node's data directory: a node that lost its directory comes back as another one.
using ClusterNodeId = std::uint64_t;

struct ClusterNode {
  enum class Role : std::uint8_t {
    Eligible,    // may lead, and has a vote on who does
    WorkerOnly,
  };
  ClusterNodeId id = 0;
  std::string name;     // for people
  std::string address;  // HOST:PORT for other nodes; no two nodes share one
  std::string http;     // HOST:PORT for people and scripts
  Role role = Role::Eligible;

  friend bool operator==(const ClusterNode&, const ClusterNode&) = default;
};

struct NodeAnnouncement {
  ClusterNode node;
  std::uint64_t incarnation = 0;  // grows each time the node starts, and each time it learns that it was taken for dead: a time, in ms
  std::uint32_t slots = 1;        // how many tasks of each vertex it runs at most, of all jobs
  std::string version;            // of Weir
  std::uint64_t voter = 0;        // its id in the replicated log; 0: it takes no part in it

  friend bool operator==(const NodeAnnouncement&, const NodeAnnouncement&) = default;
};

}  // namespace weir
