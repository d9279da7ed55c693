// A plan refers to the code of its operators, so only a process that has loaded the job can have one. Whoever supervises a
// job from elsewhere needs its outline: what the operators are called, how they are chained into tasks, how many there are.
// A value that can be sent and stored.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weir/graph/plan.hpp>

namespace weir {

struct ShapeOperator {
  NodeId node = 0;
  std::string name;
  GraphNode::Kind kind = GraphNode::Kind::Operator;

  friend bool operator==(const ShapeOperator&, const ShapeOperator&) = default;
};

/// A chain of operators that a task runs.
struct ShapeVertex {
  std::vector<ShapeOperator> operators;
  std::uint32_t parallelism = 1;

  friend bool operator==(const ShapeVertex&, const ShapeVertex&) = default;
};

struct ShapeTask {
  std::uint32_t vertex = 0;
  std::uint32_t index = 0;  // among the tasks of its vertex

  friend bool operator==(const ShapeTask&, const ShapeTask&) = default;
};

struct ShapeEdge {
  std::uint32_t from = 0;  // vertex
  std::uint32_t to = 0;    // vertex
  Routing::Kind routing = Routing::Kind::Forward;

  friend bool operator==(const ShapeEdge&, const ShapeEdge&) = default;
};

struct JobShape {
  std::string job;
  std::uint32_t key_groups = kDefaultKeyGroups;
  std::vector<ShapeVertex> vertices;
  std::vector<ShapeEdge> edges;
  std::vector<ShapeTask> tasks;

  static JobShape of(const Plan& plan);
  /// As Plan::task_name has it.
  std::string task_name(std::uint32_t task) const;
  /// The names of a vertex's operators, joined: "readings -> event_time -> parse".
  std::string vertex_name(std::uint32_t vertex) const;

  friend bool operator==(const JobShape&, const JobShape&) = default;
};

}  // namespace weir
