// The daemon of a node: it joins a cluster, runs workers of the cluster's jobs and keeps its share of their checkpoints. One
// node alone is a cluster.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <weir/actors/actor_process_options.hpp>
#include <weir/base/result.hpp>
#include <weir/base/time.hpp>

namespace weir {

struct NodeDaemonOptions {
  std::string listen = "127.0.0.1:7070";  // for other nodes
  std::string http = "127.0.0.1:7071";    // for people and scripts
  std::filesystem::path data;
  std::vector<std::string> join;          // addresses of nodes of the cluster; empty: this node is the first
  std::string name;                       // for people; empty: the listening address
  std::uint32_t slots = 0;                // 0: one per core
  Duration node_timeout{5000};
  ActorProcessOptions process;
};

/// Runs until `stop` says so, which is asked often. Returns the exit status; prints one line per error.
int run_node_daemon(const NodeDaemonOptions& options, const std::function<bool()>& stop);

}  // namespace weir
