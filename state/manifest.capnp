@0xaf87771f1880161f;
# What the checkpoint store keeps besides chunks; manifest.hpp tells what the fields mean.
# Fields are only ever added. A change that an older reader would misread raises the store's format instead.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("weir::schema");

struct Identity {              # the layout of this record never changes
  format @0 :UInt32;
  kind @1 :ManifestKind;
  job @2 :Text;
  weirVersion @3 :Text;        # of the program that made the store
}

enum ManifestKind {
  checkpoint @0;
  savepoint @1;
}

struct Manifest {
  checkpoint @0 :UInt64;
  job @1 :Text;
  attempt @2 :UInt64;
  completedMs @3 :Int64;
  keyGroups @4 :UInt32;
  kind @5 :ManifestKind;
  weirVersion @6 :Text;
  tables @7 :List(Table);      # each once; parts name them by index
  operators @8 :List(Operator);
}

struct Table {
  name @0 :Text;
  schema @1 :Text;
}

struct Operator {
  name @0 :Text;
  index @1 :UInt32;
  parallelism @2 :UInt32;
  parts @3 :List(Part);
}

struct Part {
  checkpoint @0 :UInt64;
  operator @1 :UInt32;
  task @2 :UInt32;
  sequence @3 :UInt32;
  table @4 :UInt32;
  kind @5 :ChunkKind;
  rows @6 :UInt32;
  bytes @7 :UInt64;
  firstGroup @8 :UInt32;
  endGroup @9 :UInt32;
}

enum ChunkKind {
  entries @0;
  tombstones @1;
  split @2;
  union @3;
  inFlight @4;
}
