// A task as a whole: one real Task around one operator of the pipeline API.
#include <doctest/doctest.h>

#include "support/task_harness.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

using Counted = Keyed<std::string, std::int64_t>;

OperatorFactory word_count() {
  return operator_of<std::string>([](auto words) { return words.key_by(itself).count("words"); });
}

/// What a test wants an operator to do. Shared by the two.
struct Wishes {
  bool linger = false;         // at the end, until woken
  std::string fail_in;         // one of the operator's calls
  std::vector<std::size_t> batches;  // sizes of those that came
};

class Wishful final : public ContextOperator {
 public:
  explicit Wishful(std::shared_ptr<Wishes> wishes) : wishes_(std::move(wishes)) {}
  void process(BatchPtr batch, std::uint32_t) override {
    wishes_->batches.push_back(batch->size());
    context().wake_at(context().now() + Duration(10));
    fail_in("process");
    context().emit(0, std::move(batch));
  }
  Progress on_watermark(EventTime) override { return fail_in("on_watermark"); }
  Progress on_processing_time(ProcessingTime) override { return fail_in("on_processing_time"); }
  void before_snapshot(CheckpointId) override { fail_in("before_snapshot"); }
  void on_complete(CheckpointId) override { fail_in("on_complete"); }
  Progress finish() override {
    fail_in("finish");
    return wishes_->linger ? Progress::More : Progress::Done;
  }

 private:
  Progress fail_in(const std::string& call) {
    if (wishes_->fail_in == call) throw Failure("as wished");
    return Progress::Done;
  }
  std::shared_ptr<Wishes> wishes_;
};

OperatorFactory wishful(std::shared_ptr<Wishes> wishes) {
  return [wishes] { return std::make_unique<Wishful>(wishes); };
}

BatchPtr batch_from(const std::string& split, std::int64_t position, std::vector<int> records) {
  auto batch = std::make_unique<Batch<int>>();
  for (const int record : records) batch->push(record, EventTime{record});
  batch->origin = {std::make_shared<const std::string>(split), position};
  return batch;
}

/// A world without anything in it, for tasks that a harness cannot make.
class Elsewhere final : public TaskEnvironment {
 public:
  void send(std::uint32_t, std::uint32_t, Element element) override { sent.push_back(std::move(element)); }
  void grant(std::uint32_t, const Grant&) override {}
  void store(CheckpointId, std::uint32_t, StateChunk) override {}
  void snapshot_done(CheckpointId, SnapshotMode) override {}
  void finished() override {}
  ProcessingTime now() const override { return {}; }
  std::int64_t ticks_ns() const override { return ticks += ticks_per_reading; }
  void wake_at(ProcessingTime) override {}
  Waker waker() override { return [] {}; }

  std::vector<Element> sent;
  std::int64_t ticks_per_reading = 0;
  mutable std::int64_t ticks = 0;
};

/// One operator with one input and one output.
std::unique_ptr<Task> task_around(const std::shared_ptr<Wishes>& wishes, const TaskOptions& options, TaskInput input,
                                  TaskEnvironment& environment) {
  std::vector<TaskNode> nodes;
  nodes.push_back({"wishful", wishful(wishes)(), {{{PortTarget::Kind::Edge, 0, 0}}}, {}});
  std::vector<TaskInput> inputs;
  inputs.push_back(std::move(input));
  std::vector<TaskOutput> outputs;
  outputs.push_back({global_partitioner()(0), 1, {"wishful.0>next.0:0:0"}});
  return std::make_unique<Task>(options, std::move(nodes), std::move(inputs), std::move(outputs), environment);
}

}  // namespace

TEST_CASE("every record of a key yields the key's new count") {
  TaskHarness task(word_count());
  task.push<std::string>({{"a", 1}, {"b", 2}, {"a", 3}});
  CHECK(task.take<Counted>() == rows<Counted>({{{"a", 1}, 1}, {{"b", 1}, 2}, {{"a", 2}, 3}}));
}

TEST_CASE("a watermark follows the records before it") {
  TaskHarness task(operator_of<int>([](auto numbers) { return numbers.map([](int n) { return n * 2; }); }));
  task.push<int>({{1, 10}});
  task.watermark(10);
  task.push<int>({{2, 11}});
  task.end_of_input();
  CHECK(task.take_log<int>() == std::vector<std::string>{"2@10", "watermark 10", "4@11", "watermark end", "end"});
  CHECK(task.finished());
}

TEST_CASE("a restored task goes on where the snapshot was taken") {
  TaskHarness before(word_count());
  before.push<std::string>({{"a", 1}, {"a", 2}, {"b", 3}});
  const Snapshot full = before.snapshot();
  CHECK(full.summary() == "accumulator: 2 entries");
  before.push<std::string>({{"a", 4}});
  const Snapshot delta = before.snapshot(SnapshotMode::Delta);
  CHECK(delta.summary() == "accumulator: 1 entries");
  before.push<std::string>({{"a", 5}, {"b", 5}});

  TaskHarness after(word_count(), {}, {&full, &delta});
  after.push<std::string>({{"a", 6}, {"b", 7}});
  CHECK(after.take<Counted>() == rows<Counted>({{{"a", 4}, 6}, {{"b", 2}, 7}}));
}

TEST_CASE("restored at another parallelism, every key has one owner") {
  TaskHarness before(word_count());
  Rows<std::string> words;
  for (int i = 0; i < 200; ++i) words.push_back({"w" + std::to_string(i), i});
  before.push(words);
  const Snapshot full = before.snapshot();

  std::size_t owned = 0;
  for (std::uint32_t index = 0; index < 3; ++index) {
    TaskHarness after(word_count(), {.task = index, .parallelism = 3}, {&full});
    owned += after.snapshot().rows();
  }
  CHECK(owned == 200);
}

TEST_CASE("a task whose inputs have ended takes part in checkpoints while it drains") {
  const auto wishes = std::make_shared<Wishes>();
  wishes->linger = true;
  TaskHarness task(wishful(wishes), {.inputs = 2});
  task.push<int>({{1, 1}}, 0);
  task.end(0);
  task.task().on_trigger({1, 0, Barrier::Mode::Aligned});
  task.run();
  CHECK(!task.take_stored(1));  // the second channel may still bring the barrier
  task.end(1);
  CHECK(task.take_stored(1));
  task.task().on_trigger({2, 0, Barrier::Mode::Aligned});
  task.run();
  CHECK(task.take_stored(2));
  CHECK(!task.finished());
  CHECK(task.take_log<int>() == std::vector<std::string>{"1@1", "barrier 1", "barrier 2"});
  wishes->linger = false;
  task.task().on_wake();
  task.run();
  CHECK(task.take_log<int>() == std::vector<std::string>{"end"});
}

TEST_CASE("a snapshot of a draining task is continued with its drain") {
  const auto wishes = std::make_shared<Wishes>();
  wishes->linger = true;
  TaskHarness before(wishful(wishes));
  before.end_of_input();
  before.task().on_trigger({1, 0, Barrier::Mode::Aligned});
  before.run();
  const auto snapshot = before.take_stored(1);
  REQUIRE(snapshot);
  TaskHarness after(wishful(wishes), {}, {&*snapshot});
  after.end_of_input();
  CHECK(!after.finished());
  wishes->linger = false;
  after.task().on_wake();
  after.run();
  CHECK(after.finished());
}

TEST_CASE("only what fails in a batch fails at the batch's position") {
  for (const std::string call : {"process", "on_watermark", "on_processing_time", "before_snapshot", "on_complete", "finish"}) {
    CAPTURE(call);
    const auto wishes = std::make_shared<Wishes>();
    wishes->fail_in = call;
    TaskHarness task(wishful(wishes));
    const auto all_calls = [&] {
      task.deliver(0, batch_from("readings.csv", 1042, {1, 2}));
      task.advance(Duration(20));
      task.watermark(5);
      (void)task.snapshot();
      task.complete();
      task.end_of_input();
    };
    CHECK_THROWS_AS(all_calls(), Failure);
    CHECK(task.task().position().operator_name == "operator");
    CHECK(to_text(task.task().position().origin) == (call == "process" ? "readings.csv:1042" : "unknown position"));
  }
}

TEST_CASE("restored batches are taken apart when a failing record is looked for") {
  for (const bool isolating : {false, true}) {
    CAPTURE(isolating);
    const auto wishes = std::make_shared<Wishes>();
    Elsewhere elsewhere;
    TaskInput input{{}, "previous.0>wishful.0:0:0", {}};
    input.restored.push_back(batch_from("readings.csv", 1042, {1, 2, 3}));
    TaskOptions options;
    options.isolating = isolating;
    const auto task = task_around(wishes, options, std::move(input), elsewhere);
    while (task->run(16)) {
    }
    CHECK(wishes->batches == (isolating ? std::vector<std::size_t>{1, 1, 1} : std::vector<std::size_t>{3}));
    CHECK(to_text(task->position().origin) == "readings.csv:1042");
  }
}

TEST_CASE("a task that is always busy sends partial batches within its bound") {
  const auto wishes = std::make_shared<Wishes>();
  Elsewhere elsewhere;
  elsewhere.ticks_per_reading = 1'000'000;
  TaskOptions options;
  options.credit.first_batch = options.credit.batch_records = 100'000;
  options.credit.window = 1'000;
  const auto task = task_around(wishes, options, {{}, "previous.0>wishful.0:0:0", {}}, elsewhere);
  for (int i = 0; i < 500; ++i) task->on_element(0, batch_from("s", i, {i}));
  REQUIRE(task->run(1));
  const std::int64_t start = elsewhere.ticks;
  while (elsewhere.sent.empty()) REQUIRE(task->run(1));
  CHECK(elsewhere.ticks - start < 60'000'000);
  CHECK(wishes->batches.size() > 2);  // several batches' records went together
}

TEST_CASE("records that nobody reads are counted") {
  TaskHarness task(wishful(std::make_shared<Wishes>()), {.ports = 0});
  task.push<int>({{1, 1}, {2, 2}});
  CHECK(task.task().metrics().records_dropped == 2);
}

TEST_CASE("a task names who holds its watermark") {
  Elsewhere elsewhere;
  std::vector<TaskNode> nodes;
  nodes.push_back({"wishful", wishful(std::make_shared<Wishes>())(), {}, {}});
  std::vector<TaskInput> inputs;
  for (const char* sender : {"left (1/1)", "right (1/1)"}) inputs.push_back({{}, "label", {}, sender});
  Task task({}, std::move(nodes), std::move(inputs), {}, elsewhere);
  const auto tell = [&](std::uint32_t channel, Element element) {
    task.on_element(channel, std::move(element));
    while (task.run(16)) {
    }
  };
  tell(0, Watermark{EventTime{5}});
  CHECK(task.watermark_holder() == "right (1/1)");
  tell(1, Watermark{EventTime{7}});
  CHECK(task.watermark_holder() == "left (1/1)");
  CHECK(task.watermark() == EventTime{5});
  tell(0, Idle{});
  CHECK(task.watermark_holder() == "right (1/1)");
  tell(1, Idle{});
  CHECK(task.watermark_holder().empty());
}
