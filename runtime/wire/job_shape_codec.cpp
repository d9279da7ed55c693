#include <weir/wire/job_shape_codec.hpp>
#include <weir/base/bytes.hpp>

#include <algorithm>

#include <capnp/message.h>

#include <weir/wire/flat_message.hpp>

#include "job_shape.capnp.h"

namespace weir::wire {
namespace {

std::string text(capnp::Text::Reader stored) { return {stored.begin(), stored.size()}; }
capnp::Text::Reader text(const std::string& ours) { return {ours.data(), ours.size()}; }
capnp::uint size_of(const auto& list) { return static_cast<capnp::uint>(list.size()); }

ShapeVertex read_vertex(schema::ShapeVertex::Reader stored) {
  ShapeVertex vertex;
  vertex.parallelism = stored.getParallelism();
  for (const auto op : stored.getOperators()) {
    vertex.operators.push_back({op.getNode(), text(op.getName()), enumerator(op.getKind(), GraphNode::Kind::Sink, "kind of operator")});
  }
  return vertex;
}

/// Throws Failure unless the parts refer to each other.
void check(const JobShape& shape) {
  const auto demand = [](bool holds, const char* what) {
    if (!holds) throw Failure(what);
  };
  demand(shape.key_groups > 0 && shape.key_groups <= kMaxKeyGroups, "the number of key groups is out of range");
  std::uint64_t tasks = 0;
  for (const ShapeVertex& vertex : shape.vertices) {
    demand(!vertex.operators.empty(), "a vertex has no operators");
    demand(vertex.parallelism > 0, "a vertex has no tasks");
    tasks += vertex.parallelism;
  }
  demand(tasks > 0 && tasks == shape.tasks.size(), "its tasks are not as many as its vertices have");
  std::vector<std::pair<std::uint32_t, std::uint32_t>> seen;
  for (const ShapeTask& task : shape.tasks) {
    demand(task.vertex < shape.vertices.size(), "a task has a vertex that does not exist");
    demand(task.index < shape.vertices[task.vertex].parallelism, "a task has an index that its vertex lacks");
    seen.emplace_back(task.vertex, task.index);
  }
  std::sort(seen.begin(), seen.end());
  demand(std::adjacent_find(seen.begin(), seen.end()) == seen.end(), "a task is there twice");
  for (const ShapeEdge& edge : shape.edges) {
    demand(edge.from < shape.vertices.size() && edge.to < shape.vertices.size(), "an edge has a vertex that does not exist");
  }
}

JobShape read_shape(schema::JobShape::Reader stored) {
  JobShape shape;
  shape.job = text(stored.getJob());
  shape.key_groups = stored.getKeyGroups();
  for (const auto vertex : stored.getVertices()) shape.vertices.push_back(read_vertex(vertex));
  for (const auto edge : stored.getEdges()) {
    shape.edges.push_back({edge.getFrom(), edge.getTo(), enumerator(edge.getRouting(), Routing::Kind::Custom, "routing")});
  }
  for (const auto task : stored.getTasks()) shape.tasks.push_back({task.getVertex(), task.getIndex()});
  check(shape);
  return shape;
}

}  // namespace

std::string encode(const JobShape& shape) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<schema::JobShape>();
  root.setJob(text(shape.job));
  root.setKeyGroups(shape.key_groups);
  auto vertices = root.initVertices(size_of(shape.vertices));
  for (capnp::uint i = 0; i < vertices.size(); ++i) {
    const ShapeVertex& vertex = shape.vertices[i];
    vertices[i].setParallelism(vertex.parallelism);
    auto operators = vertices[i].initOperators(size_of(vertex.operators));
    for (capnp::uint k = 0; k < operators.size(); ++k) {
      operators[k].setNode(vertex.operators[k].node);
      operators[k].setName(text(vertex.operators[k].name));
      operators[k].setKind(static_cast<schema::OperatorKind>(vertex.operators[k].kind));
    }
  }
  auto edges = root.initEdges(size_of(shape.edges));
  for (capnp::uint i = 0; i < edges.size(); ++i) {
    edges[i].setFrom(shape.edges[i].from);
    edges[i].setTo(shape.edges[i].to);
    edges[i].setRouting(static_cast<schema::Routing>(shape.edges[i].routing));
  }
  auto tasks = root.initTasks(size_of(shape.tasks));
  for (capnp::uint i = 0; i < tasks.size(); ++i) {
    tasks[i].setVertex(shape.tasks[i].vertex);
    tasks[i].setIndex(shape.tasks[i].index);
  }
  return std::string(as_text(flat_bytes(message)));
}

Result<JobShape> decode_job_shape(std::string_view bytes) {
  return read_value(as_span(bytes), "the shape of a job",
                    [](capnp::MessageReader& message) { return read_shape(message.getRoot<schema::JobShape>()); });
}

}  // namespace weir::wire
