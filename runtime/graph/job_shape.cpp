#include <weir/graph/job_shape.hpp>

namespace weir {

JobShape JobShape::of(const Plan& plan) {
  JobShape shape;
  shape.job = plan.graph.name;
  shape.key_groups = plan.options.key_groups;
  for (const Vertex& vertex : plan.vertices) {
    ShapeVertex& made = shape.vertices.emplace_back();
    made.parallelism = vertex.parallelism;
    for (const NodeId node : vertex.nodes) made.operators.push_back({node, plan.graph.nodes[node].name, plan.graph.nodes[node].kind});
  }
  for (const PlanEdge& edge : plan.edges) shape.edges.push_back({edge.from, edge.to, plan.graph_edge(edge).routing.kind});
  for (const TaskWiring& task : plan.tasks) shape.tasks.push_back({task.vertex, task.index});
  return shape;
}

std::string JobShape::vertex_name(std::uint32_t vertex) const {
  std::string name;
  for (const ShapeOperator& op : vertices[vertex].operators) name += (name.empty() ? "" : " -> ") + op.name;
  return name;
}

std::string JobShape::task_name(std::uint32_t task) const {
  const ShapeTask& one = tasks[task];
  return vertex_name(one.vertex) + " (" + std::to_string(one.index + 1) + "/" + std::to_string(vertices[one.vertex].parallelism) + ")";
}

}  // namespace weir
