// The JSON of `/api/v1` as plain structs, so that the daemon that writes it and the command line that reads it cannot disagree.
// A struct's fields are the JSON object's, by the same names; what is optional is left out when it is absent. The description
// for others is openapi.json; a test holds the two together.
//
// Times are milliseconds since 1970, in UTC. Nodes' ids are 16 hexadecimal digits: JavaScript and jq would round the numbers.
// All are values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/record/record.hpp>

namespace weir::api {

/// The body of every answer whose status is 400 or more.
struct ErrorInfo {
  std::string error;  // one line, for people
};
WEIR_RECORD(ErrorInfo, error);

struct VersionInfo {
  std::string version;  // of Weir
  std::string api = "v1";
};
WEIR_RECORD(VersionInfo, version, api);

struct NodeInfo {
  std::string id;
  std::string name;
  std::string address;  // HOST:PORT, for other nodes
  std::string http;     // HOST:PORT, for people and scripts
  std::string status;   // up, suspect, draining, left, away
  bool leader = false;
  bool eligible = true;          // to lead
  std::uint32_t slots = 0;       // 0 while it is away
  std::uint32_t slots_used = 0;  // by jobs that have not ended
  std::string version;           // of Weir; empty while it is away
};
WEIR_RECORD(NodeInfo, id, name, address, http, status, leader, eligible, slots, slots_used, version);

struct NodeList {
  std::vector<NodeInfo> nodes;
};
WEIR_RECORD(NodeList, nodes);

struct CheckpointInfo {
  std::uint64_t id = 0;
  std::string kind;  // checkpoint, savepoint
  std::uint64_t attempt = 0;
  std::int64_t completed_ms = 0;
  std::uint64_t bytes = 0;  // of all its parts, also those that older checkpoints wrote
  std::uint64_t parts = 0;
  std::optional<std::int64_t> duration_ms = {};  // known of the newest while its job runs
};
WEIR_RECORD(CheckpointInfo, id, kind, attempt, completed_ms, bytes, parts, duration_ms);

/// The complete ones that are retained, newest first.
struct CheckpointList {
  std::vector<CheckpointInfo> checkpoints;
};
WEIR_RECORD(CheckpointList, checkpoints);

struct JobInfo {
  std::uint64_t id = 0;
  std::string name;
  std::string status;   // waiting, starting, running, restarting, stopping, finished, stopped, cancelled, failed
  std::string message;  // why it waits, moves, restarts or failed; empty: nothing is to be said
  std::string bundle;   // SHA-256
  std::map<std::string, std::string> options;
  std::uint32_t parallelism = 1;
  std::uint32_t key_groups = 0;
  std::uint64_t attempt = 0;   // 0: none has begun
  std::uint64_t restarts = 0;  // attempts after the first
  std::int64_t submitted_ms = 0;
  std::optional<std::int64_t> ended_ms = {};
  std::optional<CheckpointInfo> newest_checkpoint = {};
  std::optional<std::string> from_savepoint = {};  // the directory it started from
  /// The directory it is to end or has ended with; in the answer to a wish for one of a job that has ended, where that is.
  std::optional<std::string> savepoint = {};
  std::uint64_t records_read = 0;                  // by sources, in this attempt
  std::uint64_t records_written = 0;               // by sinks, in this attempt
  std::vector<std::string> last_lines;             // of the worker that last ended untold: whose and how, then its log's
};
WEIR_RECORD(JobInfo, id, name, status, message, bundle, options, parallelism, key_groups, attempt, restarts, submitted_ms, ended_ms,
            newest_checkpoint, from_savepoint, savepoint, records_read, records_written, last_lines);

struct JobList {
  std::vector<JobInfo> jobs;  // by id
};
WEIR_RECORD(JobList, jobs);

/// What a task did since the attempt began.
struct TaskInfo {
  std::uint32_t id = 0;
  std::string name;
  std::uint32_t vertex = 0;
  std::uint32_t index = 0;  // among the tasks of its vertex
  std::string node;         // its name; empty while it is not placed
  std::uint64_t records_in = 0;
  std::uint64_t records_out = 0;
  std::uint64_t records_read = 0;
  std::uint64_t records_written = 0;
  std::uint64_t records_dropped = 0;
  double busy_ms = 0;
  double longest_pause_ms = 0;  // the longest single step of a snapshot
  std::uint64_t state_bytes = 0;
  std::optional<std::int64_t> watermark_ms = {};  // absent before the first, and after the end of its input
  bool blocked = false;                           // it waits for credit
};
WEIR_RECORD(TaskInfo, id, name, vertex, index, node, records_in, records_out, records_read, records_written, records_dropped, busy_ms,
            longest_pause_ms, state_bytes, watermark_ms, blocked);

/// Empty until a worker has planned the job.
struct TaskList {
  std::vector<TaskInfo> tasks;
};
WEIR_RECORD(TaskList, tasks);

struct OperatorInfo {
  std::string name;
  std::string kind;  // source, operator, sink
};
WEIR_RECORD(OperatorInfo, name, kind);

/// A chain of operators that a task runs.
struct VertexInfo {
  std::uint32_t id = 0;
  std::string name;
  std::uint32_t parallelism = 1;
  std::vector<OperatorInfo> operators;
};
WEIR_RECORD(VertexInfo, id, name, parallelism, operators);

struct EdgeInfo {
  std::uint32_t from = 0;  // a vertex's id
  std::uint32_t to = 0;
  std::string routing;  // forward, key, broadcast, rebalance, …
};
WEIR_RECORD(EdgeInfo, from, to, routing);

/// Empty until a worker has planned the job.
struct PlanInfo {
  std::vector<VertexInfo> vertices;
  std::vector<EdgeInfo> edges;
};
WEIR_RECORD(PlanInfo, vertices, edges);

/// What is absent is as RestartOptions has it.
struct RestartRequest {
  std::optional<std::uint32_t> attempts = {};
  std::optional<std::uint32_t> in_vain = {};
  std::optional<std::uint32_t> first_delay_ms = {};
  std::optional<std::uint32_t> longest_delay_ms = {};
  std::optional<double> factor = {};
};
WEIR_RECORD(RestartRequest, attempts, in_vain, first_delay_ms, longest_delay_ms, factor);

/// POST jobs. What is absent is as the node that takes the request has been told, and otherwise as JobSpec has it.
struct SubmitRequest {
  std::string bundle;                     // SHA-256 of one that was uploaded
  std::optional<std::string> name = {};   // absent: the one in the bundle
  std::map<std::string, std::string> options;
  std::optional<std::uint32_t> parallelism = {};
  std::optional<std::uint32_t> key_groups = {};
  std::optional<std::uint32_t> checkpoint_interval_ms = {};  // absent: the node's
  std::optional<std::uint32_t> alignment_limit_ms = {};
  std::optional<std::uint32_t> retained = {};
  std::optional<std::uint32_t> replication = {};
  RestartRequest restart;
  std::optional<std::string> from_savepoint = {};  // a directory that every node can read
  std::optional<std::string> token = {};           // submitting again with the same one finds the job of the first time
  std::vector<std::string> writes;                 // files; the node that takes the request finds them out
};
WEIR_RECORD(SubmitRequest, bundle, name, options, parallelism, key_groups, checkpoint_interval_ms, alignment_limit_ms, retained,
            replication, restart, from_savepoint, token, writes);

/// POST jobs/{id}/savepoint: ends the job with one.
struct SavepointRequest {
  std::string directory;  // an absolute path that every node can write
};
WEIR_RECORD(SavepointRequest, directory);

/// POST bundles, GET bundles/{sha256}.
struct BundleInfo {
  std::string bundle;   // SHA-256
  std::string job;      // its name
  std::uint64_t bytes = 0;
};
WEIR_RECORD(BundleInfo, bundle, job, bytes);

/// What a job's worker of one attempt wrote last on one node.
struct LogInfo {
  std::string node;  // its name
  std::uint64_t attempt = 0;
  std::optional<std::string> ended = {};  // how, unless it runs or was told to
  std::vector<std::string> lines;         // oldest first
};
WEIR_RECORD(LogInfo, node, attempt, ended, lines);

/// GET jobs/{id}/logs: of all nodes.
struct LogList {
  std::uint64_t job = 0;
  std::vector<LogInfo> logs;        // by attempt, then by node
  std::vector<std::string> silent;  // names of nodes that did not answer in time
};
WEIR_RECORD(LogList, job, logs, silent);

/// As JSON, on one line. Bytes that are no UTF-8 become U+FFFD. For every struct above.
template <class T>
std::string to_json(const T& value);

enum class UnknownFields : std::uint8_t {
  Ignore,  // an answer of a newer daemon
  Refuse,  // a request: a misspelt field must not be silently without effect
};

/// A field that is absent keeps its default. The error names the field: "restart.attempts: a whole number is wanted, not \"x\"".
template <class T>
Result<T> from_json(std::string_view text, UnknownFields unknown = UnknownFields::Ignore);

}  // namespace weir::api
