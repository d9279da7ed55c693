// The control messages of a cluster, by who says them to whom. A worker speaks to the daemon of its node alone, which relays to
// and from the leader what belongs to an attempt; data goes from worker to worker (frame.hpp) and is not here.
//
//   worker            daemon            leader
//     | WorkerHello ----->|                |
//     |<---------- Assign |                |           what to load and run
//     | WorkerUp ---------+--------------->|           the plan is made
//     |<------------------+-------- Deploy |           once all workers of the attempt are up
//     | TaskReady* -------+--------------->|
//     |<------------------+------------ Go |
//     | TaskStored, TaskFinished, TaskFailed, … ------>|
//     |<------------------+-- Trigger, Complete, GiveUp|
//
// The packet that carries a message names its job and attempt, so that a daemon relays without looking inside.
// All are values. Text fields may hold any bytes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <weir/wire/message.hpp>

namespace weir::wire {

// ---- worker <-> its node ----

struct WorkerHello {
  std::int64_t process = 0;
};
WEIR_RECORD(WorkerHello, process);

/// What a worker is to run.
struct Assign {
  std::string bundle;  // its file
  std::map<std::string, std::string> options;
  std::uint32_t parallelism = 1;
  std::uint32_t key_groups = 128;
  std::string host;    // to listen on for other workers
  std::uint64_t alignment_limit_ms = 1000;
};
WEIR_RECORD(Assign, bundle, options, parallelism, key_groups, host, alignment_limit_ms);

// ---- worker -> leader, through its node ----

struct WorkerUp {
  std::string address;  // where other workers reach this one
  std::string shape;    // encoded JobShape
};
WEIR_RECORD(WorkerUp, address, shape);

struct TaskReady {
  std::uint32_t task = 0;
};
WEIR_RECORD(TaskReady, task);

struct TaskFailed {
  std::uint32_t task = 0;
  std::string operator_name;
  std::string position;
  std::string message;
  bool permanent = false;
};
WEIR_RECORD(TaskFailed, task, operator_name, position, message, permanent);

struct TaskFinished {
  std::uint32_t task = 0;
};
WEIR_RECORD(TaskFinished, task);

struct StoredPart {
  std::uint64_t checkpoint = 0;
  std::uint32_t node = 0;  // of the job graph
  std::uint32_t index = 0; // of the task among its vertex's
  std::uint32_t sequence = 0;
  std::string table;
  std::uint8_t kind = 0;
  std::string schema;
  std::uint32_t rows = 0;
  std::uint64_t bytes = 0;
  std::uint32_t first_group = 0;
  std::uint32_t end_group = 0;
};
WEIR_RECORD(StoredPart, checkpoint, node, index, sequence, table, kind, schema, rows, bytes, first_group, end_group);

/// Everything that a task stored for a checkpoint is durable on all its replicas.
struct TaskStored {
  std::uint32_t task = 0;
  std::uint64_t checkpoint = 0;
  bool full = true;
  std::vector<StoredPart> parts;
};
WEIR_RECORD(TaskStored, task, checkpoint, full, parts);

struct StoringFailed {
  std::uint64_t checkpoint = 0;
  std::string message;
};
WEIR_RECORD(StoringFailed, checkpoint, message);

/// A task has published what a complete checkpoint covers.
struct TaskPublished {
  std::uint32_t task = 0;
  std::uint64_t checkpoint = 0;
};
WEIR_RECORD(TaskPublished, task, checkpoint);

/// The worker cannot do what it was told: its bundle, its state, a peer.
struct WorkerFailed {
  std::string message;
  bool permanent = false;
};
WEIR_RECORD(WorkerFailed, message, permanent);

/// How far the attempt is on a worker.
struct WorkerReport {
  bool running = false;          // it was told to go
  std::string shape;             // encoded JobShape; empty: it has not planned the job yet
  std::vector<std::uint32_t> finished;   // tasks
  std::uint64_t newest_checkpoint = 0;   // that it was told to take
};
WEIR_RECORD(WorkerReport, running, shape, finished, newest_checkpoint);

/// What a task did since the attempt began.
struct TaskFigures {
  std::uint32_t task = 0;
  std::uint64_t records_in = 0;
  std::uint64_t records_out = 0;
  std::uint64_t records_read = 0;
  std::uint64_t records_written = 0;
  std::uint64_t records_dropped = 0;
  std::uint64_t busy_ns = 0;
  std::uint64_t longest_pause_ns = 0;
  std::uint64_t state_bytes = 0;
  std::int64_t watermark_ms = 0;
  bool blocked = false;
};
WEIR_RECORD(TaskFigures, task, records_in, records_out, records_read, records_written, records_dropped, busy_ns, longest_pause_ns, state_bytes,
            watermark_ms, blocked);

struct Figures {
  std::vector<TaskFigures> tasks;
};
WEIR_RECORD(Figures, tasks);

// ---- worker <-> worker ----

/// The sender is the caller's end of a link; the answer, of the same kind, comes from the other end.
struct LinkHello {
  std::uint32_t worker = 0;  // of the attempt
};
WEIR_RECORD(LinkHello, worker);

// ---- leader -> worker, through its node ----

struct Deploy {
  std::vector<std::string> workers;           // their addresses
  std::uint32_t self = 0;                     // which of them is the receiver
  std::vector<std::uint32_t> worker_of_task;
  std::vector<std::uint64_t> nodes;           // of the workers
  bool isolating = false;
  std::string manifest;                       // encoded; empty: start from the beginning
  std::string savepoint;                      // to start from when there is no manifest; empty: none
};
WEIR_RECORD(Deploy, workers, self, worker_of_task, nodes, isolating, manifest, savepoint);

struct Go {
  std::uint64_t restored_from = 0;
};
WEIR_RECORD(Go, restored_from);

struct Trigger {
  std::uint64_t checkpoint = 0;
  std::uint64_t parent = 0;
  std::uint8_t mode = 0;
  std::uint8_t afterwards = 0;
  std::vector<std::uint64_t> replicas;        // other nodes that store the receiver's parts as well
};
WEIR_RECORD(Trigger, checkpoint, parent, mode, afterwards, replicas);

struct Complete {
  std::uint64_t checkpoint = 0;
};
WEIR_RECORD(Complete, checkpoint);

struct GiveUp {
  std::uint64_t checkpoint = 0;
};
WEIR_RECORD(GiveUp, checkpoint);

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
struct KillWorker {
  std::string why;
};
WEIR_RECORD(KillWorker, why);

/// The checkpoint is complete: the parts that the receiver holds of it are wanted from now on.
struct KeepParts {
  std::string manifest;  // encoded
  std::uint32_t retained = 2;
};
WEIR_RECORD(KeepParts, manifest, retained);

/// An attempt begins: parts of earlier ones are refused from now on, and what is stored after this complete checkpoint is
/// not wanted.
struct RewindParts {
  std::string manifest;  // encoded; empty: there is none
};
WEIR_RECORD(RewindParts, manifest);

/// The job has ended, and nothing of it is wanted any more.
struct ForgetJob {
  std::string why;
};
WEIR_RECORD(ForgetJob, why);

/// To the worker of an attempt, from a leader that takes it over; answered by WorkerReport, or WorkerGone.
struct ReportWorker {
  std::uint64_t term = 0;
};
WEIR_RECORD(ReportWorker, term);

// ---- node -> leader ----

struct WorkerGone {
  std::string how;  // for people: "killed by signal 11 (SIGSEGV)"
  std::vector<std::string> last_lines;  // of its log
  bool expected = false;                // it was told to end
  bool crashed = false;                 // by its own code
};
WEIR_RECORD(WorkerGone, how, last_lines, expected, crashed);

// ---- parts of checkpoints, between a worker and its node, and from node to node ----

struct PartBytes {
  std::uint64_t checkpoint = 0;
  std::uint32_t node = 0;  // of the job graph
  std::uint32_t index = 0;
  std::uint32_t sequence = 0;
  std::string bytes;
};
WEIR_RECORD(PartBytes, checkpoint, node, index, sequence, bytes);

/// Makes parts durable. From a worker: on its node and on as many others as the job wants.
struct StoreParts {
  std::uint64_t request = 0;
  std::vector<std::uint64_t> replicas;  // other nodes that store them as well
  std::vector<PartBytes> parts;
};
WEIR_RECORD(StoreParts, request, replicas, parts);

struct PartsStored {
  std::uint64_t request = 0;
  std::string error;  // empty: they are durable
};
WEIR_RECORD(PartsStored, request, error);

struct PartName {
  std::uint64_t checkpoint = 0;
  std::uint32_t node = 0;
  std::uint32_t index = 0;
  std::uint32_t sequence = 0;

  friend auto operator<=>(const PartName&, const PartName&) = default;
};
WEIR_RECORD(PartName, checkpoint, node, index, sequence);

/// Answered with every part, from whichever node has it; or, without asking others, with what the receiver has.
struct ReadParts {
  std::uint64_t request = 0;
  std::vector<PartName> parts;
  bool ask_others = true;
};
WEIR_RECORD(ReadParts, request, parts, ask_others);

struct PartsRead {
  std::uint64_t request = 0;
  std::vector<PartBytes> parts;
  std::string error;
};
WEIR_RECORD(PartsRead, request, parts, error);

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
  std::string cluster;
  std::string leader;         // its address; empty: none is known
  std::uint64_t term = 0;
  std::vector<Member> members;  // that the sender knows, so that all come to know all
};
WEIR_RECORD(Heartbeat, incarnation, cluster, leader, term, members);

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
  std::uint64_t size = 0;  // of the whole
  std::string bytes;
  std::string error;
};
WEIR_RECORD(BundlePiece, sha256, offset, size, bytes, error);

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
