// A job whose checkpoint writer is played by the test: what it does when storing fails, when answers come late, and when the
// writer is gone.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <mutex>

#include <caf/all.hpp>

#include <weir/actors/job_actor.hpp>
#include <weir/actors/messages.hpp>
#include <weir/weir.hpp>

using namespace weir;

namespace {

constexpr std::chrono::seconds kPatience(60);  // bounds a hung run; no test waits for it to pass

/// What the writer is to do, and what it was told. Shared by the test and the writer's actor.
struct Played {
  std::function<bool(CheckpointId)> stores = [](CheckpointId) { return true; };
  std::function<bool(CheckpointId)> commits = [](CheckpointId) { return true; };
  std::uint64_t late_attempt = 0;  // whose parts are reported only when the next attempt has begun
  std::atomic<bool> holding{false};
  std::atomic<std::uint64_t> attempt{0};

  std::mutex mutex;  // guards what follows
  std::vector<CheckpointId> given_up;
  std::vector<Manifest> committed;
};

/// Answers as the writer does, with a store that is always empty.
class PlayedWriter {
 public:
  PlayedWriter(caf::event_based_actor* self, std::shared_ptr<Played> played) : self_(self), played_(std::move(played)) {}

  void begin(const message::Begin& begin) {
    job_ = caf::actor_cast<caf::actor>(self_->current_sender());
    played_->attempt = begin.attempt;
    self_->send(job_, message::NewestRead{begin.attempt, std::make_shared<StoredState>()});
    for (message::Stored& late : std::exchange(held_, {})) self_->send(job_, std::move(late));
  }
  void done(const message::SnapshotDone& done) {
    if (!played_->stores(done.checkpoint)) {
      return self_->send(job_, message::StoreFailed{done.attempt, done.checkpoint, "the disk is full"});
    }
    message::Stored stored{done.attempt, done.task, done.checkpoint, std::make_shared<StoredParts>()};
    if (done.attempt == played_->late_attempt) {
      held_.push_back(std::move(stored));
      played_->holding = true;
    } else {
      self_->send(job_, std::move(stored));
    }
  }
  void commit(const message::Commit& commit) {
    const Manifest& manifest = *commit.manifest;
    if (!played_->commits(manifest.checkpoint)) {
      return self_->send(job_, message::StoreFailed{manifest.attempt, manifest.checkpoint, "the disk is full"});
    }
    {
      const std::lock_guard lock(played_->mutex);
      played_->committed.push_back(manifest);
    }
    self_->send(job_, message::Committed{manifest.attempt, manifest.checkpoint});
  }
  void give_up(const message::GiveUp& given_up) {
    const std::lock_guard lock(played_->mutex);
    if (std::find(played_->given_up.begin(), played_->given_up.end(), given_up.checkpoint) == played_->given_up.end()) {
      played_->given_up.push_back(given_up.checkpoint);
    }
  }

 private:
  caf::event_based_actor* self_;
  std::shared_ptr<Played> played_;
  caf::actor job_;
  std::vector<message::Stored> held_;
};

caf::behavior played_writer(caf::event_based_actor* self, std::shared_ptr<Played> played) {
  const auto writer = std::make_shared<PlayedWriter>(self, std::move(played));  // owned by the handlers
  return {
      [=](const message::Begin& begin) { writer->begin(begin); },
      [=](const message::StoreChunk&) {},
      [=](const message::SnapshotDone& done) { writer->done(done); },
      [=](const message::Commit& commit) { writer->commit(commit); },
      [=](const message::GiveUp& given_up) { writer->give_up(given_up); },
  };
}

struct Bench {
  explicit Bench(Pipeline& pipeline, Duration interval = Duration(0)) {
    config.set("scheduler.max-threads", std::size_t{2});
    system = std::make_unique<caf::actor_system>(config);
    writer = system->spawn(played_writer, played);
    JobActorOptions options;
    options.plan = plan = std::make_shared<const Plan>(Plan::make(std::move(pipeline.graph()), {.parallelism = 2}));
    options.board = std::make_shared<JobBoard>(plan->tasks.size());
    options.clock = &clock;
    options.writer = writer;
    options.job.restart.first_delay = Duration(1);
    if (interval.count() > 0) options.job.checkpoint.interval = interval;
    options.ended = [this](JobOutcome outcome) { ended.set_value(std::move(outcome)); };
    job = system->spawn(job_actor, std::move(options));
  }
  ~Bench() {
    caf::anon_send(job, message::Quit{});
    caf::anon_send_exit(writer, caf::exit_reason::user_shutdown);
  }

  void start() { caf::anon_send(job, message::StartJob{}); }
  void stop() { caf::anon_send(job, message::StopJob{}); }
  JobOutcome outcome() {
    auto future = ended.get_future();
    REQUIRE_MESSAGE(future.wait_for(kPatience) == std::future_status::ready, "the job hangs");
    return future.get();
  }

  std::shared_ptr<Played> played = std::make_shared<Played>();
  std::promise<JobOutcome> ended;
  SystemClock clock;
  std::shared_ptr<const Plan> plan;
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;  // its destructor waits for every actor, so it goes first
  caf::actor writer;
  caf::actor job;
};

Generate<std::int64_t> endless() {
  Generate<std::int64_t> source;
  source.record = [](std::int64_t n) { return n; };
  source.records_per_second = 10'000;
  source.splits = 2;
  return source;
}

void build_endless(Pipeline& pipeline, Collected<std::int64_t>& rows) {
  pipeline.source("numbers", endless()).shuffle().map([](std::int64_t n) { return n; }).sink("rows", rows);
}

}  // namespace

TEST_CASE("a job that is told to stop stops although storing its last checkpoint fails once") {
  for (const bool at_commit : {false, true}) {
    CAPTURE(at_commit);
    Collected<std::int64_t> rows;
    Pipeline pipeline("endless");
    build_endless(pipeline, rows);
    Bench bench(pipeline);
    (at_commit ? bench.played->commits : bench.played->stores) = [](CheckpointId checkpoint) { return checkpoint != 1; };
    bench.start();
    bench.stop();
    const JobOutcome outcome = bench.outcome();
    CHECK_MESSAGE(outcome.state == JobOutcome::State::Stopped, outcome.message);
    CHECK(outcome.ended_with == 2);
    const std::lock_guard lock(bench.played->mutex);
    CHECK(bench.played->given_up == std::vector<CheckpointId>{1});
    REQUIRE(bench.played->committed.size() == 1);
    CHECK(bench.played->committed.front().checkpoint == 2);
    CHECK(bench.played->committed.front().completed_ms > 0);
  }
}

TEST_CASE("a job that is told to stop gives up after some tries to store its last checkpoint") {
  Collected<std::int64_t> rows;
  Pipeline pipeline("endless");
  build_endless(pipeline, rows);
  Bench bench(pipeline);
  bench.played->stores = [](CheckpointId) { return false; };
  bench.start();
  bench.stop();
  const JobOutcome outcome = bench.outcome();
  CHECK(outcome.state == JobOutcome::State::Failed);
  CHECK(outcome.message == "the last checkpoint cannot be stored: the disk is full");
  CHECK(outcome.ended_with == 0);
  const std::lock_guard lock(bench.played->mutex);
  CHECK(bench.played->given_up == std::vector<CheckpointId>{1, 2, 3});
}

TEST_CASE("a job whose sources have ended finishes although storing its last checkpoint fails once") {
  Pipeline pipeline("bounded");
  Collected<std::int64_t> rows;
  pipeline.source("numbers", collection(std::vector<std::int64_t>{1, 2, 3})).sink("rows", rows);
  Bench bench(pipeline);
  bench.played->commits = [](CheckpointId checkpoint) { return checkpoint != 1; };
  bench.start();
  CHECK(bench.outcome().state == JobOutcome::State::Finished);
  CHECK(rows.records().size() == 3);
}

TEST_CASE("checkpoints that fail do not end a running job") {
  Pipeline pipeline("patient");
  Collected<std::int64_t> rows;
  pipeline.source("numbers", endless()).sink("rows", rows);
  Bench bench(pipeline, Duration(1));
  auto enough = std::make_shared<std::promise<void>>();
  bench.played->stores = [enough, told = false](CheckpointId checkpoint) mutable {
    if (checkpoint == 10 && !std::exchange(told, true)) enough->set_value();
    return checkpoint > 10;
  };
  bench.start();
  REQUIRE(enough->get_future().wait_for(kPatience) == std::future_status::ready);
  bench.stop();
  CHECK(bench.outcome().state == JobOutcome::State::Stopped);
}

TEST_CASE("a job ends when its checkpoint writer is gone") {
  Collected<std::int64_t> rows;
  Pipeline pipeline("endless");
  build_endless(pipeline, rows);
  Bench bench(pipeline);
  bench.start();
  caf::anon_send_exit(bench.writer, caf::exit_reason::kill);
  const JobOutcome outcome = bench.outcome();
  CHECK(outcome.state == JobOutcome::State::Failed);
  CHECK_MESSAGE(outcome.message.starts_with("the checkpoint writer ended"), outcome.message);
}

TEST_CASE("what was stored for a dead attempt is never committed") {
  Pipeline pipeline("restarted");
  Collected<std::int64_t> rows;
  auto failed = std::make_shared<std::atomic<bool>>(false);
  auto restarted = std::make_shared<std::promise<void>>();
  auto told = std::make_shared<std::atomic<bool>>(false);
  auto played = std::make_shared<std::weak_ptr<Played>>();
  pipeline.source("numbers", endless())
      .map([=](std::int64_t n) {
        const auto writer = played->lock();
        if (writer && writer->holding && !failed->exchange(true)) throw std::runtime_error("just once");
        if (writer && writer->attempt == 2 && !told->exchange(true)) restarted->set_value();
        return n;
      })
      .sink("rows", rows);
  Bench bench(pipeline, Duration(5));
  *played = bench.played;
  bench.played->late_attempt = 1;
  bench.start();
  REQUIRE(restarted->get_future().wait_for(kPatience) == std::future_status::ready);
  bench.stop();
  CHECK(bench.outcome().state == JobOutcome::State::Stopped);
  const std::lock_guard lock(bench.played->mutex);
  CHECK(!bench.played->committed.empty());
  for (const Manifest& manifest : bench.played->committed) {
    CHECK(manifest.attempt == 2);
    CHECK(manifest.checkpoint > 1);
  }
}
