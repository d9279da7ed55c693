#include <weir/wire/cluster_state_codec.hpp>

#include <capnp/message.h>

#include <weir/wire/flat_message.hpp>

#include "cluster_state.capnp.h"

namespace weir::wire {
namespace {

// An enumerator is stored by its number.
static_assert(static_cast<int>(JobWish::Run) == static_cast<int>(schema::JobWish::RUN));
static_assert(static_cast<int>(JobWish::Stop) == static_cast<int>(schema::JobWish::STOP));
static_assert(static_cast<int>(JobWish::Savepoint) == static_cast<int>(schema::JobWish::SAVEPOINT));
static_assert(static_cast<int>(JobWish::Cancel) == static_cast<int>(schema::JobWish::CANCEL));
static_assert(static_cast<int>(JobOutcome::State::Finished) == static_cast<int>(schema::OutcomeState::FINISHED));
static_assert(static_cast<int>(JobOutcome::State::Stopped) == static_cast<int>(schema::OutcomeState::STOPPED));
static_assert(static_cast<int>(JobOutcome::State::Failed) == static_cast<int>(schema::OutcomeState::FAILED));
static_assert(static_cast<int>(ClusterNode::Role::Eligible) == static_cast<int>(schema::NodeRole::ELIGIBLE));
static_assert(static_cast<int>(ClusterNode::Role::WorkerOnly) == static_cast<int>(schema::NodeRole::WORKER_ONLY));

using Afterwards = Barrier::Afterwards;

std::string text(capnp::Text::Reader stored) { return {stored.begin(), stored.size()}; }
capnp::Text::Reader text(const std::string& ours) { return {ours.data(), ours.size()}; }
capnp::uint size_of(const auto& list) { return static_cast<capnp::uint>(list.size()); }

capnp::Data::Reader data(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const capnp::byte*>(bytes.data()), bytes.size()};
}

Manifest read_manifest(capnp::Data::Reader stored) {
  return decode_manifest(std::as_bytes(std::span(stored.begin(), stored.size()))).or_throw();
}

void write(const RestartOptions& ours, schema::Restart::Builder stored) {
  stored.setAttempts(ours.attempts);
  stored.setInVain(ours.in_vain);
  stored.setFirstDelayMs(ours.first_delay.count());
  stored.setLongestDelayMs(ours.longest_delay.count());
  stored.setFactor(ours.factor);
  stored.setForgetAfterMs(ours.forget_after.count());
}

RestartOptions read(schema::Restart::Reader stored) {
  return {.attempts = stored.getAttempts(),
          .in_vain = stored.getInVain(),
          .first_delay = Duration(stored.getFirstDelayMs()),
          .longest_delay = Duration(stored.getLongestDelayMs()),
          .factor = stored.getFactor(),
          .forget_after = Duration(stored.getForgetAfterMs())};
}

void write(const JobSpec& ours, schema::JobSpec::Builder stored) {
  stored.setName(text(ours.name));
  stored.setBundle(text(ours.bundle));
  auto options = stored.initOptions(size_of(ours.options));
  capnp::uint next = 0;
  for (const auto& [name, value] : ours.options) {
    options[next].setName(text(name));
    options[next++].setValue(text(value));
  }
  stored.setParallelism(ours.parallelism);
  stored.setKeyGroups(ours.key_groups);
  if (ours.checkpoint_interval) stored.setCheckpointIntervalMs(ours.checkpoint_interval->count());
  write(ours.restart, stored.initRestart());
  stored.setAlignmentLimitMs(ours.alignment_limit.count());
  stored.setRetained(ours.retained);
  stored.setReplication(ours.replication);
  stored.setFromSavepoint(text(ours.from_savepoint));
  auto writes = stored.initWrites(size_of(ours.writes));
  for (capnp::uint i = 0; i < writes.size(); ++i) writes.set(i, text(ours.writes[i]));
}

JobSpec read(schema::JobSpec::Reader stored) {
  JobSpec spec;
  spec.name = text(stored.getName());
  spec.bundle = text(stored.getBundle());
  for (const auto option : stored.getOptions()) spec.options.insert_or_assign(text(option.getName()), text(option.getValue()));
  spec.parallelism = stored.getParallelism();
  spec.key_groups = stored.getKeyGroups();
  if (stored.getCheckpointIntervalMs() >= 0) spec.checkpoint_interval = Duration(stored.getCheckpointIntervalMs());
  spec.restart = read(stored.getRestart());
  spec.alignment_limit = Duration(stored.getAlignmentLimitMs());
  spec.retained = stored.getRetained();
  spec.replication = stored.getReplication();
  spec.from_savepoint = text(stored.getFromSavepoint());
  for (const auto file : stored.getWrites()) spec.writes.push_back(text(file));
  return spec;
}

void write(const JobOutcome& ours, schema::Outcome::Builder stored) {
  stored.setState(static_cast<schema::OutcomeState>(ours.state));
  stored.setMessage(text(ours.message));
  stored.setRestoredFrom(ours.restored_from);
  stored.setEndedWith(ours.ended_with);
}

JobOutcome read(schema::Outcome::Reader stored) {
  return {enumerator(stored.getState(), JobOutcome::State::Failed, "outcome"), text(stored.getMessage()), stored.getRestoredFrom(),
          stored.getEndedWith()};
}

void write(const JobTotals& ours, schema::Totals::Builder stored) {
  stored.setRecordsRead(ours.records_read);
  stored.setRecordsWritten(ours.records_written);
}

JobTotals read(schema::Totals::Reader stored) { return {stored.getRecordsRead(), stored.getRecordsWritten()}; }

void write(const ClusterNode& ours, schema::Node::Builder stored) {
  stored.setId(ours.id);
  stored.setName(text(ours.name));
  stored.setAddress(text(ours.address));
  stored.setHttp(text(ours.http));
  stored.setRole(static_cast<schema::NodeRole>(ours.role));
}

ClusterNode read(schema::Node::Reader stored) {
  return {stored.getId(), text(stored.getName()), text(stored.getAddress()), text(stored.getHttp()),
          enumerator(stored.getRole(), ClusterNode::Role::WorkerOnly, "role of a node")};
}

void write(const std::vector<ClusterNodeId>& ours, capnp::List<std::uint64_t>::Builder stored) {
  for (capnp::uint i = 0; i < stored.size(); ++i) stored.set(i, ours[i]);
}

std::vector<ClusterNodeId> read(capnp::List<std::uint64_t>::Reader stored) {
  std::vector<ClusterNodeId> ours;
  for (const std::uint64_t id : stored) ours.push_back(id);
  return ours;
}

JobWish read(schema::JobWish stored) { return enumerator(stored, JobWish::Cancel, "wish"); }

void write(const JobRecord& ours, schema::Job::Builder stored) {
  stored.setId(ours.id);
  write(ours.spec, stored.initSpec());
  stored.setToken(text(ours.token));
  stored.setSubmittedMs(ours.submitted_ms);
  stored.setWish(static_cast<schema::JobWish>(ours.wish));
  stored.setSavepoint(text(ours.savepoint));
  stored.setAttempt(ours.attempt);
  write(ours.slots, stored.initSlots(size_of(ours.slots)));
  stored.setCheckpointsUsed(ours.checkpoints_used);
  auto manifests = stored.initManifests(size_of(ours.manifests));
  for (capnp::uint i = 0; i < manifests.size(); ++i) manifests.set(i, data(weir::encode(ours.manifests[i])));
  stored.setEnding(ours.ending);
  if (ours.outcome) write(*ours.outcome, stored.initOutcome());
  stored.setEndedMs(ours.ended_ms);
  write(ours.totals, stored.initTotals());
}

JobRecord read(schema::Job::Reader stored) {
  JobRecord job;
  job.id = stored.getId();
  job.spec = read(stored.getSpec());
  job.token = text(stored.getToken());
  job.submitted_ms = stored.getSubmittedMs();
  job.wish = read(stored.getWish());
  job.savepoint = text(stored.getSavepoint());
  job.attempt = stored.getAttempt();
  job.slots = read(stored.getSlots());
  job.checkpoints_used = stored.getCheckpointsUsed();
  for (const auto manifest : stored.getManifests()) job.manifests.push_back(read_manifest(manifest));
  job.ending = stored.getEnding();
  if (stored.hasOutcome()) job.outcome = read(stored.getOutcome());
  job.ended_ms = stored.getEndedMs();
  job.totals = read(stored.getTotals());
  return job;
}

class CommandWriter {
 public:
  explicit CommandWriter(schema::Command::Builder stored) : stored_(stored) {}

  void operator()(const command::Submit& ours) {
    auto submit = stored_.initSubmit();
    write(ours.spec, submit.initSpec());
    submit.setToken(text(ours.token));
    submit.setSubmittedMs(ours.submitted_ms);
  }
  void operator()(const command::BeginAttempt& ours) {
    auto begin = stored_.initBeginAttempt();
    begin.setJob(ours.job);
    begin.setAttempt(ours.attempt);
    write(ours.slots, begin.initSlots(size_of(ours.slots)));
    begin.setCheckpointsUsed(ours.checkpoints_used);
  }
  void operator()(const command::CommitCheckpoint& ours) {
    auto commit = stored_.initCommitCheckpoint();
    commit.setJob(ours.job);
    commit.setManifest(data(weir::encode(ours.manifest)));
    commit.setLast(ours.afterwards == Afterwards::End);
  }
  void operator()(const command::Wish& ours) {
    auto wish = stored_.initWish();
    wish.setJob(ours.job);
    wish.setWish(static_cast<schema::JobWish>(ours.wish));
    wish.setSavepoint(text(ours.savepoint));
  }
  void operator()(const command::EndJob& ours) {
    auto end = stored_.initEndJob();
    end.setJob(ours.job);
    end.setAttempt(ours.attempt);
    write(ours.outcome, end.initOutcome());
    end.setEndedMs(ours.ended_ms);
    write(ours.totals, end.initTotals());
  }
  void operator()(const command::ForgetJob& ours) { stored_.setForgetJob(ours.job); }
  void operator()(const command::AdmitNode& ours) { write(ours.node, stored_.initAdmitNode()); }
  void operator()(const command::ForgetNode& ours) { stored_.setForgetNode(ours.node); }

 private:
  schema::Command::Builder stored_;
};

command::Submit read(schema::Submit::Reader stored) { return {read(stored.getSpec()), text(stored.getToken()), stored.getSubmittedMs()}; }

command::BeginAttempt read(schema::BeginAttempt::Reader stored) {
  return {stored.getJob(), stored.getAttempt(), read(stored.getSlots()), stored.getCheckpointsUsed()};
}

command::CommitCheckpoint read(schema::CommitCheckpoint::Reader stored) {
  return {stored.getJob(), read_manifest(stored.getManifest()), stored.getLast() ? Afterwards::End : Afterwards::GoOn};
}

command::Wish read(schema::Wish::Reader stored) { return {stored.getJob(), read(stored.getWish()), text(stored.getSavepoint())}; }

command::EndJob read(schema::EndJob::Reader stored) {
  return {stored.getJob(), stored.getAttempt(), read(stored.getOutcome()), stored.getEndedMs(),
          read(stored.getTotals())};
}

ClusterCommand read(schema::Command::Reader stored) {
  switch (stored.which()) {
    case schema::Command::SUBMIT: return read(stored.getSubmit());
    case schema::Command::BEGIN_ATTEMPT: return read(stored.getBeginAttempt());
    case schema::Command::COMMIT_CHECKPOINT: return read(stored.getCommitCheckpoint());
    case schema::Command::WISH: return read(stored.getWish());
    case schema::Command::END_JOB: return read(stored.getEndJob());
    case schema::Command::FORGET_JOB: return command::ForgetJob{stored.getForgetJob()};
    case schema::Command::ADMIT_NODE: return command::AdmitNode{read(stored.getAdmitNode())};
    case schema::Command::FORGET_NODE: return command::ForgetNode{stored.getForgetNode()};
  }
  throw Failure("this Weir does not know command " + std::to_string(static_cast<unsigned>(stored.which())));
}

ClusterState read(schema::ClusterState::Reader stored) {
  ClusterState::Content content;
  content.next_job = stored.getNextJob();
  for (const auto one : stored.getJobs()) {
    JobRecord job = read(one);
    const JobId id = job.id;
    if (!content.jobs.emplace(id, std::move(job)).second) throw Failure("job " + std::to_string(id) + " is there twice");
  }
  for (const auto one : stored.getNodes()) {
    ClusterNode node = read(one);
    const ClusterNodeId id = node.id;
    if (!content.nodes.emplace(id, std::move(node)).second) throw Failure("node " + std::to_string(id) + " is there twice");
  }
  return ClusterState::of(std::move(content)).or_throw();
}

}  // namespace

std::vector<std::byte> encode(const ClusterCommand& command) {
  capnp::MallocMessageBuilder message;
  std::visit(CommandWriter(message.initRoot<schema::Command>()), command);
  return flat_bytes(message);
}

std::vector<std::byte> encode(const ClusterState& state) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<schema::ClusterState>();
  root.setNextJob(state.content().next_job);
  auto jobs = root.initJobs(size_of(state.jobs()));
  capnp::uint next = 0;
  for (const auto& [id, job] : state.jobs()) write(job, jobs[next++]);
  auto nodes = root.initNodes(size_of(state.nodes()));
  next = 0;
  for (const auto& [id, node] : state.nodes()) write(node, nodes[next++]);
  return flat_bytes(message);
}

Result<ClusterCommand> decode_command(std::span<const std::byte> bytes) {
  return read_value(bytes, "a command of the cluster's log",
                    [](capnp::MessageReader& message) { return read(message.getRoot<schema::Command>()); });
}

Result<ClusterState> decode_cluster_state(std::span<const std::byte> bytes) {
  return read_value(bytes, "a cluster's state",
                    [](capnp::MessageReader& message) { return read(message.getRoot<schema::ClusterState>()); });
}

}  // namespace weir::wire
