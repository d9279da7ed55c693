// What runs where: the job graph with chains of operators fused into vertices, each to be run as `parallelism`
// tasks, and the channels between these. Made once from a graph, the same on every node.
//
// Fusion: an operator joins its predecessor when that is its only input, the edge is a forward one, both have the
// same parallelism and both may be fused. A forward edge between different parallelisms becomes a rebalance.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weir/dataflow/task.hpp>
#include <weir/graph/job_graph.hpp>

namespace weir {

struct PlanOptions {
  std::uint32_t parallelism = 1;
  std::uint32_t key_groups = kDefaultKeyGroups;
};

/// A chain of fused operators.
struct Vertex {
  std::vector<NodeId> nodes;  // topological order; the first is the head
  std::uint32_t parallelism = 1;
};

/// An edge between vertices; `graph_edge` tells the rest.
struct PlanEdge {
  std::uint32_t graph_edge = 0;
  std::uint32_t from = 0;  // vertex
  std::uint32_t to = 0;    // vertex
  bool one_to_one = false; // sender i only reaches receiver i
};

/// One end of a channel: the task, and the channel's number there.
struct ChannelEnd {
  std::uint32_t task = 0;     // of all tasks of the plan
  std::uint32_t edge = 0;     // of a sender: which of its output edges
  std::uint32_t channel = 0;
};

/// A task of the plan and its peers.
struct TaskWiring {
  std::uint32_t vertex = 0;
  std::uint32_t index = 0;                              // among the tasks of its vertex
  std::vector<ChannelEnd> senders;                      // of each input channel: the far end
  std::vector<std::uint32_t> input_edges;               // of each input channel: the plan edge
  std::vector<std::vector<ChannelEnd>> receivers;       // of each output edge, each channel: the far end
  std::vector<std::uint32_t> output_edges;              // of each output edge: the plan edge
};

struct Plan {
  JobGraph graph;
  PlanOptions options;
  std::vector<Vertex> vertices;
  std::vector<PlanEdge> edges;
  std::vector<TaskWiring> tasks;

  /// Validates and plans. Throws Failure when the graph is at fault.
  static Plan make(JobGraph graph, const PlanOptions& options);

  const GraphEdge& graph_edge(const PlanEdge& edge) const { return graph.edges[edge.graph_edge]; }
  /// Names an edge in in-flight state: "from.port>to.input", and the second of equals "from.port>to.input#2".
  std::string label(const PlanEdge& edge) const;
  /// The names of a vertex's operators, joined: "readings -> event_time -> parse".
  std::string name(std::uint32_t vertex) const;
  std::string task_name(std::uint32_t task) const;
  EdgeShape shape(const PlanEdge& edge) const;

  /// The parts of a task without stored state, ready for Task's constructor.
  std::vector<TaskNode> make_nodes(std::uint32_t task) const;
  std::vector<TaskInput> make_inputs(std::uint32_t task) const;
  std::vector<TaskOutput> make_outputs(std::uint32_t task) const;

  /// The plan for people: numbered chains with their operators, and below each where its records go and by which routing.
  std::string to_text() const;
};

}  // namespace weir
