// The life of a job, from its first attempt to its end, through what its tasks, its store and its surroundings do.
#include <doctest/doctest.h>

#include <algorithm>

#include <weir/coordination/job_supervisor.hpp>

using namespace weir;

namespace {

using Phase = JobSupervisor::Phase;
using State = JobOutcome::State;
using Keeps = SupervisorOptions::Keeps;

/// One task that reads, two that count.
JobShape three_tasks() {
  JobShape shape;
  shape.job = "job";
  shape.vertices = {{{{0, "in", GraphNode::Kind::Source}}, 1}, {{{1, "count", GraphNode::Kind::Operator}}, 2}};
  shape.edges = {{0, 1, Routing::Kind::Key}};
  shape.tasks = {{0, 0}, {1, 0}, {1, 1}};
  return shape;
}

SupervisorOptions options() {
  SupervisorOptions made;
  made.checkpoint = {.interval = Duration(100), .timeout = Duration(1000)};
  made.restart = {.attempts = 3, .in_vain = 5, .first_delay = Duration(10), .longest_delay = Duration(40)};
  return made;
}

const TaskFailure kPoison{"count", "in:17", "no good"};
const TaskFailure kLoss{"", "", "node 'b' is gone"};

struct Bench {
  explicit Bench(SupervisorOptions with = options()) : supervisor(three_tasks(), with, "test") {}

  /// Moves what is to be done into `told`; the tasks of an attempt are gone as soon as they are to end.
  void carry_out() {
    for (JobEffects effects = supervisor.take_effects(); !effects.empty(); effects = supervisor.take_effects()) {
      for (JobEffect& effect : effects) {
        const bool kill = std::holds_alternative<effect::Kill>(effect);
        told.push_back(std::move(effect));
        if (kill && gone_at_once) supervisor.gone(now);
      }
    }
  }

  void deploy(CheckpointId from = 0) {
    supervisor.restored(from);
    for (std::uint32_t task = 0; task < 3; ++task) supervisor.ready(task, now);
    carry_out();
  }
  void start(CheckpointId from = 0) {
    supervisor.start(0, now);
    deploy(from);
    REQUIRE(supervisor.phase() == Phase::Running);
  }
  void advance(Duration by) {
    now = now + by;
    supervisor.tick(now);
    carry_out();
  }
  void store(CheckpointId checkpoint) {
    for (std::uint32_t task = 0; task < 3; ++task) supervisor.stored(task, checkpoint, {}, now);
    carry_out();
  }
  void commit(CheckpointId checkpoint) {
    store(checkpoint);
    supervisor.committed(checkpoint, now);
    carry_out();
  }
  void finish() {
    for (std::uint32_t task = 0; task < 3; ++task) supervisor.finished(task, now);
    carry_out();
  }
  void publish(CheckpointId checkpoint) {
    for (std::uint32_t task = 0; task < 3; ++task) supervisor.published(task, checkpoint, now);
    carry_out();
  }
  void lose() {
    supervisor.lost(kLoss, now);
    carry_out();
  }
  void fail(const TaskFailure& failure = kPoison) {
    supervisor.failed(failure, now);
    carry_out();
  }
  void stop() {
    supervisor.stop(now);
    carry_out();
  }
  void quit() {
    supervisor.quit();
    carry_out();
  }
  /// While checkpoint 1 is being committed.
  void stop_and_fail_while_committing(bool stopped_first = true) {
    start();
    advance(Duration(100));
    store(1);
    if (stopped_first) stop();
    fail();
    if (!stopped_first) stop();
    CHECK(all<effect::Ended>().empty());
  }

  template <class Effect>
  std::vector<Effect> all() const {
    std::vector<Effect> found;
    for (const JobEffect& one : told) {
      if (const auto* effect = std::get_if<Effect>(&one)) found.push_back(*effect);
    }
    return found;
  }
  template <class Effect>
  Effect last() const {
    const auto found = all<Effect>();
    REQUIRE(!found.empty());
    return found.back();
  }
  /// The one outcome.
  JobOutcome outcome() const {
    REQUIRE(all<effect::Ended>().size() == 1);
    CHECK(supervisor.phase() == Phase::Ended);
    return last<effect::Ended>().outcome;
  }

  JobSupervisor supervisor;
  JobEffects told;
  ProcessingTime now{0};
  bool gone_at_once = true;
};

}  // namespace

TEST_CASE("a job runs, takes checkpoints, finishes with one and ends when it is published") {
  Bench bench;
  bench.start();
  CHECK(bench.last<effect::Begin>().attempt == 1);
  CHECK(!bench.last<effect::Begin>().isolating);
  CHECK(bench.last<effect::Go>().restored_from == 0);

  bench.advance(Duration(100));
  CHECK(bench.last<effect::Trigger>().barrier.checkpoint == 1);
  bench.store(1);
  CHECK(bench.last<effect::Commit>().manifest.checkpoint == 1);
  CHECK(bench.last<effect::Commit>().manifest.attempt == 1);
  CHECK(bench.last<effect::Commit>().afterwards == Barrier::Afterwards::GoOn);
  CHECK(bench.all<effect::Complete>().empty());
  bench.now = {130};
  bench.supervisor.committed(1, bench.now);
  bench.carry_out();
  CHECK(bench.last<effect::Complete>().checkpoint == 1);
  CHECK(bench.last<effect::Complete>().took == Duration(30));

  bench.finish();
  const Barrier last = bench.last<effect::Trigger>().barrier;
  CHECK(last.checkpoint == 2);
  CHECK(last.afterwards == Barrier::Afterwards::End);
  bench.publish(2);
  CHECK(bench.all<effect::Ended>().empty());  // what is not complete cannot have been published
  bench.commit(2);
  CHECK(bench.last<effect::Commit>().afterwards == Barrier::Afterwards::End);
  bench.publish(2);
  CHECK(bench.outcome() == JobOutcome{State::Finished, "", 0, 2});
}

TEST_CASE("a job that continues from a savepoint publishes what that covers, and numbers its checkpoints behind it") {
  Bench bench;
  bench.supervisor.start(0, bench.now);
  bench.supervisor.restored(0);
  for (std::uint32_t task = 0; task < 3; ++task) {
    bench.supervisor.continues_from(17);
    bench.supervisor.ready(task, bench.now);
  }
  bench.carry_out();
  REQUIRE(bench.supervisor.phase() == Phase::Running);
  CHECK(std::get<effect::Go>(bench.told.back()).restored_from == 17);
  CHECK(bench.supervisor.owes());
  bench.publish(17);
  CHECK(!bench.supervisor.owes());
  bench.advance(Duration(100));
  CHECK(std::get<effect::Trigger>(bench.told.back()).barrier.checkpoint == 18);
}

TEST_CASE("a job whose tasks read different savepoints, since a directory is not the same on all nodes, fails") {
  Bench bench;
  bench.supervisor.start(0, bench.now);
  bench.supervisor.restored(0);
  bench.supervisor.continues_from(17);
  bench.supervisor.ready(0, bench.now);
  bench.supervisor.continues_from(18);
  bench.supervisor.ready(1, bench.now);
  bench.carry_out();
  CHECK(bench.outcome().state == State::Failed);
  CHECK(bench.outcome().message ==
        "its tasks continue from different savepoints, 17 and 18: name a directory that is the same on every node");
}

TEST_CASE("the end of a job waits for the checkpoint under way, then takes one of its own") {
  Bench bench;
  bench.start();
  bench.advance(Duration(100));
  bench.finish();
  CHECK(bench.all<effect::Trigger>().size() == 1);
  bench.commit(1);
  CHECK(bench.last<effect::Trigger>().barrier.checkpoint == 2);
  CHECK(bench.last<effect::Trigger>().barrier.afterwards == Barrier::Afterwards::End);
}

TEST_CASE("a job that keeps nothing ends with a checkpoint that nobody commits") {
  SupervisorOptions with = options();
  with.keeps = Keeps::Nothing;
  with.checkpoint.interval = {};
  Bench bench(with);
  bench.start();
  CHECK(!bench.supervisor.next_event());
  bench.finish();
  bench.store(1);
  CHECK(bench.all<effect::Commit>().empty());
  CHECK(bench.last<effect::Complete>().checkpoint == 1);
  bench.publish(1);
  CHECK(bench.outcome().state == State::Finished);
}

TEST_CASE("a task that fails while the first attempt is deployed fails the job at once") {
  Bench bench;
  bench.supervisor.start(0, bench.now);
  bench.supervisor.restored(0);
  bench.fail();
  CHECK(bench.outcome() == JobOutcome{State::Failed, "operator 'count' failed at in:17: no good", 0, 0});
  CHECK(bench.all<effect::Restarting>().empty());
}

TEST_CASE("a task that fails while a job that ran before is deployed is tried again") {
  Bench bench;
  bench.supervisor.start(4, bench.now);
  CHECK(bench.supervisor.attempt() == 5);
  bench.supervisor.restored(0);
  bench.fail();
  CHECK(bench.supervisor.phase() == Phase::Waiting);
}

TEST_CASE("what is lost before the job runs is tried again, later each time, however often") {
  Bench bench;
  bench.supervisor.start(0, bench.now);
  std::vector<std::int64_t> delays;
  for (std::uint64_t attempt = 1; attempt < 9; ++attempt) {
    CHECK(bench.supervisor.attempt() == attempt);
    bench.lose();
    REQUIRE(bench.supervisor.phase() == Phase::Waiting);
    const Duration delay = bench.last<effect::Restarting>().delay;
    delays.push_back(delay.count());
    CHECK(bench.supervisor.next_event() == bench.now + delay);
    bench.advance(delay - Duration(1));
    CHECK(bench.supervisor.phase() == Phase::Waiting);
    bench.advance(Duration(1));
    CHECK(bench.supervisor.phase() == Phase::Beginning);
    CHECK(!bench.last<effect::Begin>().isolating);
  }
  CHECK(delays == std::vector<std::int64_t>{10, 20, 40, 40, 40, 40, 40, 40});
}

TEST_CASE("a job that moves begins its next attempt at once, and nobody is warned") {
  Bench bench;
  bench.start();
  bench.supervisor.moves("node 'b' is to end", bench.now);
  bench.carry_out();
  CHECK(bench.supervisor.phase() == Phase::Beginning);
  CHECK(std::get<effect::Begin>(bench.told.back()).attempt == 2);
  CHECK(bench.all<effect::Warn>().empty());
  CHECK(bench.last<effect::Inform>().text == "node 'b' is to end; it moves");
}

TEST_CASE("the time until all tasks are gone is part of the delay") {
  for (const auto& [took, rest] : {std::pair{0, 10}, {4, 6}, {10, 0}, {500, 0}}) {
    Bench bench;
    bench.gone_at_once = false;
    bench.start();
    bench.lose();
    bench.advance(Duration(took));
    bench.supervisor.gone(bench.now);
    bench.carry_out();
    CHECK(bench.last<effect::Restarting>().delay == Duration(rest));
    bench.advance(Duration(rest));
    CHECK(bench.supervisor.phase() == Phase::Beginning);
  }
}

TEST_CASE("machines may be lost any number of times as long as checkpoints complete in between") {
  Bench bench;
  bench.start();
  CheckpointId newest = 0;
  for (int i = 0; i < 50; ++i) {
    bench.advance(Duration(100));
    newest = bench.last<effect::Trigger>().barrier.checkpoint;
    bench.commit(newest);
    bench.lose();
    REQUIRE(bench.supervisor.phase() == Phase::Waiting);
    bench.advance(Duration(10));
    bench.deploy(newest);
  }
  CHECK(bench.supervisor.attempt() == 51);
  CHECK(bench.last<effect::Go>().restored_from == newest);
}

TEST_CASE("after a failure of a task the next attempt runs record by record; the third at one position is the last") {
  Bench bench;
  bench.start();
  for (int i = 0; i < 2; ++i) {
    bench.fail();
    bench.advance(Duration(40));
    CHECK(bench.last<effect::Begin>().isolating);
    bench.deploy();
  }
  bench.fail();
  CHECK(bench.outcome().message == "operator 'count' failed at in:17: no good (3 times)");
}

TEST_CASE("nothing begins before everything of the attempt before is gone") {
  Bench bench;
  bench.gone_at_once = false;
  bench.start();
  bench.lose();
  CHECK(bench.supervisor.phase() == Phase::Stopping);
  CHECK(!bench.supervisor.next_event());
  bench.advance(Duration(10'000));
  CHECK(bench.all<effect::Begin>().size() == 1);
  bench.fail();
  CHECK(bench.all<effect::Kill>().size() == 1);
  bench.supervisor.gone(bench.now);
  bench.supervisor.gone(bench.now);
  bench.advance(Duration(10));
  CHECK(bench.all<effect::Begin>().size() == 2);
}

TEST_CASE("a checkpoint of a dead attempt is neither committed nor completed") {
  Bench bench;
  bench.start();
  bench.advance(Duration(100));
  bench.supervisor.stored(0, 1, {}, bench.now);
  bench.supervisor.stored(1, 1, {}, bench.now);
  bench.lose();
  bench.supervisor.stored(2, 1, {}, bench.now);
  bench.supervisor.committed(1, bench.now);
  bench.advance(Duration(10));
  bench.deploy();
  bench.store(1);
  bench.supervisor.committed(1, bench.now);
  bench.carry_out();
  CHECK(bench.all<effect::Commit>().empty());
  CHECK(bench.all<effect::Complete>().empty());
  bench.advance(Duration(100));
  CHECK(bench.last<effect::Trigger>().barrier.checkpoint == 2);
}

TEST_CASE("a part that is stored for a forgotten checkpoint, or twice, is ignored") {
  Bench bench;
  bench.start();
  bench.advance(Duration(100));
  bench.supervisor.store_failed(1, "the disk is full", bench.now);
  bench.carry_out();
  CHECK(bench.last<effect::GiveUp>().checkpoint == 1);
  bench.store(1);
  CHECK(bench.all<effect::Commit>().empty());

  bench.advance(Duration(100));
  bench.store(2);
  bench.store(2);
  CHECK(bench.all<effect::Commit>().size() == 1);
  bench.supervisor.store_failed(1, "late", bench.now);
  bench.supervisor.committed(2, bench.now);
  bench.carry_out();
  CHECK(bench.last<effect::Complete>().checkpoint == 2);
}

TEST_CASE("a checkpoint that takes too long is given up, and the job goes on; ever fewer are told of") {
  Bench bench;
  bench.start();
  for (int i = 0; i < 8; ++i) {
    bench.advance(Duration(100));
    bench.advance(Duration(1000));
  }
  CHECK(bench.all<effect::GiveUp>().size() == 8);
  CHECK(bench.all<effect::Warn>().size() == 4);
  CHECK(bench.last<effect::Warn>().text == "checkpoint 8 was given up: it took too long (8 in a row)");
  CHECK(bench.supervisor.phase() == Phase::Running);
}

TEST_CASE("the last checkpoint is tried again after a while, and fails the job when it cannot be stored") {
  Bench bench;
  bench.start();
  bench.finish();
  for (CheckpointId checkpoint = 1; checkpoint < 3; ++checkpoint) {
    REQUIRE(bench.last<effect::Trigger>().barrier.checkpoint == checkpoint);
    bench.supervisor.store_failed(checkpoint, "the disk is full", bench.now);
    bench.carry_out();
    CHECK(bench.supervisor.next_event() == bench.now + Duration(10));
    bench.advance(Duration(9));
    CHECK(bench.last<effect::Trigger>().barrier.checkpoint == checkpoint);
    bench.advance(Duration(1));
  }
  SUBCASE("until it succeeds") {
    bench.commit(3);
    bench.publish(3);
    CHECK(bench.outcome() == JobOutcome{State::Finished, "", 0, 3});
  }
  SUBCASE("or fails once more") {
    bench.supervisor.store_failed(3, "the disk is full", bench.now);
    bench.carry_out();
    CHECK(bench.outcome() == JobOutcome{State::Failed, "the last checkpoint cannot be stored: the disk is full", 0, 0});
  }
}

TEST_CASE("a job that is told to stop does so with a last checkpoint") {
  Bench bench;
  bench.start();
  bench.stop();
  CHECK(bench.last<effect::Trigger>().barrier.mode == Barrier::Mode::Aligned);
  bench.stop();
  bench.finish();  // too late to count as finished
  CHECK(bench.all<effect::Trigger>().size() == 1);
  bench.commit(1);
  bench.publish(1);
  CHECK(bench.outcome() == JobOutcome{State::Stopped, "", 0, 1});
}

TEST_CASE("a job can be told to end with a savepoint") {
  Bench bench;
  bench.start();
  bench.supervisor.stop_with(ManifestKind::Savepoint, bench.now);
  bench.carry_out();
  CHECK(bench.last<effect::Trigger>().barrier.mode == Barrier::Mode::Savepoint);
  bench.commit(1);
  CHECK(bench.last<effect::Commit>().manifest.kind == ManifestKind::Savepoint);
}

TEST_CASE("a job that is told to stop before it runs stops once it does") {
  Bench bench;
  bench.supervisor.start(0, bench.now);
  bench.stop();
  CHECK(bench.all<effect::Trigger>().empty());
  bench.deploy();
  CHECK(bench.last<effect::Trigger>().barrier.afterwards == Barrier::Afterwards::End);
  bench.commit(1);
  bench.publish(1);
  CHECK(bench.outcome() == JobOutcome{State::Stopped, "", 0, 1});
}

TEST_CASE("a job that waits for its next attempt stops at once when all that its newest checkpoint covers is published") {
  Bench bench;
  bench.start(7);
  bench.publish(7);
  bench.lose();
  REQUIRE(bench.supervisor.phase() == Phase::Waiting);
  bench.stop();
  CHECK(bench.outcome() == JobOutcome{State::Stopped, "", 7, 0});
  bench.advance(Duration(10'000));
  CHECK(bench.all<effect::Begin>().size() == 1);
}

TEST_CASE("a job that waits for its next attempt, and may not have published all, publishes it and stops") {
  Bench bench;
  bench.start(7);
  bench.lose();
  REQUIRE(bench.supervisor.phase() == Phase::Waiting);
  bench.stop();
  bench.advance(Duration(10'000));
  CHECK(bench.supervisor.phase() == Phase::Beginning);
  bench.deploy(7);
  CHECK(bench.all<effect::Go>().size() == 1);  // that of the attempt before: this one publishes, and does nothing else
  CHECK(bench.last<effect::Complete>().checkpoint == 7);
  bench.advance(Duration(10'000));
  CHECK(bench.all<effect::Trigger>().empty());
  bench.publish(7);
  CHECK(bench.outcome() == JobOutcome{State::Stopped, "", 7, 7});
}

TEST_CASE("a job that is to stop and fails while a checkpoint is being committed stops with that, once it is known to be complete") {
  for (const bool stopped_first : {true, false}) {
    CAPTURE(stopped_first);
    Bench bench;
    bench.stop_and_fail_while_committing(stopped_first);
    bench.supervisor.committed(1, bench.now);
    bench.carry_out();
    bench.advance(Duration(10));
    REQUIRE(bench.supervisor.phase() == Phase::Beginning);
    bench.deploy(1);
    CHECK(bench.all<effect::Go>().size() == 1);
    bench.publish(1);
    CHECK(bench.outcome() == JobOutcome{State::Stopped, "", 1, 1});
  }
}

TEST_CASE("a job that is to stop and fails while a checkpoint is being committed stops without it when that fails, too") {
  for (const bool stopped_first : {true, false}) {
    CAPTURE(stopped_first);
    Bench bench;
    bench.stop_and_fail_while_committing(stopped_first);
    bench.supervisor.store_failed(1, "a worker's word is not the answer", bench.now);
    bench.carry_out();
    CHECK(bench.all<effect::Ended>().empty());
    bench.supervisor.commit_failed(1, "the disk is full", bench.now);
    bench.carry_out();
    CHECK(bench.outcome() == JobOutcome{State::Stopped, "", 0, 0});
  }
}

TEST_CASE("a job that quits or fails for good does not wait for a commit") {
  for (const bool fails : {false, true}) {
    CAPTURE(fails);
    Bench bench;
    bench.stop_and_fail_while_committing();
    if (fails) bench.supervisor.fail("the checkpoint writer ended");
    else bench.supervisor.quit();
    bench.carry_out();
    CHECK(bench.outcome().state == (fails ? State::Failed : State::Stopped));
    bench.supervisor.committed(1, bench.now);
    bench.carry_out();
    CHECK(bench.all<effect::Ended>().size() == 1);
  }
}

TEST_CASE("a failure while the job is to stop stops it") {
  Bench bench;
  bench.start();
  bench.stop();
  bench.lose();
  CHECK(bench.outcome() == JobOutcome{State::Stopped, "", 0, 0});
  CHECK(bench.last<effect::Warn>().text == "node 'b' is gone; stopping as asked, at the last complete checkpoint");
}

TEST_CASE("a job quits in whatever phase it is, once everything of it is gone") {
  Bench bench;
  bench.gone_at_once = false;
  SUBCASE("beginning") { bench.supervisor.start(0, bench.now); }
  SUBCASE("deploying") {
    bench.supervisor.start(0, bench.now);
    bench.supervisor.restored(0);
  }
  SUBCASE("running") { bench.start(); }
  SUBCASE("with its last checkpoint under way") {
    bench.start();
    bench.stop();
  }
  SUBCASE("stopping to try again") {
    bench.start();
    bench.lose();
  }
  bench.quit();
  CHECK(bench.all<effect::Ended>().empty());
  CHECK(bench.all<effect::Kill>().size() == 1);
  bench.supervisor.gone(bench.now);
  bench.carry_out();
  CHECK(bench.outcome().state == State::Stopped);
  bench.quit();
  bench.stop();
  bench.lose();
  bench.supervisor.fail("too late");
  bench.supervisor.gone(bench.now);
  bench.advance(Duration(10'000));
  CHECK(bench.outcome().state == State::Stopped);
  CHECK(!bench.supervisor.next_event());
}

TEST_CASE("a job that waits quits at once") {
  Bench bench;
  bench.start();
  bench.lose();
  bench.quit();
  CHECK(bench.outcome().state == State::Stopped);
}

TEST_CASE("a job that has finished or failed but for its tasks being gone did finish or fail") {
  Bench bench;
  bench.gone_at_once = false;
  bench.start();
  State expected = State::Failed;
  SUBCASE("finished") {
    bench.finish();
    bench.commit(1);
    bench.publish(1);
    expected = State::Finished;
  }
  SUBCASE("failed") { bench.supervisor.fail("a bug"); }
  bench.quit();
  bench.supervisor.gone(bench.now);
  bench.carry_out();
  CHECK(bench.outcome().state == expected);
}

TEST_CASE("a store that cannot be read ends the job") {
  Bench bench;
  bench.supervisor.start(0, bench.now);
  bench.supervisor.store_failed(0, "cannot read the store", bench.now);
  bench.carry_out();
  CHECK(bench.outcome() == JobOutcome{State::Failed, "cannot read the store", 0, 0});
}

TEST_CASE("an attempt that runs is taken over: what was under way is given up, and numbers go on above all that were used") {
  Bench bench;
  bench.supervisor.adopt({.attempt = 4, .newest = 17, .newest_used = 19}, bench.now);
  bench.carry_out();
  CHECK(bench.supervisor.running(4));
  CHECK(bench.all<effect::Begin>().empty());
  CHECK(bench.all<effect::Go>().empty());
  CHECK(bench.last<effect::GiveUp>().checkpoint == 19);
  CHECK(bench.last<effect::Complete>().checkpoint == 17);
  bench.store(19);
  CHECK(bench.all<effect::Commit>().empty());

  bench.advance(Duration(100));
  const Barrier barrier = bench.last<effect::Trigger>().barrier;
  CHECK(barrier.checkpoint == 20);
  CHECK(barrier.parent == 0);
  bench.commit(20);
  CHECK(bench.last<effect::Commit>().manifest.attempt == 4);
  bench.lose();
  bench.advance(Duration(10));
  CHECK(bench.supervisor.attempt() == 5);
}

TEST_CASE("an attempt whose tasks have finished is taken over and finishes") {
  Bench bench;
  bench.supervisor.adopt({.attempt = 4, .newest = 0, .newest_used = 3}, bench.now);
  bench.finish();
  CHECK(bench.last<effect::Trigger>().barrier.checkpoint == 4);
  bench.commit(4);
  bench.publish(4);
  CHECK(bench.outcome() == JobOutcome{State::Finished, "", 0, 4});
}

TEST_CASE("an attempt whose last checkpoint is complete is taken over and takes no other") {
  Bench bench;
  bench.supervisor.adopt({.attempt = 4, .newest = 17, .newest_used = 17, .afterwards = Barrier::Afterwards::End}, bench.now);
  bench.carry_out();
  CHECK(bench.last<effect::Complete>().checkpoint == 17);
  CHECK(bench.all<effect::GiveUp>().empty());
  JobOutcome expected{State::Stopped, "", 17, 17};
  SUBCASE("it was to stop") { bench.stop(); }
  SUBCASE("it had finished") {
    bench.finish();
    expected.state = State::Finished;
  }
  bench.advance(Duration(10'000));
  bench.publish(17);
  CHECK(bench.all<effect::Trigger>().empty());
  CHECK(bench.outcome() == expected);
}

TEST_CASE("an attempt that was stopped is taken over as stopped, also when its tasks have finished since") {
  Bench bench;
  bench.supervisor.adopt({.attempt = 4, .newest = 17, .newest_used = 17, .afterwards = Barrier::Afterwards::End, .stopping = true}, bench.now);
  bench.finish();
  bench.publish(17);
  CHECK(bench.outcome() == JobOutcome{State::Stopped, "", 17, 17});
}

TEST_CASE("a checkpoint that is asked for begins at once, unless one is under way") {
  Bench bench;
  bench.start();
  const auto triggers = [&] { return std::count_if(bench.told.begin(), bench.told.end(), [](const JobEffect& one) { return std::holds_alternative<effect::Trigger>(one); }); };
  const auto ask = [&] {
    bench.supervisor.checkpoint(bench.now);
    bench.carry_out();
  };
  ask();
  CHECK(triggers() == 1);
  ask();
  CHECK(triggers() == 1);
  bench.commit(bench.last<effect::Trigger>().barrier.checkpoint);
  ask();
  CHECK(triggers() == 2);
}
