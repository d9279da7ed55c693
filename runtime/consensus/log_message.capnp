@0xbf395183621739f7;
# What members of a cluster say to each other; log_message.hpp tells what it means.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("weir::schema");

struct LogMessage {
  cluster @0 :UInt64;
  from @1 :UInt64;
  to @2 :UInt64;
  fromAddress @3 :Text;
  term @4 :UInt64;
  union {
    requestVote @5 :RequestVote;
    voteResult @6 :VoteResult;
    appendEntries @7 :AppendEntries;
    appendResult @8 :AppendResult;
    installSnapshot @9 :InstallSnapshot;
    timeoutNow @10 :TimeoutNow;
  }
}

struct RequestVote {
  lastIndex @0 :UInt64;
  lastTerm @1 :UInt64;
  disruptLeader @2 :Bool;
  preVote @3 :Bool;
}

struct VoteResult {
  granted @0 :Bool;
  preVote @1 :Bool;
}

struct AppendEntries {
  previousIndex @0 :UInt64;
  previousTerm @1 :UInt64;
  committed @2 :UInt64;
  entries @3 :List(Entry);
}

struct Entry {
  term @0 :UInt64;
  kind @1 :UInt8;
  content @2 :Data;
}

struct AppendResult {
  rejected @0 :UInt64;
  lastIndex @1 :UInt64;
}

struct InstallSnapshot {
  lastIndex @0 :UInt64;
  lastTerm @1 :UInt64;
  membersIndex @2 :UInt64;
  members @3 :Data;
  content @4 :Data;
}

struct TimeoutNow {
  lastIndex @0 :UInt64;
  lastTerm @1 :UInt64;
}
