@0xd4950d8e7e2b49ad;
# What a cluster never forgets, in its log and in snapshots of it; cluster_state.hpp tells what the fields mean.
# Fields are only ever added, and enumerators and commands only at the end: another Weir may read what this one wrote.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("weir::wire::schema");

struct Command {
  union {
    submit @0 :Submit;
    beginAttempt @1 :BeginAttempt;
    commitCheckpoint @2 :CommitCheckpoint;
    wish @3 :Wish;
    endJob @4 :EndJob;
    forgetJob @5 :UInt64;
    admitNode @6 :Node;
    forgetNode @7 :UInt64;
  }
}

struct Submit {
  spec @0 :JobSpec;
  token @1 :Text;
  submittedMs @2 :Int64;
}

struct BeginAttempt {
  job @0 :UInt64;
  attempt @1 :UInt64;
  slots @2 :List(UInt64);
  checkpointsUsed @3 :UInt64;
}

struct CommitCheckpoint {
  job @0 :UInt64;
  manifest @1 :Data;           # as manifest.capnp has it
  last @2 :Bool;               # the job ends with it
}

struct Wish {
  job @0 :UInt64;
  wish @1 :JobWish;
  savepoint @2 :Text;
}

struct EndJob {
  job @0 :UInt64;
  attempt @1 :UInt64;
  outcome @2 :Outcome;
  endedMs @3 :Int64;
  totals @4 :Totals;
}

struct ClusterState {
  nextJob @0 :UInt64;
  jobs @1 :List(Job);
  nodes @2 :List(Node);
}

struct Job {
  id @0 :UInt64;
  spec @1 :JobSpec;
  token @2 :Text;
  submittedMs @3 :Int64;
  wish @4 :JobWish;
  savepoint @5 :Text;
  attempt @6 :UInt64;
  slots @7 :List(UInt64);
  checkpointsUsed @8 :UInt64;
  manifests @9 :List(Data);    # as manifest.capnp has them, newest first
  ending @10 :UInt64;
  outcome @11 :Outcome;        # null while it runs
  endedMs @12 :Int64;
  totals @13 :Totals;
}

struct Totals {
  recordsRead @0 :UInt64;
  recordsWritten @1 :UInt64;
}

struct JobSpec {
  name @0 :Text;
  bundle @1 :Text;
  options @2 :List(Option);
  parallelism @3 :UInt32;
  keyGroups @4 :UInt32;
  checkpointIntervalMs @5 :Int64 = -1;  # negative: none
  restart @6 :Restart;
  alignmentLimitMs @7 :Int64;
  retained @8 :UInt32;
  replication @9 :UInt32;
  fromSavepoint @10 :Text;
  writes @11 :List(Text);
}

struct Option {
  name @0 :Text;
  value @1 :Text;
}

struct Restart {
  attempts @0 :UInt32;
  inVain @1 :UInt32;
  firstDelayMs @2 :Int64;
  longestDelayMs @3 :Int64;
  factor @4 :Float64;
  forgetAfterMs @5 :Int64;
}

enum JobWish {
  run @0;
  stop @1;
  savepoint @2;
  cancel @3;
}

struct Outcome {
  state @0 :OutcomeState;
  message @1 :Text;
  restoredFrom @2 :UInt64;
  endedWith @3 :UInt64;
}

enum OutcomeState {
  finished @0;
  stopped @1;
  failed @2;
}

struct Node {
  id @0 :UInt64;
  name @1 :Text;
  address @2 :Text;
  http @3 :Text;
  role @4 :NodeRole;
}

enum NodeRole {
  eligible @0;
  workerOnly @1;
}
