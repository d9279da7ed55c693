// What a leader says to nodes about jobs that are over, and which jobs it runs. The test is its node and the log.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/actors/job_leader.hpp>
#include <weir/wire/control.hpp>

using namespace weir;

namespace {

/// Node 1, which has no slots and sees the other nodes as members.
class Surroundings final : public LeaderSurroundings {
 public:
  const ClusterState& state() const override { return state_; }
  const NodeAnnouncement& self() const override { return self_; }
  const std::vector<ClusterMember>& members() const override { return members_; }
  void send(ClusterNodeId node, message::Packet packet) override { said.emplace_back(node, std::move(packet.kind)); }
  void propose(ClusterCommand command, ClusterControl::Done done) override {
    proposed.emplace_back(std::move(command), std::move(done));
  }
  ProcessingTime now() const override { return ProcessingTime{1'000'000}; }
  std::int64_t wall_clock_ms() const override { return 7; }
  void log(NodeServices::Level, const std::string&) override {}
  bool vote_is_needed(const NodeAnnouncement& node) const override { return node.node.id == needed_voter; }
  void last_seen(JobId, const LiveJob&) override {}

  Applied apply(const ClusterCommand& command) { return state_.apply(command).or_throw(); }
  JobId submit() {
    JobSpec spec;
    spec.name = "rows";
    spec.bundle = std::string(64, 'a');
    return apply(command::Submit{spec, "", 0}).job;
  }
  /// One that ran and has ended.
  JobId ended_job() {
    const JobId job = submit();
    apply(command::BeginAttempt{job, 1, {1}, 0});
    apply(command::EndJob{job, 1, {}, 0, {}});
    return job;
  }
  void add_member(ClusterNodeId node, ClusterMember::Intent intent = ClusterMember::Intent::Stay) {
    members_.push_back({.node = {{node, "b", "host:2", ""}, 1, 0, "test"}, .status = ClusterMember::Status::Up,
                        .intent = intent, .heard = {}, .lost = {}});
  }
  /// Kinds of what a node was told since this was last called.
  std::vector<std::string> told(ClusterNodeId node) {
    std::vector<std::string> kinds;
    for (auto& [to, kind] : std::exchange(said, {})) {
      if (to == node) kinds.push_back(std::move(kind));
    }
    return kinds;
  }

  ClusterNodeId needed_voter = 0;
  std::vector<std::pair<ClusterNodeId, std::string>> said;
  std::vector<std::pair<ClusterCommand, ClusterControl::Done>> proposed;

 private:
  NodeAnnouncement self_{{1, "a", "host:1", ""}, 1, 0, "test"};
  ClusterState state_;
  std::vector<ClusterMember> members_;
};

/// The cluster knows node 1.
struct Bench {
  Bench() { around.apply(command::AdmitNode{around.self().node}); }

  void begin() {
    leader.emplace(around, LeaderOptions{});
    leader->settle();
  }
  void apply(const ClusterCommand& command) {
    leader->on_applied(command, around.apply(command));
    leader->settle();
  }

  Surroundings around;
  std::optional<JobLeader> leader;
};

template <NamedRecord M>
std::string kind() {
  return std::string(name_of<M>());
}

}  // namespace

TEST_CASE("a node that was away for a moment hears which jobs there are: some may have been forgotten meanwhile") {
  Bench bench;
  bench.around.add_member(2);
  bench.begin();
  bench.around.told(2);
  bench.leader->on_members({membership::NodeReturned{2}});
  CHECK(bench.around.told(2) == std::vector{kind<wire::KnownJobs>()});
}

TEST_CASE("that a job is forgotten is one message to a node, however many other jobs have ended") {
  Bench bench;
  bench.around.add_member(2);
  const JobId forgotten = bench.around.ended_job();
  for (int more = 0; more < 10; ++more) bench.around.ended_job();
  bench.begin();
  bench.around.told(2);
  bench.apply(command::ForgetJob{forgotten});
  CHECK(bench.around.told(2) == std::vector{kind<wire::KnownJobs>()});
}

TEST_CASE("a job whose end is logged although that was told to have failed runs no more") {
  Bench bench;
  const JobId job = bench.around.submit();
  bench.begin();
  REQUIRE(bench.leader->live(job) != nullptr);
  CHECK(bench.leader->live(job)->phase == "waiting for slots");
  bench.apply(command::Wish{job, JobWish::Cancel, ""});
  const auto [end, done] = std::move(bench.around.proposed.back());
  REQUIRE(std::holds_alternative<command::EndJob>(end));
  done(NotApplied{{"nobody knows"}, NotApplied::Fate::Unknown});
  bench.leader->settle();
  CHECK(bench.leader->live(job) != nullptr);
  bench.apply(end);
  CHECK(bench.leader->live(job) == nullptr);
  bench.apply(command::ForgetJob{job});
  bench.leader->tick();
}

TEST_CASE("a node that is to end may leave, and is told so once, when neither a job nor the others need it any more") {
  Bench bench;
  bench.around.needed_voter = 2;
  bench.around.add_member(2, ClusterMember::Intent::Leave);
  bench.begin();
  const auto before = bench.around.told(2);
  CHECK(std::find(before.begin(), before.end(), kind<wire::MayLeave>()) == before.end());
  bench.around.needed_voter = 0;
  bench.leader->settle();
  CHECK(bench.around.told(2) == std::vector{kind<wire::MayLeave>()});
  bench.leader->settle();
  CHECK(bench.around.told(2).empty());
}
