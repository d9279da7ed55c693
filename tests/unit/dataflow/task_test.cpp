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
