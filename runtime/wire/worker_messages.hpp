// The messages to and from a worker; control.hpp shows their order. Values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <weir/wire/message.hpp>

namespace weir::wire {

// ---- worker <-> its node ----

struct WorkerHello {};
WEIR_RECORD(WorkerHello);

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

/// The worker has all state. Opening may touch what an attempt that took this one's place uses, so it asks first.
struct ReadyToOpen {};
WEIR_RECORD(ReadyToOpen);

struct TaskReady {
  std::uint32_t task = 0;
  std::uint64_t restored_from = 0;  // the checkpoint or savepoint that its worker read; 0: none
};
WEIR_RECORD(TaskReady, task, restored_from);

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
  std::uint64_t node = 0;  // whose disk it is; 0: not a disk's fault
};
WEIR_RECORD(StoringFailed, checkpoint, message, node);

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
  bool isolating = false;
  std::string manifest;                       // encoded; empty: start from the beginning
  std::string savepoint;                      // to start from when there is no manifest; empty: none
};
WEIR_RECORD(Deploy, workers, self, worker_of_task, isolating, manifest, savepoint);

struct Go {
  std::uint64_t restored_from = 0;
};
WEIR_RECORD(Go, restored_from);

/// The attempt still is the job's.
struct Open {};
WEIR_RECORD(Open);

struct Trigger {
  std::uint64_t checkpoint = 0;
  std::uint64_t parent = 0;
  std::uint8_t mode = 0;
  std::uint8_t afterwards = 0;
  std::vector<std::uint64_t> keepers;         // nodes that store the receiver's parts
};
WEIR_RECORD(Trigger, checkpoint, parent, mode, afterwards, keepers);

struct Complete {
  std::uint64_t checkpoint = 0;
};
WEIR_RECORD(Complete, checkpoint);

struct GiveUp {
  std::uint64_t checkpoint = 0;
};
WEIR_RECORD(GiveUp, checkpoint);

/// To the worker of an attempt, from a leader that takes it over; answered by WorkerReport, or WorkerGone.
struct ReportWorker {};
WEIR_RECORD(ReportWorker);

}  // namespace weir::wire
