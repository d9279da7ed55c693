// What a cluster's log may hold, drawn from a seed: for tests of the state that it makes and of its codec.
#pragma once

#include <algorithm>
#include <random>
#include <string>

#include <weir/coordination/cluster_state.hpp>

namespace weir::testing {

class ClusterSamples {
 public:
  explicit ClusterSamples(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  bool one_in(std::uint64_t count) { return below(count) == 0; }

  /// Any bytes.
  std::string text() {
    std::string made;
    for (std::uint64_t size = below(12); size > 0; --size) made.push_back(static_cast<char>(below(256)));
    return made;
  }

  /// Letters.
  std::string word() {
    std::string made;
    for (std::uint64_t size = below(12); size > 0; --size) made.push_back(static_cast<char>('a' + below(26)));
    return made;
  }

  JobSpec spec() {
    JobSpec made;
    made.name = "j" + text();
    made.bundle = std::string(64, "0123456789abcdef"[below(16)]);
    for (std::uint64_t count = below(4); count > 0; --count) made.options[text()] = text();
    made.key_groups = 1 + static_cast<std::uint32_t>(below(kMaxKeyGroups));
    made.parallelism = 1 + static_cast<std::uint32_t>(below(made.key_groups));
    if (one_in(2)) made.checkpoint_interval = Duration(1 + static_cast<std::int64_t>(below(100'000)));
    made.restart = {number(), number(), Duration(number()), Duration(number()), 1 + static_cast<double>(below(100)) / 7, Duration(number())};
    made.alignment_limit = Duration(number());
    made.retained = 1 + static_cast<std::uint32_t>(below(3));
    made.replication = 1 + static_cast<std::uint32_t>(below(3));
    made.from_savepoint = text();
    for (std::uint64_t file = below(3); file > 0; --file) made.writes.push_back("/out/" + std::to_string(++last_file_));
    return made;
  }

  Manifest manifest(std::uint64_t checkpoint, std::uint64_t attempt) {
    Manifest made{.checkpoint = checkpoint, .job = word(), .attempt = attempt, .completed_ms = number(), .key_groups = number(),
                  .kind = one_in(2) ? ManifestKind::Savepoint : ManifestKind::Checkpoint, .weir_version = word(), .operators = {}};
    for (std::uint32_t op = 0; op < below(3); ++op) {
      made.operators.push_back({word(), op, number(), {}});
      for (std::uint32_t part = 0; part < below(3); ++part) {
        made.operators.back().parts.push_back({{checkpoint, op, part, number()}, word(), ChunkKind::Tombstones, word(), number(), number(), {1, 2}});
      }
    }
    return made;
  }

  JobOutcome outcome() { return {static_cast<JobOutcome::State>(below(3)), text(), below(100), below(100)}; }

  ClusterNode node() {
    const std::uint64_t id = 1 + below(6);
    return {id, text(), "host:" + std::to_string(below(8)), text(), one_in(2) ? ClusterNode::Role::Eligible : ClusterNode::Role::WorkerOnly};
  }

  /// Likely to be accepted, but not always.
  ClusterCommand command(const ClusterState& state) {
    const JobId job = 1 + below(std::max<JobId>(1, state.content().next_job));
    const JobRecord* record = state.job(job);
    const std::uint64_t attempt = record ? record->attempt : 0;
    switch (below(12)) {
      case 0: return command::Submit{spec(), one_in(2) ? "" : "t" + std::to_string(below(5)), number()};
      case 1:
      case 2: return command::BeginAttempt{job, attempt + below(3), {1 + below(6), 1 + below(6)}, below(40)};
      case 3:
      case 4:
      case 5:
      case 6: return command::CommitCheckpoint{job, manifest((record ? record->checkpoints_used : 0) + below(4), attempt - (one_in(4) ? 1 : 0)),
                                               one_in(3) ? Barrier::Afterwards::End : Barrier::Afterwards::GoOn};
      case 7: return command::Wish{job, static_cast<JobWish>(below(4)), text()};
      case 8: return command::EndJob{job, attempt - (one_in(2) ? 1 : 0), outcome(), number(), {1 + job, attempt}};
      case 9: return command::ForgetJob{job};
      case 10: return one_in(3) ? ClusterCommand(command::ForgetNode{1 + below(6)}) : command::AdmitNode{node()};
      default: return command::AdmitNode{node()};
    }
  }

 private:
  std::uint32_t number() { return static_cast<std::uint32_t>(random_()) >> below(32); }

  std::mt19937_64 random_;
  std::uint64_t last_file_ = 0;
};

/// The state after so many commands.
inline ClusterState any_cluster_state(ClusterSamples& samples, int commands) {
  ClusterState state;
  for (int i = 0; i < commands; ++i) (void)state.apply(samples.command(state));
  return state;
}

}  // namespace weir::testing
