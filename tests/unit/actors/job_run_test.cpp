// A job of a cluster from its submission to its end, as its leader runs it: what becomes of it when workers, nodes, connections, disks,
// the log or the leader fail, and what people's wishes do at any time. The cluster around it is simulated, without a seed: everything
// takes the shortest time, so that what happens can be told in advance.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "support/simulated_cluster.hpp"

using namespace weir;
using weir::testing::SimulatedCluster;
using State = JobOutcome::State;

namespace {

constexpr Duration kSoon{20'000};

template <class Command>
auto loses_once(const std::string& why) {
  return [why, lost = false](const ClusterCommand& command) mutable -> std::optional<std::string> {
    if (!std::holds_alternative<Command>(command) || std::exchange(lost, true)) return std::nullopt;
    return why;
  };
}

template <class Command>
auto loses_always(const std::string& why) {
  return [why](const ClusterCommand& command) { return std::holds_alternative<Command>(command) ? std::optional(why) : std::nullopt; };
}

/// Three nodes of four slots. A job of three tasks at a time has one worker on each; node 1 leads.
struct Bench {
  SimulatedCluster cluster{{}};
  JobId id = 0;

  ~Bench() {
    for (const std::string& fault : cluster.faults()) FAIL_CHECK(fault);
  }

  void submit(std::uint32_t rows = 0, std::uint32_t parallelism = 3) { id = cluster.submit(SimulatedCluster::spec(parallelism, rows)); }
  /// A job that runs and has a checkpoint.
  void submit_and_run(std::uint32_t rows = 0, std::uint32_t parallelism = 3) {
    submit(rows, parallelism);
    await_checkpoint();
  }
  /// A job with a single worker, whose node does not lead, and two nodes that have none; the first of them leads.
  struct OneWorker {
    ClusterNodeId node, leader, other;
  };
  OneWorker submit_one_worker(std::uint32_t rows = 0) {
    submit_and_run(rows, 1);
    const ClusterNodeId node = job().slots.front();
    const ClusterNodeId leader = node == 1 ? 2 : 1;
    elect(leader);
    return {node, leader, 6 - node - leader};
  }
  void elect(ClusterNodeId next) {
    if (cluster.leader() != next) cluster.elect(next);
    REQUIRE(await([&] { return cluster.leader() == next; }));
  }
  const JobRecord& job() const { return cluster.job(id); }
  bool await(const std::function<bool()>& condition) { return cluster.run_until(condition, kSoon); }
  void await_phase(const std::string& phase) {
    CAPTURE(phase);
    REQUIRE(await([&] { return cluster.phase(id) == phase; }));
  }
  void await_attempt(std::uint64_t attempt) {
    CAPTURE(cluster.phase(id));
    REQUIRE(await([&] { return job().attempt == attempt && cluster.phase(id) == "running"; }));
  }
  /// One that is newer than what there is.
  void await_checkpoint() {
    CAPTURE(cluster.phase(id));
    REQUIRE(await([&, then = job().newest_checkpoint()] { return job().newest_checkpoint() > then; }));
  }
  JobOutcome outcome() {
    CAPTURE(cluster.phase(id));
    REQUIRE(await([&] { return job().ended() && cluster.phase(id).empty(); }));
    return *job().outcome;
  }
  bool runs_on(ClusterNodeId node) const { return std::count(job().slots.begin(), job().slots.end(), node) > 0; }
  /// Of whatever a node runs.
  std::string workers(ClusterNodeId node) { return cluster.node(node)->workers(); }
};

void say(Bench& bench, ClusterNodeId from, const message::Packet& packet) { bench.cluster.node(bench.cluster.leader())->coordinator().on_packet(from, packet); }

}  // namespace

TEST_CASE("a job is placed, runs, takes checkpoints and finishes when all it read is published") {
  Bench bench;
  bench.submit(1000);
  bench.await_phase("running");
  CHECK(bench.runs_on(1) + bench.runs_on(2) + bench.runs_on(3) == 3);
  bench.await_checkpoint();
  const JobOutcome outcome = bench.outcome();
  CHECK(outcome.state == State::Finished);
  CHECK(outcome.ended_with == bench.job().newest_checkpoint());
  CHECK(bench.job().attempt == 1);
  for (std::uint32_t task = 0; task < 6; ++task) CHECK(bench.cluster.ledger().at({bench.id, task}) == 1000);
  CHECK(bench.await([&] { return (bench.workers(1) + bench.workers(2) + bench.workers(3)).empty(); }));
}

TEST_CASE("a job whose worker crashes goes on from its newest checkpoint") {
  Bench bench;
  bench.submit_and_run(3000);
  bench.cluster.node(2)->crash_worker(bench.id, "killed by signal 11", true);
  bench.await_attempt(2);
  CHECK(bench.outcome().restored_from != 0);
  CHECK(bench.job().outcome->state == State::Finished);
}

TEST_CASE("a job whose first attempt fails before anything ran fails") {
  Bench bench;
  bench.submit();
  bench.await_phase("starting");
  REQUIRE(bench.await([&] { return bench.workers(2).find("deployed") != std::string::npos; }));
  bench.cluster.node(2)->crash_worker(bench.id, "killed by signal 11", true);
  CHECK(bench.outcome().state == State::Failed);
  CHECK(bench.job().outcome->message == "a worker ended: killed by signal 11");
}

TEST_CASE("a job whose node is gone runs on the others") {
  for (const bool leaves : {false, true}) {
    CAPTURE(leaves);
    Bench bench;
    bench.submit_and_run();
    leaves ? bench.cluster.leave(3) : bench.cluster.kill(3);
    bench.await_attempt(2);
    CHECK(!bench.runs_on(3));
    bench.await_checkpoint();
  }
}

/// What may happen to a node that its leader hears of.
enum class Loss { Dies, Leaves, LosesConnection };

void lose(SimulatedCluster& cluster, ClusterNodeId node, Loss loss) {
  switch (loss) {
    case Loss::Dies: return cluster.kill(node);
    case Loss::Leaves: return cluster.leave(node);
    case Loss::LosesConnection: return cluster.break_connection(cluster.leader(), node);
  }
}

TEST_CASE("a node that is lost before its attempt is logged does not hold the job up") {
  for (const Loss loss : {Loss::Dies, Loss::Leaves, Loss::LosesConnection}) {
    CAPTURE(static_cast<int>(loss));
    Bench bench;
    bench.submit_and_run();
    bench.cluster.node(2)->crash_worker(bench.id, "killed by signal 9", false);
    bench.await_phase("restarting");
    bench.cluster.hold_log(true);
    bench.await_phase("starting");
    lose(bench.cluster, 3, loss);
    bench.cluster.run_for(Duration(3000));
    bench.cluster.hold_log(false);
    bench.await_phase("running");
    bench.await_checkpoint();
    CHECK(bench.runs_on(3) == (loss == Loss::LosesConnection));
  }
}

TEST_CASE("a node that is lost in any phase does not hold the job up") {
  for (const Loss loss : {Loss::Dies, Loss::Leaves, Loss::LosesConnection}) {
    for (const std::int64_t later : {0, 1, 2, 3, 5, 8, 13, 21, 110, 120}) {
      CAPTURE(static_cast<int>(loss));
      CAPTURE(later);
      Bench bench;
      bench.submit_and_run();
      bench.cluster.node(2)->crash_worker(bench.id, "killed by signal 9", false);
      bench.await_phase("stopping");
      bench.cluster.run_for(Duration(later));
      lose(bench.cluster, 3, loss);
      bench.await_checkpoint();
      bench.await_phase("running");
    }
  }
}

TEST_CASE("a leader that a node took for dead does not wait for what that node did not hear") {
  Bench bench;
  bench.submit_and_run();
  bench.elect(3);
  bench.await_phase("running");
  bench.cluster.node(1)->take_for_dead(3);
  bench.cluster.node(2)->crash_worker(bench.id, "killed by signal 9", false);
  bench.await_phase("stopping");
  bench.await_checkpoint();
}

TEST_CASE("a new leader goes on with an attempt whose workers all run") {
  Bench bench;
  bench.submit_and_run(4000);
  bench.cluster.elect(2);
  REQUIRE(bench.await([&] { return bench.cluster.leader() == 2; }));
  bench.await_phase("running");
  bench.await_checkpoint();
  CHECK(bench.job().attempt == 1);
  CHECK(bench.outcome().state == State::Finished);
}

TEST_CASE("a new leader begins the next attempt when a worker is gone, or its node") {
  for (const bool node : {false, true}) {
    CAPTURE(node);
    Bench bench;
    bench.submit_and_run();
    bench.cluster.elect(2);
    if (node) bench.cluster.kill(3);
    else bench.cluster.node(3)->crash_worker(bench.id, "killed by signal 9", false);
    bench.await_attempt(2);
    bench.await_checkpoint();
    CHECK(bench.runs_on(3) == !node);
  }
}

TEST_CASE("why an attempt is not taken over is told as the worker said it, and of which node that is") {
  const std::pair<message::Packet, std::string> said[] = {
      {message::make_packet(0, 1, wire::WorkerGone{"killed by signal 11", {}, false, true}), "ended: killed by signal 11"},
      {message::make_packet(0, 1, wire::TaskFailed{0, "read", "", "no good", false}), "said: operator 'read' failed: no good"},
      {message::make_packet(0, 1, wire::WorkerFailed{"the link to worker 1 failed", false}), "said: the link to worker 1 failed"},
  };
  for (const auto& [packet, told] : said) {
    CAPTURE(packet.kind);
    Bench bench;
    bench.submit_and_run();
    bench.elect(2);
    bench.await_phase("taking over");
    message::Packet of_job = packet;
    of_job.job = bench.id;
    say(bench, 3, of_job);
    const std::string why = bench.cluster.why(bench.id);
    CHECK_MESSAGE(why.ends_with("the worker on node 'node3' " + told), why);
    bench.await_attempt(2);
    bench.await_checkpoint();
  }
}

TEST_CASE("a new leader does not wait for a node it has not met for longer than its patience") {
  Bench bench;
  const auto nodes = bench.submit_one_worker();
  bench.cluster.cut(nodes.other, nodes.node);
  bench.cluster.run_for(Duration(2000));  // they have taken each other for dead
  REQUIRE(bench.job().attempt == 1);
  bench.elect(nodes.other);
  bench.await_phase("taking over");
  bench.await_attempt(2);
  CHECK(!bench.runs_on(nodes.node));
  bench.cluster.mend();
  CHECK(bench.await([&] { return bench.workers(nodes.node).empty(); }));
}

TEST_CASE("a new leader begins the next attempt when the last one had not begun to run") {
  Bench bench;
  bench.submit();
  bench.await_phase("starting");
  REQUIRE(bench.await([&] { return bench.workers(2).find("deployed") != std::string::npos; }));
  bench.cluster.elect(2);
  bench.await_attempt(2);
  bench.await_checkpoint();
}

TEST_CASE("a job that is cancelled in any phase ends as stopped") {
  for (const std::string phase : {"starting", "running", "stopping", "restarting"}) {
    CAPTURE(phase);
    Bench bench;
    bench.submit_and_run();
    if (phase != "running") bench.cluster.node(2)->crash_worker(bench.id, "killed by signal 9", false);
    bench.await_phase(phase);
    bench.cluster.wish(bench.id, JobWish::Cancel);
    CHECK(bench.outcome().state == State::Stopped);
  }
}

TEST_CASE("a job that is cancelled while its attempt is being logged ends once that is") {
  Bench bench;
  bench.submit_and_run();
  bench.cluster.node(2)->crash_worker(bench.id, "killed by signal 9", false);
  bench.await_phase("restarting");
  bench.cluster.hold_log(true);
  bench.await_phase("starting");
  bench.cluster.wish(bench.id, JobWish::Cancel);
  bench.cluster.run_for(Duration(100));
  bench.cluster.hold_log(false);
  CHECK(bench.outcome().state == State::Stopped);
  CHECK(bench.await([&] { return (bench.workers(1) + bench.workers(2) + bench.workers(3)).empty(); }));
}

TEST_CASE("a job that is stopped in any phase ends with a last checkpoint, or with the one it has; a savepoint is taken in any") {
  for (const JobWish wish : {JobWish::Stop, JobWish::Savepoint}) {
    for (const std::string phase : {"starting", "running", "stopping", "restarting"}) {
      CAPTURE(phase);
      Bench bench;
      bench.submit_and_run();
      if (phase != "running") bench.cluster.node(2)->crash_worker(bench.id, "killed by signal 9", false);
      bench.await_phase(phase);
      const CheckpointId then = bench.job().newest_checkpoint();
      bench.cluster.wish(bench.id, wish);
      const JobOutcome outcome = bench.outcome();
      CHECK(outcome.state == State::Stopped);
      const bool savepoint = wish == JobWish::Savepoint;
      CHECK((bench.job().newest_checkpoint() > then) == (savepoint || phase == "running"));
      CHECK((bench.job().manifests.front().kind == ManifestKind::Savepoint) == savepoint);
      CHECK(outcome.message == "");
    }
  }
}

TEST_CASE("a savepoint of a job whose own code fails meanwhile is given up, and that is told") {
  Bench bench;
  bench.submit_and_run();
  bench.cluster.wish(bench.id, JobWish::Savepoint);
  bench.await_phase("stopping");
  bench.cluster.node(2)->fail_task(bench.id, "no good");
  const JobOutcome outcome = bench.outcome();
  CHECK(outcome.state == State::Stopped);
  CHECK(outcome.message == "no savepoint was written: the job failed while it was to stop; its last checkpoint is kept");
}

TEST_CASE("that a job came to its end before the savepoint that was wanted of it is told") {
  Bench bench;
  bench.submit(1000);
  bench.await_phase("running");
  bench.cluster.run_for(Duration(900));
  bench.cluster.hold_log(true);
  bench.cluster.run_for(Duration(500));  // its last checkpoint, or the one before, waits to be logged
  bench.cluster.wish(bench.id, JobWish::Savepoint);
  bench.cluster.hold_log(false);
  const JobOutcome outcome = bench.outcome();
  CHECK(outcome.state == State::Finished);
  CHECK(outcome.message == "no savepoint was written: the job came to its end first");
}

TEST_CASE("what a stopping job's last checkpoint covers is published, whatever is lost meanwhile") {
  for (const bool leader_dies : {false, true}) {
    CAPTURE(leader_dies);
    Bench bench;
    const auto [node, leader, other] = bench.submit_one_worker();
    bench.cluster.hold_log(true);
    bench.cluster.run_for(Duration(1000));  // a checkpoint waits to be logged
    bench.cluster.hold_log(false);
    const CheckpointId then = bench.job().newest_checkpoint();
    REQUIRE(bench.await([&] { return bench.job().newest_checkpoint() > then; }));
    bench.cluster.node(node)->crash_worker(bench.id, "killed by signal 9", false);  // before it hears that
    bench.cluster.wish(bench.id, JobWish::Stop);
    REQUIRE(bench.await([&] { return bench.job().wish == JobWish::Stop; }));
    if (leader_dies) bench.elect(other);
    CHECK(bench.outcome().state == State::Stopped);  // the cluster has looked at what is published
    CHECK(bench.job().attempt > 1);
  }
}

TEST_CASE("a bundle is on as many nodes as keep checkpoints, though fewer run the job") {
  Bench bench;
  const auto [node, leader, other] = bench.submit_one_worker();
  const auto has = [&](ClusterNodeId id) { return bench.cluster.node(id)->bundles().contains(bench.cluster.job(bench.id).spec.bundle); };
  CHECK(has(node));
  CHECK(has(leader) + has(other) == 1);
  const ClusterNodeId copy = has(leader) ? leader : other;
  const ClusterNodeId last = has(leader) ? other : leader;
  bench.elect(last);
  bench.await_phase("running");
  bench.cluster.kill(copy);
  CHECK(bench.await([&] { return has(last); }));
}

TEST_CASE("a savepoint that cannot be written leaves the last checkpoint") {
  Bench bench;
  bench.submit_and_run();
  bench.cluster.wish(bench.id, JobWish::Savepoint);
  bench.await_phase("writing the savepoint");
  bench.cluster.set_failing_disk(1);
  CHECK(bench.outcome().message == "no savepoint was written: the disk is full; the job's last checkpoint is kept");
}

TEST_CASE("what a former leader asked for is not taken for the end of the job") {
  Bench bench;
  bench.submit_and_run();
  say(bench, 1, message::make_packet(bench.id, 1, wire::SavepointWritten{""}));
  bench.await_checkpoint();
  CHECK(!bench.job().ended());
}

TEST_CASE("a job that a former leader stopped is stopped, also when its sources end before a new one leads") {
  Bench bench;
  const auto nodes = bench.submit_one_worker(10'000);
  bench.cluster.wish(bench.id, JobWish::Stop);
  REQUIRE(bench.await([&] { return bench.job().ending != 0; }));
  bench.cluster.kill(nodes.leader);  // before it could tell anybody that the last checkpoint is complete
  bench.cluster.run_for(Duration(10'000));
  bench.elect(nodes.other);
  CHECK(bench.outcome().state == State::Stopped);
  CHECK(bench.job().attempt == 1);
  CHECK(bench.cluster.ledger().at({bench.id, 0}) < 10'000);
}

TEST_CASE("a job whose attempt the log loses tries the next one") {
  Bench bench;
  bench.cluster.loses = loses_once<command::BeginAttempt>("the disk is full");
  bench.submit();
  bench.await_checkpoint();
  CHECK(bench.job().attempt == 2);
}

TEST_CASE("a checkpoint that the log loses is given up, and the next one completes") {
  Bench bench;
  bench.cluster.loses = loses_once<command::CommitCheckpoint>("the disk is full");
  bench.submit();
  bench.await_checkpoint();
  CHECK(bench.job().newest_checkpoint() == 2);
  CHECK(bench.job().attempt == 1);
}

TEST_CASE("an end that the log loses is logged a little later") {
  Bench bench;
  bench.cluster.loses = loses_once<command::EndJob>("the disk is full");
  bench.submit(1000);
  CHECK(bench.outcome().state == State::Finished);
}

TEST_CASE("a node that is told to end leaves once what it ran runs elsewhere, and with none of the only copies") {
  for (const ClusterNodeId node : {3, 1}) {  // a follower, and the leader
    CAPTURE(node);
    Bench bench;
    bench.submit_and_run(0, 3);
    bench.cluster.drain(node);
    REQUIRE(bench.await([&] { return bench.cluster.node(node) == nullptr; }));
    CHECK(bench.cluster.spared() == 1);
    CHECK(bench.cluster.leader() != node);
    bench.await_attempt(2);
    CHECK(!bench.runs_on(node));
    bench.await_checkpoint();
  }
}

TEST_CASE("a node that is elected while it drains hands the lead on, and its work") {
  Bench bench;
  bench.submit_and_run(0, 9);
  bench.cluster.loses = loses_always<command::CommitCheckpoint>("the disk is full");  // so that it cannot leave yet
  bench.cluster.drain(3);
  bench.cluster.run_for(Duration(3000));
  REQUIRE(bench.runs_on(3));
  bench.elect(3);
  REQUIRE(bench.await([&] { return bench.cluster.leader() != 3 && bench.cluster.leader() != 0; }));
  bench.cluster.loses = nullptr;
  REQUIRE(bench.await([&] { return bench.cluster.node(3) == nullptr; }));
  CHECK(bench.cluster.spared() == 1);
  bench.cluster.restart(3);  // nine tasks need it
  bench.await_checkpoint();
}

TEST_CASE("a checkpoint before a move that comes to nothing is tried again") {
  Bench bench;
  JobSpec spec = SimulatedCluster::spec(3, 0);
  spec.checkpoint_interval = Duration(3'600'000);
  bench.id = bench.cluster.submit(spec);
  bench.await_phase("running");
  bench.cluster.loses = loses_once<command::CommitCheckpoint>("the disk is full");
  bench.cluster.drain(3);
  REQUIRE(bench.await([&] { return bench.cluster.node(3) == nullptr; }));
  CHECK(bench.cluster.spared() == 1);
  bench.await_attempt(2);
  CHECK(!bench.runs_on(3));
  CHECK(bench.job().newest_checkpoint() == 2);
}

TEST_CASE("a job that stops while it waits for slots does so once it is known that the log lost its only checkpoint") {
  Bench bench;
  JobSpec spec = SimulatedCluster::spec(9, 0);  // nodes 1 and 2 have room for eight
  bench.id = bench.cluster.submit(spec);
  bench.await_phase("running");
  bench.cluster.hold_log(true);
  bench.cluster.run_for(Duration(1000));  // a checkpoint waits to be logged
  bench.cluster.kill(3);
  bench.await_phase("waiting for slots");
  SimulatedCluster& cluster = bench.cluster;
  cluster.propose(command::Wish{bench.id, JobWish::Stop, ""});
  cluster.lose_waiting<command::CommitCheckpoint>("the disk is full");
  cluster.hold_log(false);
  CHECK(bench.outcome().state == State::Stopped);
  CHECK(bench.job().newest_checkpoint() == 0);
}

TEST_CASE("nodes that are all told to end leave at once, and go on with the job when they are back") {
  Bench bench;
  bench.submit_and_run();
  for (const ClusterNodeId node : {1, 2, 3}) bench.cluster.drain(node);
  REQUIRE(bench.await([&] { return bench.cluster.nodes_running() == 0; }));
  for (const ClusterNodeId node : {1, 2, 3}) bench.cluster.restart(node);
  bench.elect(2);
  bench.await_checkpoint();
}

/// A job that continues from a savepoint, which some of its tasks have published when one of its nodes dies.
struct SavepointBench : Bench {
  SavepointBench() {
    JobSpec spec = SimulatedCluster::spec(9, 0);  // of twelve slots: none of the three nodes can be missed
    spec.from_savepoint = "/savepoint";
    spec.checkpoint_interval = Duration(60'000);
    id = cluster.submit(spec);
    REQUIRE(await([&] { return published() > 0; }));
    cluster.kill(3);
    REQUIRE(published() < 18);
  }
  std::uint32_t published() const {
    std::uint32_t tasks = 0;
    for (const auto& [task, rows] : cluster.ledger()) tasks += rows == testing::kSavepointRows;
    return tasks;
  }
};

TEST_CASE("a job that is to stop under another leader, and waits for slots, publishes all of the savepoint that it continued from") {
  SavepointBench bench;
  bench.elect(2);
  bench.await_phase("waiting for slots");
  bench.cluster.wish(bench.id, JobWish::Stop);
  bench.cluster.run_for(Duration(1000));
  bench.cluster.restart(3);
  CHECK(bench.outcome().state == State::Stopped);
  CHECK(bench.published() == 18);
}

TEST_CASE("a job that is to stop, and is lost once more at any moment, publishes all of the savepoint that it continued from") {
  for (int moment = 0; moment < 12; ++moment) {
    CAPTURE(moment);
    SavepointBench bench;
    bench.cluster.restart(3);
    REQUIRE(bench.await([&] { return bench.job().attempt == 2 && bench.cluster.phase(bench.id) == "starting"; }));
    bench.cluster.run_for(Duration(moment));
    bench.cluster.wish(bench.id, JobWish::Stop);
    bench.cluster.kill(3);
    bench.cluster.run_for(Duration(1000));
    bench.cluster.restart(3);
    CHECK(bench.outcome().state == State::Stopped);
    CHECK(bench.published() == 18);
  }
}

/// What came of writing savepoints of a job that has ended; empty: it is there.
struct Exports {
  std::vector<std::string> told;

  /// Of the leader, unless another node is named.
  void want(Bench& bench, const std::string& directory = "/savepoint", ClusterNodeId node = 0) {
    bench.cluster.node(node != 0 ? node : bench.cluster.leader())->coordinator().export_savepoint(bench.id, directory, [this](const Result<void>& written) {
      told.push_back(written ? "" : written.error().message);
    });
  }
};

TEST_CASE("the checkpoint of a job that has ended becomes a savepoint, said once to all who want it") {
  Bench bench;
  Exports exports;
  bench.submit_and_run();
  exports.want(bench);
  CHECK(exports.told == std::vector<std::string>{"job 1 has not ended"});
  bench.cluster.wish(bench.id, JobWish::Cancel);
  CHECK(bench.outcome().state == State::Stopped);
  exports.told.clear();
  exports.want(bench);
  exports.want(bench);
  exports.want(bench, "/elsewhere");
  CHECK(exports.told == std::vector<std::string>{"a savepoint of it is being written to /savepoint; wait for that"});
  REQUIRE(bench.await([&] { return exports.told.size() == 3; }));
  CHECK(exports.told[1].empty());
  CHECK(exports.told[2].empty());
  bench.cluster.set_failing_disk(bench.cluster.leader());
  exports.want(bench, "/elsewhere");
  REQUIRE(bench.await([&] { return exports.told.size() == 4; }));
  CHECK(exports.told.back() == "the disk is full");
}

TEST_CASE("who waits for a savepoint of a job that has ended is told when the leader is another, or the job is forgotten") {
  Bench bench;
  Exports exports;
  bench.submit_and_run();
  bench.cluster.wish(bench.id, JobWish::Cancel);
  CHECK(bench.outcome().state == State::Stopped);
  SUBCASE("the leader is another") {
    bench.cluster.elect(2);
    exports.want(bench, "/savepoint", 1);  // which does not know it yet
    REQUIRE(bench.await([&] { return !exports.told.empty(); }));
    CHECK(exports.told.front().find("leads no more") != std::string::npos);
  }
  SUBCASE("the job is forgotten") {
    exports.want(bench);
    bench.cluster.propose(command::ForgetJob{bench.id});
    REQUIRE(bench.await([&] { return !exports.told.empty(); }));
    bench.cluster.run_for(Duration(1000));
    CHECK(exports.told == std::vector<std::string>{"the job was forgotten meanwhile"});
  }
}

TEST_CASE("a job waits for slots, and starts when a node joins") {
  Bench bench;
  bench.cluster.kill(2);
  bench.cluster.kill(3);
  bench.cluster.run_for(Duration(3000));
  bench.submit(0, 5);
  bench.await_phase("waiting for slots");
  bench.cluster.restart(2);
  bench.await_attempt(1);
}

TEST_CASE("two jobs that are placed at once do not take the same slots") {
  SimulatedCluster cluster({.nodes = 3, .slots = 4});
  cluster.hold_log(true);
  for (const char* token : {"a", "b"}) cluster.propose(command::Submit{SimulatedCluster::spec(8, 0), token, 0});
  cluster.hold_log(false);
  REQUIRE(cluster.run_until([&] { return cluster.logged().job(2) != nullptr && !cluster.phase(1).empty() && !cluster.phase(2).empty(); }));
  REQUIRE(cluster.run_until([&] { return cluster.phase(1) == "running"; }));
  CHECK(cluster.phase(2) == "waiting for slots");
  CHECK(cluster.logged().job(2)->attempt == 0);
  CHECK(cluster.faults().empty());
  cluster.wish(1, JobWish::Cancel);
  CHECK(cluster.run_until([&] { return cluster.phase(2) == "running"; }));
}

TEST_CASE("a job that waits after a loss takes no slots, so that a smaller one runs meanwhile") {
  Bench bench;
  bench.submit(0, 9);
  bench.await_phase("running");
  const JobId smaller = bench.cluster.submit(SimulatedCluster::spec(4, 0));  // for which three are free
  REQUIRE(bench.await([&] { return bench.cluster.phase(smaller) == "waiting for slots"; }));
  bench.cluster.kill(3);
  bench.await_phase("waiting for slots");
  REQUIRE(bench.await([&] { return bench.cluster.phase(smaller) == "running"; }));
  bench.cluster.restart(3);
  bench.cluster.run_for(Duration(5000));
  CHECK(bench.cluster.phase(bench.id) == "waiting for slots");
  bench.cluster.wish(smaller, JobWish::Cancel);
  bench.await_attempt(2);
}

TEST_CASE("under a new leader a job that waits does not get the slots of one that runs") {
  Bench bench;
  bench.cluster.kill(3);
  bench.cluster.run_for(Duration(3000));
  bench.submit(0, 9);
  bench.await_phase("waiting for slots");
  const JobId smaller = bench.cluster.submit(SimulatedCluster::spec(4, 0));
  REQUIRE(bench.await([&] { return bench.cluster.phase(smaller) == "running"; }));
  bench.cluster.restart(3);
  bench.cluster.run_for(Duration(3000));
  bench.elect(2);
  bench.cluster.run_for(Duration(5000));
  CHECK(bench.cluster.phase(smaller) == "running");
  CHECK(bench.cluster.phase(bench.id) == "waiting for slots");
}

TEST_CASE("a job that waits for slots can be cancelled") {
  Bench bench;
  bench.submit(0, 13);
  bench.await_phase("waiting for slots");
  bench.cluster.wish(bench.id, JobWish::Cancel);
  CHECK(bench.outcome().state == State::Stopped);
  CHECK(bench.job().attempt == 0);
}

TEST_CASE("a worker of an attempt that is over is ended when its node comes back") {
  Bench bench;
  bench.submit_and_run();
  bench.cluster.cut(1, 3);
  bench.await_attempt(2);
  CHECK(!bench.runs_on(3));
  bench.cluster.mend();
  CHECK(bench.await([&] { return bench.workers(3).empty(); }));
}

TEST_CASE("a disk that fails costs checkpoints, and not the job") {
  Bench bench;
  bench.submit_and_run();
  bench.cluster.set_failing_disk(2);
  bench.cluster.run_for(Duration(2000));
  const CheckpointId then = bench.job().newest_checkpoint();
  bench.cluster.set_failing_disk(0);
  REQUIRE(bench.await([&] { return bench.job().newest_checkpoint() > then; }));
  CHECK(bench.job().attempt == 1);
}

TEST_CASE("a worker that makes no sense costs its own job an attempt, and no other anything") {
  for (const message::Packet& nonsense : {message::make_packet(0, 1, wire::TaskReady{17}), message::make_packet(0, 1, wire::TaskFinished{17}),
                                          message::make_packet(0, 1, wire::WorkerUp{"nowhere", "no shape"}),
                                          message::Packet{0, 1, std::string(name_of<wire::TaskStored>()), "no bytes of it"}}) {
    CAPTURE(nonsense.kind);
    Bench bench;
    bench.submit_and_run();
    const JobId other = std::exchange(bench.id, 0);
    bench.submit_and_run();
    message::Packet packet = nonsense;
    packet.job = bench.id;
    say(bench, 2, packet);
    bench.await_attempt(2);
    CHECK(bench.cluster.job(other).attempt == 1);
  }
}

TEST_CASE("a worker that makes no sense to a new leader costs its job an attempt, which begins when the lease of those not met is over") {
  Bench bench;
  const auto nodes = bench.submit_one_worker();
  bench.cluster.cut(nodes.other, nodes.node);
  bench.cluster.run_for(Duration(2000));
  bench.elect(nodes.other);
  bench.await_phase("taking over");
  say(bench, nodes.node, message::make_packet(bench.id, 1, wire::WorkerReport{true, "no shape", {}, 0}));
  CHECK(!bench.cluster.run_until([&] { return bench.job().attempt == 2; }, Duration(900)));
  CHECK(bench.cluster.run_until([&] { return bench.job().attempt == 2; }, Duration(600)));
}
