// What the cluster's log may do to its state, and what is refused.
#include <doctest/doctest.h>

#include <weir/coordination/cluster_state.hpp>

using namespace weir;

namespace {

using Effect = Applied::Effect;

JobSpec spec(const std::string& name = "flights") {
  JobSpec made;
  made.name = name;
  made.bundle = std::string(64, 'a');
  return made;
}

ClusterNode node(ClusterNodeId id, const std::string& address) { return {id, "node" + std::to_string(id), address, ""}; }

Manifest manifest(CheckpointId checkpoint, std::uint64_t attempt) {
  Manifest made;
  made.checkpoint = checkpoint;
  made.attempt = attempt;
  return made;
}

struct Bench {
  Bench() {
    accept(command::AdmitNode{node(1, "a:1")});
    accept(command::AdmitNode{node(2, "b:1")});
  }
  Applied accept(const ClusterCommand& command) {
    const auto applied = state.apply(command);
    REQUIRE_MESSAGE(applied.ok(), (applied.ok() ? "" : applied.error().message));
    return *applied;
  }
  /// The reason; nothing has changed.
  std::string refuse(const ClusterCommand& command) {
    const ClusterState before = state;
    const auto applied = state.apply(command);
    REQUIRE(!applied.ok());
    CHECK(state == before);
    return applied.error().message;
  }
  JobId submit() { return accept(command::Submit{spec(), "", 5}).job; }
  JobId begin() {
    const JobId job = submit();
    accept(command::BeginAttempt{job, 1, {1, 2}, 0});
    return job;
  }
  const JobRecord& job(JobId id) const { return *state.job(id); }

  ClusterState state;
};

}  // namespace

TEST_CASE("jobs are numbered from 1, and a number is never given again") {
  Bench bench;
  CHECK(bench.submit() == 1);
  CHECK(bench.submit() == 2);
  bench.accept(command::EndJob{2, 0, {}, 9});
  bench.accept(command::ForgetJob{2});
  CHECK(!bench.state.job(2));
  CHECK(bench.submit() == 3);
}

TEST_CASE("the same token stands for the same job, and for no other one") {
  Bench bench;
  CHECK(bench.accept(command::Submit{spec(), "mine", 5}) == Applied{Effect::Changed, 1, {}});
  CHECK(bench.accept(command::Submit{spec(), "mine", 99}) == Applied{Effect::Nothing, 1, {}});
  CHECK(bench.job(1).submitted_ms == 5);
  CHECK(bench.refuse(command::Submit{spec("other"), "mine", 5}) == "the token 'mine' was used to submit job 1 'flights', which is another one");
  CHECK(bench.accept(command::Submit{spec(), "yours", 5}).job == 2);
}

TEST_CASE("two jobs that live do not write the same file") {
  Bench bench;
  const auto writing = [](const std::string& name, std::vector<std::string> files) {
    JobSpec made = spec(name);
    made.writes = std::move(files);
    return made;
  };
  bench.accept(command::Submit{writing("first", {"/out/a", "/out/b"}), "mine", 5});
  bench.accept(command::Submit{writing("other", {"/out/c"}), "", 5});
  CHECK(bench.refuse(command::Submit{writing("second", {"/out/d", "/out/b"}), "", 5}) ==
        "job 1 'first' is writing /out/b; stop it first, or name another file");
  CHECK(bench.accept(command::Submit{writing("first", {"/out/a", "/out/b"}), "mine", 6}).job == 1);  // the same one
  bench.accept(command::EndJob{1, 0, {}, 9});
  bench.accept(command::Submit{writing("second", {"/out/d", "/out/b"}), "", 5});
}

TEST_CASE("a job that cannot run is refused with the reason") {
  Bench bench;
  const auto why = [&](auto change) {
    JobSpec wrong = spec();
    change(wrong);
    return bench.refuse(command::Submit{wrong, "", 0});
  };
  CHECK(why([](JobSpec& s) { s.name = ""; }) == "a job needs a name");
  CHECK(why([](JobSpec& s) { s.bundle = "../x"; }).find("64 lower-case hexadecimal digits, not by '../x'") != std::string::npos);
  CHECK(why([](JobSpec& s) { s.parallelism = 129; }) ==
        "job 'flights' cannot run: its parallelism must be 1 to 128, the number of its key groups, not 129");
  CHECK(why([](JobSpec& s) { s.key_groups = kMaxKeyGroups + 1; }).find("32768") != std::string::npos);
  CHECK(why([](JobSpec& s) { s.checkpoint_interval = Duration(0); }).find("interval") != std::string::npos);
  CHECK(why([](JobSpec& s) { s.restart.factor = 0.0 / 0.0; }).find("factor") != std::string::npos);
  CHECK(why([](JobSpec& s) { s.retained = 0; }).find("retained") != std::string::npos);
  CHECK(why([](JobSpec& s) { s.replication = 0; }).find("at least one node") != std::string::npos);
}

TEST_CASE("attempts only go up, and run on nodes of the cluster") {
  Bench bench;
  const JobId job = bench.submit();
  CHECK(bench.refuse(command::BeginAttempt{job, 0, {1}, 0}).find("comes too late") != std::string::npos);
  bench.accept(command::BeginAttempt{job, 3, {1, 2}, 0});
  CHECK(bench.job(job).slots == std::vector<ClusterNodeId>{1, 2});
  CHECK(bench.refuse(command::BeginAttempt{job, 3, {1}, 0}) == "attempt 3 of job 1 'flights' comes too late: it is at attempt 3");
  CHECK(bench.refuse(command::BeginAttempt{job, 4, {1, 7}, 0}).find("the cluster lacks: 7") != std::string::npos);
  CHECK(bench.refuse(command::BeginAttempt{job, 4, {}, 0}).find("no slots") != std::string::npos);
  CHECK(bench.refuse(command::BeginAttempt{9, 1, {1}, 0}) == "there is no job 9");
}

TEST_CASE("a checkpoint counts only in the current attempt, and only with a new number") {
  Bench bench;
  const JobId job = bench.submit();
  CHECK(bench.refuse(command::CommitCheckpoint{job, manifest(1, 0)}).find("is of attempt 0") != std::string::npos);
  bench.accept(command::BeginAttempt{job, 1, {1}, 0});
  bench.accept(command::CommitCheckpoint{job, manifest(4, 1)});
  CHECK(bench.job(job).newest_checkpoint() == 4);
  CHECK(bench.refuse(command::CommitCheckpoint{job, manifest(4, 1)}) ==
        "checkpoint 4 of job 1 'flights' is not a new one: numbers up to 4 are used");
  bench.accept(command::BeginAttempt{job, 2, {2}, 7});
  CHECK(bench.refuse(command::CommitCheckpoint{job, manifest(8, 1)}) ==
        "checkpoint 8 of job 1 'flights' is of attempt 1, and the job is at attempt 2");
  CHECK(bench.refuse(command::CommitCheckpoint{job, manifest(7, 2)}).find("up to 7 are used") != std::string::npos);
  bench.accept(command::CommitCheckpoint{job, manifest(8, 2)});
}

TEST_CASE("as many checkpoints are retained as the job wants, newest first") {
  Bench bench;
  const JobId job = bench.begin();
  for (CheckpointId checkpoint = 1; checkpoint <= 5; ++checkpoint) bench.accept(command::CommitCheckpoint{job, manifest(checkpoint, 1)});
  CHECK(bench.job(job).manifests == std::vector<Manifest>{manifest(5, 1), manifest(4, 1)});
}

TEST_CASE("the checkpoint that a job ends with is remembered until another attempt begins") {
  Bench bench;
  const JobId job = bench.begin();
  bench.accept(command::CommitCheckpoint{job, manifest(1, 1), Barrier::Afterwards::GoOn});
  CHECK(bench.job(job).ending == 0);
  bench.accept(command::CommitCheckpoint{job, manifest(2, 1), Barrier::Afterwards::End});
  CHECK(bench.job(job).ending == 2);
  bench.accept(command::BeginAttempt{job, 2, {1}, 0});
  CHECK(bench.job(job).ending == 0);
}

TEST_CASE("a job that is to end can only be cancelled") {
  Bench bench;
  const JobId job = bench.begin();
  CHECK(bench.refuse(command::Wish{job, JobWish::Savepoint, ""}).find("needs a directory") != std::string::npos);
  bench.accept(command::Wish{job, JobWish::Savepoint, "/s"});
  CHECK(bench.accept(command::Wish{job, JobWish::Savepoint, "/s"}).effect == Effect::Nothing);
  CHECK(bench.refuse(command::Wish{job, JobWish::Savepoint, "/t"}).find("already") != std::string::npos);
  CHECK(bench.refuse(command::Wish{job, JobWish::Run, ""}) == "job 1 'flights' is to stop with a savepoint already, and can only be cancelled");
  bench.accept(command::Wish{job, JobWish::Cancel, "ignored"});
  CHECK(bench.job(job).savepoint == "");
  CHECK(bench.refuse(command::Wish{job, JobWish::Stop, ""}) == "job 1 'flights' is to be cancelled already");
}

TEST_CASE("a job ends once, by its current attempt, and then nothing happens to it but being forgotten") {
  Bench bench;
  const JobId job = bench.begin();
  CHECK(bench.refuse(command::ForgetJob{job}) == "job 1 'flights' has not ended; cancel it first");
  CHECK(bench.refuse(command::EndJob{job, 0, {}, 9}) == "attempt 0 cannot end job 1 'flights', which is at attempt 1");
  const JobOutcome outcome{JobOutcome::State::Failed, "no good", 0, 0};
  bench.accept(command::EndJob{job, 1, outcome, 9});
  CHECK(bench.job(job).outcome == outcome);
  CHECK(bench.job(job).ended_ms == 9);
  const std::string ended = "job 1 'flights' has ended";
  CHECK(bench.refuse(command::EndJob{job, 1, {}, 10}) == ended);
  CHECK(bench.refuse(command::BeginAttempt{job, 2, {1}, 0}) == ended);
  CHECK(bench.refuse(command::CommitCheckpoint{job, manifest(1, 1)}) == ended);
  CHECK(bench.refuse(command::Wish{job, JobWish::Cancel, ""}) == ended);
  bench.accept(command::ForgetJob{job});
  CHECK(bench.refuse(command::ForgetJob{job}) == "there is no job 1");
}

TEST_CASE("a node that comes to the address of another replaces it") {
  Bench bench;
  CHECK(bench.accept(command::AdmitNode{node(1, "a:1")}).effect == Effect::Nothing);
  CHECK(bench.accept(command::AdmitNode{node(3, "b:1")}) == Applied{Effect::Changed, 0, {2}});
  CHECK(bench.accept(command::AdmitNode{node(3, "c:1")}) == Applied{Effect::Changed, 0, {}});
  CHECK(bench.state.nodes().size() == 2);
  CHECK(bench.accept(command::ForgetNode{3}) == Applied{Effect::Changed, 0, {3}});
  CHECK(bench.refuse(command::ForgetNode{3}) == "the cluster has no node 3");
  CHECK(bench.refuse(command::AdmitNode{node(0, "d:1")}).find("without an id") != std::string::npos);
}

TEST_CASE("a state that contradicts itself is refused") {
  Bench bench;
  const JobId job = bench.begin();
  bench.accept(command::CommitCheckpoint{job, manifest(1, 1)});
  bench.accept(command::CommitCheckpoint{job, manifest(2, 1)});
  const ClusterState::Content right = bench.state.content();
  REQUIRE(ClusterState::of(right));
  CHECK(*ClusterState::of(right) == bench.state);
  const auto wrong = [&](auto change) {
    ClusterState::Content content = right;
    change(content);
    return !ClusterState::of(content).ok();
  };
  CHECK(wrong([&](auto& content) { content.next_job = job; }));
  CHECK(wrong([&](auto& content) { content.jobs[job].id = 7; }));
  CHECK(wrong([&](auto& content) { content.jobs[job].spec.bundle = ""; }));
  CHECK(wrong([&](auto& content) { content.jobs[job].checkpoints_used = 1; }));
  CHECK(wrong([&](auto& content) { content.jobs[job].ending = 1; }));
  CHECK(wrong([&](auto& content) { content.jobs[job].attempt = 0; }));
  CHECK(wrong([&](auto& content) { std::swap(content.jobs[job].manifests[0], content.jobs[job].manifests[1]); }));
  CHECK(wrong([&](auto& content) { content.nodes[1].address = "b:1"; }));
}
