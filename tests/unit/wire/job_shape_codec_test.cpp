// The outline of a job as bytes.
#include <doctest/doctest.h>

#include <weir/wire/job_shape_codec.hpp>

using namespace weir;

namespace {

JobShape shape() {
  JobShape made;
  made.job = std::string("jo\0b", 4);
  made.key_groups = 256;
  made.vertices = {{{{0, "in", GraphNode::Kind::Source}, {1, "parse", GraphNode::Kind::Operator}}, 1}, {{{2, "out", GraphNode::Kind::Sink}}, 2}};
  made.edges = {{0, 1, Routing::Kind::Custom}};
  made.tasks = {{0, 0}, {1, 0}, {1, 1}};
  return made;
}

/// Why the shape is refused.
std::string refused(const JobShape& wrong) {
  const auto read = wire::decode_job_shape(wire::encode(wrong));
  REQUIRE(!read.ok());
  return read.error().message;
}

}  // namespace

TEST_CASE("a shape is the same after it was read back") {
  const auto read = wire::decode_job_shape(wire::encode(shape()));
  REQUIRE_MESSAGE(read.ok(), (read.ok() ? "" : read.error().message));
  CHECK(*read == shape());
}

TEST_CASE("every routing is the same after it was read back") {
  for (int kind = 0; kind <= static_cast<int>(Routing::Kind::Custom); ++kind) {
    JobShape made = shape();
    made.edges[0].routing = static_cast<Routing::Kind>(kind);
    CHECK(*wire::decode_job_shape(wire::encode(made)) == made);
  }
}

TEST_CASE("a shape that does not hold together is refused") {
  const auto change = [](auto how) {
    JobShape wrong = shape();
    how(wrong);
    return refused(wrong);
  };
  const std::string cannot = "the shape of a job cannot be read: ";
  CHECK(change([](JobShape& s) { s.tasks.pop_back(); }) == cannot + "its tasks are not as many as its vertices have");
  CHECK(change([](JobShape& s) { s.tasks[2] = {1, 0}; }) == cannot + "a task is there twice");
  CHECK(change([](JobShape& s) { s.tasks[2] = {1, 2}; }) == cannot + "a task has an index that its vertex lacks");
  CHECK(change([](JobShape& s) { s.tasks[2] = {2, 0}; }) == cannot + "a task has a vertex that does not exist");
  CHECK(change([](JobShape& s) { s.edges[0].to = 2; }) == cannot + "an edge has a vertex that does not exist");
  CHECK(change([](JobShape& s) { s.vertices[1].operators.clear(); }) == cannot + "a vertex has no operators");
  CHECK(change([](JobShape& s) { s.key_groups = 0; }) == cannot + "the number of key groups is out of range");
  CHECK(change([](JobShape& s) { s = {}; }) == cannot + "its tasks are not as many as its vertices have");
  CHECK(change([](JobShape& s) { s.edges[0].routing = static_cast<Routing::Kind>(8); }) == cannot + "routing 8 does not exist");
}
