@0x8b9cbe3f31bdfc6d;
# The outline of a job; job_shape.hpp tells what the fields mean.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("weir::wire::schema");

struct JobShape {
  job @0 :Text;
  keyGroups @1 :UInt32;
  vertices @2 :List(ShapeVertex);
  edges @3 :List(ShapeEdge);
  tasks @4 :List(ShapeTask);
}

struct ShapeVertex {
  operators @0 :List(ShapeOperator);
  parallelism @1 :UInt32;
}

struct ShapeOperator {
  node @0 :UInt32;
  name @1 :Text;
  kind @2 :OperatorKind;
}

enum OperatorKind {
  source @0;
  operator @1;
  sink @2;
}

struct ShapeEdge {
  from @0 :UInt32;
  to @1 :UInt32;
  routing @2 :Routing;
}

enum Routing {
  forward @0;
  key @1;
  rebalance @2;
  rescale @3;
  shuffle @4;
  broadcast @5;
  global @6;
  custom @7;
}

struct ShapeTask {
  vertex @0 :UInt32;
  index @1 :UInt32;
}
