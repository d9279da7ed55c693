// The daemon of a node: it joins a cluster, runs workers of the cluster's jobs and keeps its share of their checkpoints. One
// node alone is a cluster.
#pragma once

#include <functional>
#include <string>

#include <weir/node/node_options.hpp>

namespace weir {

/// Runs until it is told to end by SIGINT or SIGTERM: then it leaves the cluster. `program` is this binary's file, which
/// workers run as well. Returns the exit status; prints one line per error.
int run_node_daemon(const NodeOptions& options, const std::string& program);

}  // namespace weir
