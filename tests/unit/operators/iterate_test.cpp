#include <algorithm>

#include <doctest/doctest.h>

#include <weir/operators/async.hpp>
#include <weir/operators/flat_map.hpp>
#include <weir/operators/iterate.hpp>
#include <weir/operators/map.hpp>
#include <weir/operators/split.hpp>

#include "support/plan_runner.hpp"
#include "support/script.hpp"
#include "support/task_harness.hpp"

using namespace weir;
using namespace weir::testing;

namespace iterate_test {

/// Goes round `left` times more.
struct Lap {
  int id = 0;
  int left = 0;
  int done = 0;  // rounds
  friend auto operator<=>(const Lap&, const Lap&) = default;
};
WEIR_RECORD(Lap, id, left, done);

}  // namespace iterate_test

namespace {

using namespace iterate_test;

Lap once_more(const Lap& lap) { return {lap.id, lap.left - 1, lap.done + 1}; }
bool goes_on(const Lap& lap) { return lap.left > 0; }

/// The shapes of a loop's body that must all behave alike.
enum class Shape { Fused, Separate, ByKey, Narrow, Asynchronous };
constexpr Shape kShapes[] = {Shape::Fused, Shape::Separate, Shape::ByKey, Shape::Narrow, Shape::Asynchronous};

Stream<Lap> run_laps(const Stream<Lap>& loop, Shape shape) {
  switch (shape) {
    case Shape::Fused: return loop.map(once_more);
    case Shape::Separate: return loop.map(once_more, {.fuse = Fuse::No});
    case Shape::ByKey: return loop.key_by(&Lap::id).stream().map(once_more).rebalance().map(std::identity());
    case Shape::Narrow: return loop.map(once_more, {.parallelism = 1}).map(std::identity());
    case Shape::Asynchronous:
      return loop.async<Lap>("lap", [](const Lap& lap, AsyncReply<Lap> reply) { reply(once_more(lap)); },
                             {.order = AsyncOptions::Order::Completion, .capacity = 2});
  }
  return loop;
}

struct LoopJob {
  std::shared_ptr<Script<Lap>> script = std::make_shared<Script<Lap>>();
  std::shared_ptr<Received<Lap>> received;

  JobGraph graph(Shape shape) {
    Pipeline pipeline("laps");
    const auto finished = script_source(pipeline, "laps", script).iterate("loop", [&](const Stream<Lap>& loop) {
      const auto [again, done] = run_laps(loop, shape).split(goes_on);
      return Loop{again, done};
    });
    received = receive(finished, "finish");
    return pipeline.graph();
  }

  void fill(int count) {
    for (int id = 0; id < count; ++id) script->records.push_back({{id, id % 7, 0}, EventTime::min()});
  }

  std::vector<Lap> expected() const {
    std::vector<Lap> laps;
    for (const auto& [lap, time] : script->records) {
      const int rounds = std::max(lap.left, 1);
      laps.push_back({lap.id, lap.left - rounds, rounds});
    }
    std::sort(laps.begin(), laps.end());
    return laps;
  }
  std::vector<Lap> result() const {
    std::vector<Lap> laps = received->records;
    std::sort(laps.begin(), laps.end());
    return laps;
  }
};

}  // namespace

TEST_CASE("records go round until the body lets them out, and the loop ends when it is empty") {
  for (const Shape shape : kShapes) {
    for (const std::uint32_t parallelism : {1u, 3u}) {
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        CAPTURE(static_cast<int>(shape));
        CAPTURE(parallelism);
        CAPTURE(seed);
        LoopJob job;
        job.fill(40);
        job.script->open_all();
        PlanRunner runner(job.graph(shape), {.parallelism = parallelism}, seed);
        runner.run();
        CHECK(runner.finished());
        CHECK(job.result() == job.expected());
      }
    }
  }
}

TEST_CASE("a loop without records ends") {
  LoopJob job;
  job.script->all = true;
  PlanRunner runner(job.graph(Shape::ByKey), {.parallelism = 3}, 1);
  runner.run();
  CHECK(runner.finished());
}

TEST_CASE("a loop goes on while its source may still send") {
  LoopJob job;
  job.fill(10);
  job.script->available = 5;
  PlanRunner runner(job.graph(Shape::ByKey), {.parallelism = 2}, 1);
  runner.run();
  CHECK(job.received->records.size() == 5);
  CHECK_FALSE(runner.finished());
  job.script->open_all();
  runner.wake_all();
  runner.run();
  CHECK(runner.finished());
  CHECK(job.result() == job.expected());
}

TEST_CASE("a loop whose body is one chain is one task that feeds itself") {
  LoopJob job;
  PlanRunner runner(job.graph(Shape::Fused), {.parallelism = 1}, 1);
  CHECK(runner.plan().to_text() ==
        "1. laps  (1 task)\n   => 2. loop -> map -> split -> finish  (forward)\n2. loop -> map -> split -> finish  (1 task)\n"
        "   => 2. loop -> map -> split -> finish  (forward)\n");
}

TEST_CASE("records that come round go first; those from outside wait until there are none") {
  HarnessOptions options;
  options.channels = {{0, InputChannel::Kind::Ordinary}, {1, InputChannel::Kind::Feedback}};
  options.credit = 1;
  options.batch_records = 1;
  TaskHarness head([] { return std::make_unique<Merge>(); }, options);
  head.push<int>({{1, 0}}, 0);
  head.push<int>({{2, 0}}, 0);  // leaves only with credit, and holds up what comes after it
  head.push<int>({{3, 0}}, 0);
  head.push<int>({{-1, 0}}, 1);
  head.push<int>({{-2, 0}}, 1);
  head.push<int>({{-3, 0}}, 1);
  SUBCASE("and no checkpoint is under way") {
    head.grant(10);
    CHECK(head.take<int>() == rows<int>({{1, 0}, {2, 0}, {-1, 0}, {-2, 0}, {-3, 0}, {3, 0}}));
  }
  SUBCASE("but not when a checkpoint waits for a barrier behind them") {
    head.deliver(0, Barrier{1, 0, Barrier::Mode::Savepoint});
    head.grant(10);
    CHECK(head.take_log<int>() == std::vector<std::string>{"1@0", "2@0", "-1@0", "3@0", "-2@0", "barrier 1", "-3@0"});
  }
}

TEST_CASE("a loop killed at any moment and restored from its last checkpoint loses and doubles nothing") {
  std::size_t checkpoints_with_rounds = 0;
  for (const Shape shape : kShapes) {
    for (const std::uint32_t parallelism : {1u, 2u}) {
      for (std::uint64_t seed = 0; seed < 40; ++seed) {
        CAPTURE(static_cast<int>(shape));
        CAPTURE(parallelism);
        CAPTURE(seed);
        std::mt19937_64 random(seed);
        LoopJob job;
        job.fill(60);
        job.script->open_all();
        const JobGraph graph = job.graph(shape);
        auto runner = std::make_unique<PlanRunner>(graph, PlanOptions{.parallelism = parallelism}, seed);
        std::unique_ptr<StoredJob> stored;
        for (int life = 0; life < 3; ++life) {
          for (int i = 0; i < 3; ++i) {
            runner->run_moves(random() % 400);
            runner->trigger(random() % 4 == 0 ? Barrier::Mode::Savepoint : Barrier::Mode::Aligned);
          }
          runner->run_moves(random() % 400);
          if (runner->checkpoint() != nullptr && runner->rows_in_flight() > 0) ++checkpoints_with_rounds;
          // Kill it; another parallelism is as good.
          const std::uint32_t next = 1 + static_cast<std::uint32_t>(random() % 3);
          stored = runner->take_checkpoint();
          runner = std::make_unique<PlanRunner>(graph, PlanOptions{.parallelism = next}, seed + 1000, stored.get());
          if (!stored) job.received->records.clear();
        }
        runner->run();
        CHECK(runner->finished());
        CHECK(job.result() == job.expected());
      }
    }
  }
  CHECK(checkpoints_with_rounds > 100);  // otherwise this shows nothing about loops
}

TEST_CASE("a checkpoint is taken while only the loop still runs, and a savepoint while it never rests") {
  for (const auto mode : {Barrier::Mode::Aligned, Barrier::Mode::Savepoint}) {
    LoopJob job;
    for (int id = 0; id < 20; ++id) job.script->records.push_back({{id, 1'000'000, 0}, EventTime::min()});
    job.script->available = 20;
    SUBCASE("after the source's end") { job.script->all = true; }
    SUBCASE("before the source's end") {}
    PlanRunner runner(job.graph(Shape::ByKey), {.parallelism = 2}, 3);
    runner.run_moves(20'000);
    runner.trigger(mode);
    std::size_t moves = 0;
    runner.run([&] { return !runner.checkpoint_under_way() || ++moves > 100'000; });
    REQUIRE(runner.checkpoint() != nullptr);
    CHECK(runner.rows_in_flight() > 0);
  }
}

TEST_CASE("a record that comes round late is late, but the end of time waits until the loop is empty") {
  struct Seen {
    std::vector<std::string> log;
  };
  // Writes down what an operator of event time in the body would see.
  class Watch final : public ContextOperator {
   public:
    explicit Watch(std::shared_ptr<Seen> seen) : seen_(std::move(seen)) {}
    void process(BatchPtr batch, std::uint32_t) override {
      for (const Lap& lap : batch_of<Lap>(*batch).records) seen_->log.push_back("lap " + std::to_string(lap.done));
      context().emit(0, std::move(batch));
    }
    Progress on_watermark(EventTime time) override {
      seen_->log.push_back(time == EventTime::max() ? "end of time" : "watermark " + std::to_string(time.ms));
      if (time == EventTime::max()) {  // what a window would do: set something free that goes round again
        auto batch = std::make_unique<Batch<Lap>>();
        batch->push({99, 1, 0}, EventTime{50});
        context().emit(0, std::move(batch));
      }
      return Progress::Done;
    }

   private:
    std::shared_ptr<Seen> seen_;
  };

  auto seen = std::make_shared<Seen>();
  auto script = std::make_shared<Script<Lap>>();
  script->records = {{{1, 3, 0}, EventTime{10}}};
  script->open_all();
  Pipeline pipeline("laps");
  const auto done = script_source(pipeline, "laps", script).iterate("loop", [&](const Stream<Lap>& loop) {
    const auto watched = loop.step<Lap>("watch", {}, [seen] { return std::make_unique<Watch>(seen); });
    const auto [again, out] = watched.map(once_more).split(goes_on);
    return Loop{again, out};
  });
  const auto received = receive(done, "finish");
  PlanRunner runner(pipeline.graph(), {}, 5);
  runner.run();
  CHECK(runner.finished());
  CHECK(std::count(seen->log.begin(), seen->log.end(), "watermark 10") == 1);  // not once per round
  std::erase(seen->log, "watermark 10");
  CHECK(seen->log == std::vector<std::string>{"lap 0", "lap 1", "lap 2", "end of time"});
  CHECK(received->records.size() == 2);  // the one that the end of time set free as well
}

TEST_CASE("what the end of time sets free goes round before the loop ends") {
  // Keeps every record until the end of time, then lets it go on.
  class Keep final : public ContextOperator {
   public:
    void process(BatchPtr batch, std::uint32_t) override {
      if (ended_) context().emit(0, std::move(batch));
      else kept_.push_back(std::move(batch));
    }
    Progress on_watermark(EventTime time) override {
      ended_ |= time == EventTime::max();
      if (ended_) for (auto& batch : std::exchange(kept_, {})) context().emit(0, std::move(batch));
      return Progress::Done;
    }

   private:
    bool ended_ = false;
    std::vector<BatchPtr> kept_;
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    LoopJob job;
    job.fill(30);
    job.script->open_all();
    Pipeline pipeline("laps");
    const auto done = script_source(pipeline, "laps", job.script).iterate("loop", [](const Stream<Lap>& loop) {
      const auto kept = loop.key_by(&Lap::id).stream().step<Lap>("keep", {}, [] { return std::make_unique<Keep>(); });
      const auto [again, out] = kept.map(once_more).split(goes_on);
      return Loop{again, out};
    });
    job.received = receive(done, "finish");
    PlanRunner runner(pipeline.graph(), {.parallelism = 2}, seed);
    runner.run();
    CHECK(runner.finished());
    CHECK(job.result() == job.expected());
  }
}

TEST_CASE("a stream that joins the body keeps the loop alive until it ends, and its records go round too") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    LoopJob job;
    job.fill(10);
    job.script->open_all();
    auto side = std::make_shared<Script<Lap>>();
    for (int id = 100; id < 110; ++id) side->records.push_back({{id, 4, 0}, EventTime::min()});
    Pipeline pipeline("laps");
    const auto extra = script_source(pipeline, "side", side);
    const auto done = script_source(pipeline, "laps", job.script).iterate("loop", [&](const Stream<Lap>& loop) {
      const auto [again, out] = loop.merge(extra).map(once_more).split(goes_on);
      return Loop{again, out};
    });
    job.received = receive(done, "finish");
    PlanRunner runner(pipeline.graph(), {.parallelism = 2}, seed);
    runner.run();
    CHECK_FALSE(runner.finished());
    CHECK(job.received->records.size() == 10);
    side->open_all();
    runner.wake_all();
    runner.run();
    CHECK(runner.finished());
    CHECK(job.received->records.size() == 20);
  }
}

TEST_CASE("a loop does not end while a call in its body waits for an answer") {
  LoopJob job;
  job.script->records = {{{1, 3, 0}, EventTime::min()}};
  job.script->open_all();
  auto open = std::make_shared<std::vector<std::pair<Lap, AsyncReply<Lap>>>>();
  Pipeline pipeline("laps");
  job.received = receive(script_source(pipeline, "laps", job.script).iterate("loop", [&](const Stream<Lap>& loop) {
    const auto [again, out] = loop.async<Lap>("ask", [open](const Lap& lap, AsyncReply<Lap> reply) {
      open->emplace_back(once_more(lap), reply);
    }).split(goes_on);
    return Loop{again, out};
  }), "finish");
  PlanRunner runner(pipeline.graph(), {.parallelism = 2}, 11);
  for (int round = 0; round < 3; ++round) {
    runner.run();
    CHECK_FALSE(runner.finished());
    REQUIRE(open->size() == 1);
    const auto [lap, reply] = open->front();
    open->clear();
    reply(lap);
  }
  runner.run();
  CHECK(runner.finished());
  CHECK(job.result() == std::vector<Lap>{{1, 0, 3}});
}

TEST_CASE("one loop may follow another") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    auto script = std::make_shared<Script<Lap>>();
    for (int id = 0; id < 20; ++id) script->records.push_back({{id, 3, 0}, EventTime::min()});
    script->open_all();
    Pipeline pipeline("laps");
    const auto body = [](const Stream<Lap>& loop) {
      const auto [again, out] = loop.map(once_more).split(goes_on);
      return Loop{again, out};
    };
    const auto refill = [](const Lap& lap) { return Lap{lap.id, 2, lap.done}; };
    const auto received = receive(script_source(pipeline, "laps", script).iterate("first", body).map(refill).iterate("second", body), "finish");
    PlanRunner runner(pipeline.graph(), {.parallelism = 2}, seed);
    runner.run();
    CHECK(runner.finished());
    REQUIRE(received->records.size() == 20);
    CHECK(std::all_of(received->records.begin(), received->records.end(), [](const Lap& lap) { return lap.done == 5; }));
  }
}

TEST_CASE("a loop inside a loop is refused") {
  Pipeline pipeline("laps");
  const auto source = script_source(pipeline, "laps", std::make_shared<Script<Lap>>());
  const auto body = [](const Stream<Lap>& loop) {
    const auto [again, out] = loop.map(once_more).split(goes_on);
    return Loop{again, out};
  };
  CHECK_THROWS_WITH_AS(source.iterate("outer", [&](const Stream<Lap>& loop) {
    const auto [again, out] = loop.iterate("inner", body).split(goes_on);
    return Loop{again, out};
  }), "loop 'outer' shares the operator 'inner' with another loop; loops cannot overlap or contain each other", Failure);
}

TEST_CASE("a loop that is fed by something else is refused") {
  Pipeline pipeline("laps");
  const auto source = script_source(pipeline, "laps", std::make_shared<Script<Lap>>());
  CHECK_THROWS_WITH_AS(source.iterate("loop", [&](const Stream<Lap>& loop) { return Loop{source, loop}; }),
                       "loop 'loop': what goes again does not come from the loop's stream; make it from the body's argument", Failure);
}
