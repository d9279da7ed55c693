// The messages between nodes, and between the leader and a node. Values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <weir/wire/message.hpp>

namespace weir::wire {

// ---- leader -> node ----

struct StartWorker {
  std::string name;    // of the job
  std::string bundle;  // SHA-256
  std::vector<std::uint64_t> holders;  // nodes that have it
  std::map<std::string, std::string> options;
  std::uint32_t parallelism = 1;
  std::uint32_t key_groups = 128;
  std::uint64_t alignment_limit_ms = 1000;
};
WEIR_RECORD(StartWorker, name, bundle, holders, options, parallelism, key_groups, alignment_limit_ms);

/// Ends the job's workers up to this attempt; answered by WorkerGone for each attempt that has none any more.
struct KillWorker {};
WEIR_RECORD(KillWorker);

/// To a node that drains: no job needs what it runs or keeps any more.
struct MayLeave {
  std::uint64_t incarnation = 0;
};
WEIR_RECORD(MayLeave, incarnation);

/// To a node that is to have a bundle though it runs nothing of it, so that it is not lost with those that do.
struct KeepBundle {
  std::string sha256;
  std::vector<std::uint64_t> holders;  // nodes that may have it
};
WEIR_RECORD(KeepBundle, sha256, holders);

/// To a node that has come, and to all when a job was forgotten: the jobs there are, and their bundles. What a node stores of others
/// below `next` is of jobs that were forgotten.
struct KnownJobs {
  std::vector<std::uint64_t> jobs;
  std::uint64_t next = 1;
  std::vector<std::string> bundles;
};
WEIR_RECORD(KnownJobs, jobs, next, bundles);

// ---- node -> leader ----

struct WorkerGone {
  std::string how;  // for people: "killed by signal 11 (Segmentation fault)"
  std::vector<std::string> last_lines;  // whose they are and how it ended, then the last of its log
  bool expected = false;                // it was told to end
  bool crashed = false;                 // by its own code
};
WEIR_RECORD(WorkerGone, how, last_lines, expected, crashed);

// ---- node <-> node ----

/// The first word of each end of a connection between nodes.
struct NodeHello {
  std::string cluster;       // empty: a node that belongs to none yet
  std::uint64_t node = 0;
  std::uint64_t incarnation = 0;
  std::string name;
  std::string address;
  std::string http;
  std::uint32_t slots = 1;
  bool eligible = true;      // to lead
  std::uint64_t voter = 0;   // its id in the replicated log; 0: it has none
  std::string version;
  bool answer = false;       // the sender wants the receiver's hello, whatever that knows of it already
};
WEIR_RECORD(NodeHello, cluster, node, incarnation, name, address, http, slots, eligible, voter, version, answer);

struct Refused {
  std::string why;
  std::uint64_t over = 0;  // the receiver's incarnations up to this one are over; 0: it cannot join at all
};
WEIR_RECORD(Refused, why, over);

struct Member {
  std::uint64_t node = 0;
  std::string address;
};
WEIR_RECORD(Member, node, address);

struct Heartbeat {
  std::uint64_t incarnation = 0;
  std::string leader;         // its address; empty: none is known
  std::uint64_t term = 0;
  std::vector<Member> members;  // that the sender knows, so that all come to know all
  bool draining = false;        // the sender takes no new work, and leaves when it has none
};
WEIR_RECORD(Heartbeat, incarnation, leader, term, members, draining);

struct Leaving {
  std::uint64_t incarnation = 0;
};
WEIR_RECORD(Leaving, incarnation);

/// A message of the replicated log.
struct LogMessage {
  std::string bytes;
};
WEIR_RECORD(LogMessage, bytes);

struct FetchBundle {
  std::string sha256;
  std::uint64_t offset = 0;
};
WEIR_RECORD(FetchBundle, sha256, offset);

struct BundlePiece {
  std::string sha256;
  std::uint64_t offset = 0;
  std::string bytes;
  std::string error;
};
WEIR_RECORD(BundlePiece, sha256, offset, bytes, error);

/// What did the workers of the packet's job print last on the receiver? Answered by WorkerLogs with the same number.
struct ReadWorkerLogs {
  std::uint64_t request = 0;
  std::uint64_t attempt = 0;  // 0: the newest, and those before it as far as lines are wanted
  std::uint32_t lines = 200;  // at most, of all attempts together
  std::uint64_t bytes = 1 << 20;
};
WEIR_RECORD(ReadWorkerLogs, request, attempt, lines, bytes);

/// What one worker printed last.
struct WorkerLog {
  std::uint64_t attempt = 0;
  std::string ended;               // how; empty: it runs, was told to end, or nobody knows
  std::vector<std::string> lines;  // oldest first
};
WEIR_RECORD(WorkerLog, attempt, ended, lines);

struct WorkerLogs {
  std::uint64_t request = 0;
  std::vector<WorkerLog> logs;  // by attempt
};
WEIR_RECORD(WorkerLogs, request, logs);

/// A request of a person or script that any node takes and the leader answers; both are JSON, as in the HTTP API.
struct AdminRequest {
  std::uint64_t request = 0;
  std::string method;
  std::string path;
  std::string body;
};
WEIR_RECORD(AdminRequest, request, method, path, body);

struct AdminReply {
  std::uint64_t request = 0;
  std::uint32_t status = 200;
  std::string body;
};
WEIR_RECORD(AdminReply, request, status, body);

}  // namespace weir::wire
