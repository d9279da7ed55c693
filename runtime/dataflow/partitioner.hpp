// Decides which task of the next operator gets which record. Partitioners see whole batches; those that keep
// a batch together say so, and it is moved as it is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <weir/dataflow/batch.hpp>
#include <weir/state/key_group.hpp>

namespace weir {

class Partitioner {
 public:
  virtual ~Partitioner() = default;

  /// The one channel for the whole batch, of `channels`; empty when records must be looked at one by one.
  virtual std::optional<std::uint32_t> whole(std::uint32_t channels) = 0;
  /// The channel of each record. Only called when whole() is empty.
  virtual void route(const AnyBatch& batch, std::uint32_t channels, std::vector<std::uint32_t>& targets) = 0;
  /// Whether every channel gets a copy.
  virtual bool broadcasts() const { return false; }
};

using PartitionerFactory = std::function<std::unique_ptr<Partitioner>(std::uint32_t sender)>;

/// Record i to the owner of its key's group.
template <class T, class KeyOf>
class KeyPartitioner final : public Partitioner {
 public:
  KeyPartitioner(KeyOf key_of, std::uint32_t groups) : key_of_(std::move(key_of)), groups_(groups) {}

  std::optional<std::uint32_t> whole(std::uint32_t channels) override {
    return channels == 1 ? std::optional<std::uint32_t>(0) : std::nullopt;
  }
  void route(const AnyBatch& batch, std::uint32_t channels, std::vector<std::uint32_t>& targets) override {
    for (const T& record : static_cast<const Batch<T>&>(batch).records) {
      const std::uint64_t hash = hash_of<std::decay_t<std::invoke_result_t<KeyOf&, const T&>>>(std::invoke(key_of_, record));
      targets.push_back(task_of_group(key_group_of(hash, groups_), channels, groups_));
    }
  }

 private:
  KeyOf key_of_;
  std::uint32_t groups_;
};

/// Record i to channel choose(record, channels) modulo the number of channels.
template <class T, class Choose>
class CustomPartitioner final : public Partitioner {
 public:
  explicit CustomPartitioner(Choose choose) : choose_(std::move(choose)) {}

  std::optional<std::uint32_t> whole(std::uint32_t) override { return std::nullopt; }
  void route(const AnyBatch& batch, std::uint32_t channels, std::vector<std::uint32_t>& targets) override {
    for (const T& record : static_cast<const Batch<T>&>(batch).records) {
      targets.push_back(static_cast<std::uint32_t>(choose_(record, channels)) % channels);
    }
  }

 private:
  Choose choose_;
};

/// To the task with the sender's index.
PartitionerFactory forward_partitioner();
/// Batches in turn to all tasks.
PartitionerFactory rebalance_partitioner();
/// Batches in turn to the tasks nearest to the sender's share: without crossing when the numbers divide.
PartitionerFactory rescale_partitioner(std::uint32_t senders);
/// Each record to a task drawn at random, replayable from the seed.
PartitionerFactory shuffle_partitioner(std::uint64_t seed);
/// Everything to every task.
PartitionerFactory broadcast_partitioner();
/// Everything to the first task.
PartitionerFactory global_partitioner();

}  // namespace weir
