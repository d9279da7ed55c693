// Which task gets which record.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include <weir/dataflow/partitioner.hpp>

using namespace weir;

namespace {

Batch<int> numbers(int count) {
  Batch<int> batch;
  for (int i = 0; i < count; ++i) batch.push(i, EventTime{i});
  return batch;
}

}  // namespace

TEST_CASE("a key goes to the owner of its group, whoever sends it") {
  const auto identity = [](int n) { return n; };
  for (std::uint32_t tasks : {1u, 2u, 3u, 16u, 128u}) {
    KeyPartitioner<int, decltype(identity)> partitioner(identity, 128);
    const Batch<int> batch = numbers(500);
    std::vector<std::uint32_t> targets;
    if (tasks == 1) {
      CHECK(partitioner.whole(1) == 0);
      continue;
    }
    REQUIRE(!partitioner.whole(tasks));
    partitioner.route(batch, tasks, targets);
    for (int n = 0; n < 500; ++n) {
      const KeyOwnership owner{groups_of_task(targets[static_cast<std::size_t>(n)], tasks, 128), 128};
      CHECK(owner.owns(hash_of(n)));
    }
  }
}

TEST_CASE("every key group has exactly one owner at any parallelism") {
  for (std::uint32_t groups : {1u, 2u, 7u, 128u, 1000u}) {
    for (std::uint32_t tasks = 1; tasks <= std::min(groups, 40u); ++tasks) {
      KeyGroup next = 0;
      for (std::uint32_t task = 0; task < tasks; ++task) {
        const KeyGroupRange range = groups_of_task(task, tasks, groups);
        CHECK(range.first == next);
        CHECK(range.end > range.first);
        next = range.end;
        for (KeyGroup group = range.first; group < range.end; ++group) CHECK(task_of_group(group, tasks, groups) == task);
      }
      CHECK(next == groups);
    }
  }
}

TEST_CASE("rebalance takes all tasks in turn, senders beginning at different ones") {
  const auto first = rebalance_partitioner()(0);
  const auto second = rebalance_partitioner()(1);
  CHECK(first->whole(3) == 0);
  CHECK(first->whole(3) == 1);
  CHECK(first->whole(3) == 2);
  CHECK(first->whole(3) == 0);
  CHECK(second->whole(3) == 1);
}

TEST_CASE("rescale stays within a sender's share, and together the senders reach every task") {
  for (std::uint32_t senders = 1; senders <= 9; ++senders) {
    for (std::uint32_t receivers = 1; receivers <= 9; ++receivers) {
      CAPTURE(senders);
      CAPTURE(receivers);
      std::set<std::uint32_t> all;
      for (std::uint32_t sender = 0; sender < senders; ++sender) {
        const auto partitioner = rescale_partitioner(senders)(sender);
        std::set<std::uint32_t> mine;
        for (int i = 0; i < 40; ++i) mine.insert(partitioner->whole(receivers).value());
        CHECK(*mine.rbegin() < receivers);
        CHECK(mine.size() <= receivers / senders + 1);
        all.insert(mine.begin(), mine.end());
      }
      CHECK(all.size() == std::min(senders, receivers) + (receivers > senders ? receivers - senders : 0));
    }
  }
}

TEST_CASE("shuffle is random, fair, and replayed by its seed") {
  const Batch<int> batch = numbers(3000);
  std::vector<std::uint32_t> once;
  std::vector<std::uint32_t> again;
  std::vector<std::uint32_t> other;
  shuffle_partitioner(7)(0)->route(batch, 3, once);
  shuffle_partitioner(7)(0)->route(batch, 3, again);
  shuffle_partitioner(7)(1)->route(batch, 3, other);
  CHECK(once == again);
  CHECK(once != other);
  for (std::uint32_t task = 0; task < 3; ++task) CHECK(std::count(once.begin(), once.end(), task) > 850);
}

TEST_CASE("global goes to the first task, broadcast to all, custom where the function says") {
  CHECK(global_partitioner()(5)->whole(4) == 0);
  CHECK(broadcast_partitioner()(0)->broadcasts());
  const auto choose = [](int n, std::uint32_t) { return static_cast<std::uint32_t>(n); };
  CustomPartitioner<int, decltype(choose)> custom(choose);
  std::vector<std::uint32_t> targets;
  custom.route(numbers(5), 3, targets);
  CHECK(targets == std::vector<std::uint32_t>{0, 1, 2, 0, 1});
}
