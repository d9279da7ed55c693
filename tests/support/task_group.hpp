// All tasks of one operator, for the question every stateful operator must answer: does it give the same results when it is
// snapshotted, killed and restored at another parallelism? Records go to tasks as key_by would send them.
//
//   TaskGroup group(make, 1);
//   group.push<Bid>(bid, 10, &Bid::auction);
//   group.checkpoint(SnapshotMode::Delta); group.push(...) /* lost */; group.restore(3); group.push(...);
//   CHECK(sorted(group.take<Bid>()) == ...)
#pragma once

#include <memory>
#include <random>
#include <vector>

#include "support/task_harness.hpp"

namespace weir::testing {

class TaskGroup {
 public:
  TaskGroup(OperatorFactory make, std::uint32_t parallelism, HarnessOptions options = {})
      : make_(std::move(make)), options_(std::move(options)), now_ms_(options_.now_ms) {
    start(parallelism);
  }

  template <class T, class KeyOf>
  void push(const T& record, std::int64_t at, const KeyOf& key_of, std::uint32_t channel = 0) {
    const std::uint64_t hash = hash_of<std::decay_t<std::invoke_result_t<KeyOf, const T&>>>(std::invoke(key_of, record));
    const std::uint32_t groups = options_.key_groups;
    const auto task = task_of_group(key_group_of(hash, groups), static_cast<std::uint32_t>(tasks_.size()), groups);
    tasks_[task]->push<T>(Rows<T>{{record, at}}, channel);
  }
  /// To every task, as a broadcast stream.
  template <class T>
  void push_to_all(const T& record, std::int64_t at, std::uint32_t channel) {
    for (auto& task : tasks_) task->push<T>(Rows<T>{{record, at}}, channel);
  }
  /// To the tasks in turn, as a stream without keys.
  template <class T>
  void push_in_turn(const T& record, std::int64_t at, std::uint32_t channel = 0) {
    tasks_[turn_++ % tasks_.size()]->push<T>(Rows<T>{{record, at}}, channel);
  }
  void watermark(std::int64_t ms) {
    for (auto& task : tasks_) task->watermark(ms);
  }
  void advance(Duration by) {
    now_ms_ += by.count();
    for (auto& task : tasks_) task->advance(by);
  }
  void end_of_input() {
    for (auto& task : tasks_) task->end_of_input();
  }

  void checkpoint(SnapshotMode mode) {
    std::vector<Snapshot> taken;
    for (auto& task : tasks_) taken.push_back(task->snapshot(mode));
    if (taken.front().mode == SnapshotMode::Full) stored_.clear();  // the first one of a run is always full
    for (Snapshot& snapshot : taken) stored_.push_back(std::move(snapshot));
  }
  /// New tasks with the state of the last checkpoint; what happened since is lost.
  void restore(std::uint32_t parallelism) {
    tasks_.clear();
    start(parallelism);
  }

  /// What has come out of a port of all tasks.
  template <class T>
  Rows<T> take(std::uint32_t port = 0) {
    Rows<T> all;
    for (auto& task : tasks_) {
      for (Timed<T>& row : task->template take<T>(port)) all.push_back(std::move(row));
    }
    return all;
  }

  std::size_t stored_rows() const {
    std::size_t rows = 0;
    for (const Snapshot& snapshot : stored_) rows += snapshot.rows();
    return rows;
  }
  TaskHarness& task(std::size_t index) { return *tasks_[index]; }

 private:
  void start(std::uint32_t parallelism) {
    std::vector<const Snapshot*> stored;
    for (const Snapshot& snapshot : stored_) stored.push_back(&snapshot);
    for (std::uint32_t task = 0; task < parallelism; ++task) {
      HarnessOptions options = options_;
      options.task = task;
      options.parallelism = parallelism;
      options.now_ms = now_ms_;
      tasks_.push_back(std::make_unique<TaskHarness>(make_, options, stored));
    }
  }

  OperatorFactory make_;
  HarnessOptions options_;
  std::int64_t now_ms_;
  std::size_t turn_ = 0;
  std::vector<Snapshot> stored_;
  std::vector<std::unique_ptr<TaskHarness>> tasks_;
};

/// Plays a script of steps, step(group, i) for i below `count`, and the end of input. With a seed it takes checkpoints, full and delta, and
/// goes on from them at a parallelism between 1 and 4, at random. Returns the sorted rows, which must be the same with any seed.
template <class Out, class Step>
Rows<Out> play(const OperatorFactory& make, std::size_t count, const HarnessOptions& options, std::optional<std::uint32_t> seed,
               Step&& step) {
  std::mt19937 random(seed.value_or(0));
  TaskGroup group(make, seed ? 1 + random() % 4 : 1, options);
  Rows<Out> all;
  const auto collect = [&] {
    for (auto& row : group.take<Out>()) all.push_back(std::move(row));
  };
  for (std::size_t i = 0; i < count; ++i) {
    step(group, i);
    collect();
    if (!seed || random() % 5 != 0) continue;
    group.checkpoint(random() % 2 == 0 ? SnapshotMode::Full : SnapshotMode::Delta);
    collect();
    if (random() % 2 == 0) group.restore(1 + random() % 4);
  }
  group.end_of_input();
  collect();
  return sorted(std::move(all));
}

}  // namespace weir::testing
