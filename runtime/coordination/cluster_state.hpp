// What a cluster must never forget: its jobs, how far each has come, and its nodes. It is changed by the commands of a
// replicated log alone, and a command's effect follows from the state and the command, so all who apply the same log have the
// same state; times come with the commands.
//
// The log is also the fence. A leader that lost its office without noticing may still propose, and a proposal may reach the log
// twice: so a command is checked when it is applied, and one that is refused changes nothing. In particular a checkpoint counts
// only if it is of the job's current attempt (I10), and exists only once its manifest is here (I7).
//
//   job := Submit (BeginAttempt CommitCheckpoint*)* EndJob ForgetJob      Wish may come anywhere before EndJob
//
// A pure value; its size is that of the retained manifests, about 100 bytes for each chunk that they name.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/coordination/cluster_node.hpp>
#include <weir/coordination/job_outcome.hpp>
#include <weir/coordination/restart_policy.hpp>
#include <weir/dataflow/element.hpp>
#include <weir/state/key_group.hpp>
#include <weir/state/manifest.hpp>

namespace weir {

using JobId = std::uint64_t;  // counts from 1 in a cluster's life

/// Of the complete checkpoints of a job that are kept: the manifest of each is in every node's memory.
constexpr std::uint32_t kMostRetained = 1000;

/// What is to run, as its user asked for it.
struct JobSpec {
  std::string name;
  std::string bundle;  // its SHA-256: 64 lower-case hexadecimal digits
  std::map<std::string, std::string> options;
  std::uint32_t parallelism = 1;
  std::uint32_t key_groups = kDefaultKeyGroups;
  std::optional<Duration> checkpoint_interval;
  RestartOptions restart;
  Duration alignment_limit{1000};
  std::uint32_t retained = 2;     // complete checkpoints
  std::uint32_t replication = 2;  // nodes that keep each part of a checkpoint, if there are as many
  std::string from_savepoint;     // empty: start from the beginning
  std::vector<std::string> writes;  // files that no other job may write until this one has ended

  friend bool operator==(const JobSpec&, const JobSpec&) = default;
};

/// Nothing, or what is wrong with a spec and what would be right.
Result<void> check(const JobSpec& spec);

/// What its user wants of a job now.
enum class JobWish : std::uint8_t {
  Run,
  Stop,       // end with a last checkpoint
  Savepoint,  // end with a savepoint
  Cancel,     // end where it is
};

/// What an attempt did.
struct JobTotals {
  std::uint64_t records_read = 0;     // by sources
  std::uint64_t records_written = 0;  // by sinks

  friend bool operator==(const JobTotals&, const JobTotals&) = default;
};

struct JobRecord {
  JobId id = 0;
  JobSpec spec;
  std::string token;  // by which a client that asks again is recognised; empty: it gave none
  std::int64_t submitted_ms = 0;
  JobWish wish = JobWish::Run;
  std::string savepoint;                 // with the wish for one: the directory it goes to
  std::uint64_t attempt = 0;             // the current one; 0 before the first
  std::vector<ClusterNodeId> slots;      // the attempt's: the node of each; see placement.hpp
  CheckpointId checkpoints_used = 0;     // numbers up to this one were given by earlier attempts, or are complete
  std::vector<Manifest> manifests;       // of the complete checkpoints that are retained, newest first
  CheckpointId ending = 0;               // the complete checkpoint that the attempt ends the job with; 0: not yet
  std::optional<JobOutcome> outcome;     // once it has ended
  std::int64_t ended_ms = 0;
  JobTotals totals;                      // of the last attempt, once it has ended

  /// 0: none is complete.
  CheckpointId newest_checkpoint() const { return manifests.empty() ? 0 : manifests.front().checkpoint; }
  bool ended() const { return outcome.has_value(); }
  /// Attempts after the first.
  std::uint64_t restarts() const { return attempt == 0 ? 0 : attempt - 1; }

  friend bool operator==(const JobRecord&, const JobRecord&) = default;
};

namespace command {

/// A token that was used before stands for the job submitted with it, which must have the same spec.
struct Submit {
  JobSpec spec;
  std::string token;
  std::int64_t submitted_ms = 0;

  friend bool operator==(const Submit&, const Submit&) = default;
};
/// From now on nothing of an earlier attempt counts. Whoever cannot know which numbers the attempts before gave to checkpoints
/// that came to nothing, such as a new leader, leaves room: parts of them may still lie on disks.
struct BeginAttempt {
  JobId job = 0;
  std::uint64_t attempt = 0;
  std::vector<ClusterNodeId> slots;
  CheckpointId checkpoints_used = 0;

  friend bool operator==(const BeginAttempt&, const BeginAttempt&) = default;
};
/// Makes a checkpoint complete. Its manifest names the attempt.
struct CommitCheckpoint {
  JobId job = 0;
  Manifest manifest;
  Barrier::Afterwards afterwards = Barrier::Afterwards::GoOn;

  friend bool operator==(const CommitCheckpoint&, const CommitCheckpoint&) = default;
};
/// Said again it changes nothing. A job that is to end can only be cancelled.
struct Wish {
  JobId job = 0;
  JobWish wish = JobWish::Run;
  std::string savepoint;

  friend bool operator==(const Wish&, const Wish&) = default;
};
struct EndJob {
  JobId job = 0;
  std::uint64_t attempt = 0;  // 0: it never began
  JobOutcome outcome;
  std::int64_t ended_ms = 0;
  JobTotals totals = {};

  friend bool operator==(const EndJob&, const EndJob&) = default;
};
/// Only of jobs that have ended.
struct ForgetJob {
  JobId job = 0;

  friend bool operator==(const ForgetJob&, const ForgetJob&) = default;
};
/// A new node, or what has changed about a known one. Another node of the same address is forgotten: it cannot be there as
/// well, so it is the one whose data directory was lost.
struct AdmitNode {
  ClusterNode node;

  friend bool operator==(const AdmitNode&, const AdmitNode&) = default;
};
struct ForgetNode {
  ClusterNodeId node = 0;

  friend bool operator==(const ForgetNode&, const ForgetNode&) = default;
};

}  // namespace command

using ClusterCommand = std::variant<command::Submit, command::BeginAttempt, command::CommitCheckpoint, command::Wish, command::EndJob,
                                    command::ForgetJob, command::AdmitNode, command::ForgetNode>;

/// What an accepted command did.
struct Applied {
  enum class Effect : std::uint8_t { Changed, Nothing } effect = Effect::Changed;  // Nothing: all was so already
  JobId job = 0;                            // which it was about; of Submit: the job, new or known by its token
  std::vector<ClusterNodeId> forgotten;     // nodes

  friend bool operator==(const Applied&, const Applied&) = default;
};

class ClusterState {
 public:
  struct Content {
    JobId next_job = 1;
    std::map<JobId, JobRecord> jobs;
    std::map<ClusterNodeId, ClusterNode> nodes;

    friend bool operator==(const Content&, const Content&) = default;
  };

  ClusterState() = default;
  /// As a snapshot has it. An Error when it contradicts itself.
  static Result<ClusterState> of(Content content);

  /// An Error when the command is refused, saying why; the state is then as before.
  Result<Applied> apply(const ClusterCommand& command);

  const std::map<JobId, JobRecord>& jobs() const { return content_.jobs; }
  const std::map<ClusterNodeId, ClusterNode>& nodes() const { return content_.nodes; }
  /// Null when there is none, or it was forgotten.
  const JobRecord* job(JobId id) const;
  const Content& content() const { return content_; }

  friend bool operator==(const ClusterState&, const ClusterState&) = default;

 private:
  Result<Applied> on(const command::Submit& submit);
  Result<Applied> on(const command::BeginAttempt& begin);
  Result<Applied> on(const command::CommitCheckpoint& commit);
  Result<Applied> on(const command::Wish& wish);
  Result<Applied> on(const command::EndJob& end);
  Result<Applied> on(const command::ForgetJob& forget);
  Result<Applied> on(const command::AdmitNode& admit);
  Result<Applied> on(const command::ForgetNode& forget);

  Result<JobRecord*> live_job(JobId id);

  Content content_;
};

}  // namespace weir
