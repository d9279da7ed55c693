// What concerns attempts belongs to the engine, since the dataflow core knows none: a message dies with the actor it was sent
// to, and every attempt has actors of its own.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <random>

#include <weir/actors/embedded_job.hpp>
#include <weir/weir.hpp>

#include "support/temporary_directory.hpp"

using namespace weir;
using weir::testing::TemporaryDirectory;

namespace {

constexpr Duration kPatience{60'000};  // bounds a hung run; no test waits for it to pass

/// What all attempts of a job share.
struct History {
  std::vector<std::int64_t> fails_at;      // numbers of records, each of which fails once
  std::array<std::atomic<bool>, 8> failed{};
  std::atomic<std::int64_t> attempt{0};    // the newest
  std::atomic<std::uint64_t> processed{0};
  std::atomic<std::uint64_t> faults{0};    // records of one attempt in a task of another
};

struct Stamped {
  std::int64_t number = 0;
  std::int64_t attempt = 0;
};
WEIR_RECORD(Stamped, number, attempt);

/// Counts from where the checkpoint left it, and stamps what it emits with the attempt.
class StampingSource final : public SourceOperator {
 public:
  StampingSource(History& history, std::int64_t end) : history_(history), end_(end) {}

  void open(OperatorContext& context) override {
    context_ = &context;
    attempt_ = ++history_.attempt;
    next_ = &context.state().list<std::int64_t>("next", ChunkKind::Union);
    if (next_->empty()) next_->push_back(0);
  }
  Poll poll(std::size_t max_records) override {
    auto batch = std::make_unique<Batch<Stamped>>();
    for (; batch->size() < max_records && next_->front() < end_; ++next_->front()) {
      batch->push({next_->front(), attempt_}, EventTime{next_->front()});
    }
    if (batch->size() == 0) return {Poll::State::End, {}};
    context_->emit(0, std::move(batch));
    return {};
  }

 private:
  History& history_;
  const std::int64_t end_;
  OperatorContext* context_ = nullptr;
  std::int64_t attempt_ = 0;
  std::vector<std::int64_t>* next_ = nullptr;
};

/// Holds every record against the attempt of this task: the one in which its first record came.
class CheckAttempt final : public ContextOperator {
 public:
  explicit CheckAttempt(History& history) : history_(history) {}

  void process(BatchPtr batch, std::uint32_t) override {
    if (attempt_ == 0) attempt_ = history_.attempt;
    for (const Stamped& record : batch_of<Stamped>(*batch).records) {
      history_.faults += record.attempt != attempt_ || history_.attempt != attempt_;
      ++history_.processed;
      for (std::size_t i = 0; i < history_.fails_at.size(); ++i) {
        if (record.number == history_.fails_at[i] && !history_.failed[i].exchange(true)) throw Failure("at " + std::to_string(record.number));
      }
    }
    context().emit(0, std::move(batch));
  }

 private:
  History& history_;
  std::int64_t attempt_ = 0;
};

}  // namespace

TEST_CASE("I10: no frame of an older attempt is processed") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t limit) { return static_cast<std::int64_t>(random() % limit); };
    const std::int64_t records = 2'000 + below(20'000);
    History history;
    for (std::int64_t failures = below(5); failures > 0; --failures) history.fails_at.push_back(below(static_cast<std::uint64_t>(records)));

    Pipeline pipeline("attempts");
    const NodeId source = add_node(pipeline.graph(), GraphNode::Kind::Source, "source", {.name = "source", .parallelism = 1},
                                   [&] { return std::make_unique<StampingSource>(history, records); });
    const auto check = [&] { return std::make_unique<CheckAttempt>(history); };
    Collected<Stamped> rows;
    Stream<Stamped>(pipeline.graph(), source, 0)
        .rebalance()
        .step<Stamped>("check", {.name = "first"}, check)
        .key_by(&Stamped::number)
        .stream()
        .step<Stamped>("check", {.name = "second"}, check)
        .sink("rows", rows);

    EmbeddedJobOptions options;
    options.checkpoint.interval = Duration(1 + below(20));
    options.alignment_limit = kPatience;  // what a barrier overtook would rightly come again, with its old stamp
    options.credit.batch_records = static_cast<std::uint32_t>(1 + below(50));
    options.restart = {.attempts = 100, .in_vain = 100, .first_delay = Duration(1), .longest_delay = Duration(1)};
    const TemporaryDirectory directory;
    auto store = CheckpointStore::open(directory.path(), {.job = "attempts", .weir_version = "test"}).or_throw();
    EmbeddedJob job(Plan::make(std::move(pipeline.graph()), {.parallelism = static_cast<std::uint32_t>(1 + below(3))}),
                    std::move(options), std::move(store));
    const auto outcome = job.wait_for(kPatience);
    REQUIRE(outcome);
    CHECK(outcome->state == JobOutcome::State::Finished);
    CHECK(history.faults == 0);
    CHECK(history.processed >= static_cast<std::uint64_t>(2 * records));
    CHECK(rows.records().size() == static_cast<std::size_t>(records));
  }
}
