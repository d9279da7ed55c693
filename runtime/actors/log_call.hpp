// How the question what a job's workers printed travels from the HTTP port of a node to the other nodes, and the answer back.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <weir/coordination/cluster_state.hpp>
#include <weir/wire/cluster_messages.hpp>

namespace weir {

/// What a job's workers printed on one node.
struct NodeLogs {
  std::string node;  // its name
  std::vector<wire::WorkerLog> logs;
};

/// What they printed on the other nodes.
struct GatheredLogs {
  std::vector<NodeLogs> nodes;
  std::vector<std::string> silent;  // names of nodes that did not answer in time
};

struct LogCall {
  JobId job = 0;
  wire::ReadWorkerLogs wanted;                 // of each node; its number is not used
  std::function<void(GatheredLogs)> answer;    // called once, from any thread
};

}  // namespace weir
