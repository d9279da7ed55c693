// Which node runs what. A slot takes one task of each vertex of a job: those with the slot's number as index. So a job of
// parallelism p needs p slots, and a record that is forwarded to the task of the same index stays on its node.
//
//   task (vertex, index) runs in slot index % slots
//
// Slots go one after the other to the node that is relatively least loaded, by this job and others. A slot of the attempt before
// stays where it was, unless its node is gone or moving it makes the load more even; so a node that joins takes over its
// share and nothing else moves, and of one that leaves only its own slots do. Between nodes that are equal the one that has
// the slot's state wins, then the higher hash (rendezvous hashing; Thaler and Ravishankar, 1998), so that jobs begin on
// different nodes. The result depends on nothing but the arguments. Pure functions.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/coordination/cluster_node.hpp>
#include <weir/coordination/cluster_state.hpp>
#include <weir/graph/job_shape.hpp>

namespace weir {

/// A node that takes tasks: alive, and not to be drained.
struct PlacementNode {
  ClusterNodeId id = 0;
  std::string name;         // for the message
  std::uint32_t slots = 1;
  std::uint32_t taken = 0;  // by other jobs
};

struct PlacementRequest {
  JobId job = 0;
  std::string name;          // of the job, for the message
  std::uint32_t slots = 1;
  std::vector<ClusterNodeId> former = {};  // of the attempt before; may be of another size
  std::vector<std::set<ClusterNodeId>> holders = {};  // of each slot: nodes that have its newest state; may be shorter
};

/// The node of each slot. An Error when too few are free.
Result<std::vector<ClusterNodeId>> place(const PlacementRequest& request, const std::vector<PlacementNode>& nodes);

/// The node of each task.
std::vector<ClusterNodeId> nodes_of_tasks(const JobShape& shape, const std::vector<ClusterNodeId>& slots);

/// Which others keep a copy of what a node stores for a job, so that with its own there are `copies`; fewer when there are not
/// as many nodes. The job's hash puts the nodes in a ring; copies go to the next ones. So each node stores for equally many
/// others, and one that joins or leaves changes the ring at one place.
std::vector<ClusterNodeId> replicas(JobId job, ClusterNodeId node, const std::set<ClusterNodeId>& alive, std::uint32_t copies);

/// All who keep what a node stores for a job: itself and its replicas. When its own disk is not among the usable ones, one more of
/// the others takes its place.
std::vector<ClusterNodeId> keepers(JobId job, ClusterNodeId node, const std::set<ClusterNodeId>& usable, std::uint32_t copies);

}  // namespace weir
