#include <weir/dataflow/partitioner.hpp>

#include <random>

#include <weir/base/hash.hpp>

namespace weir {
namespace {

class Fixed final : public Partitioner {
 public:
  explicit Fixed(std::uint32_t channel) : channel_(channel) {}
  std::optional<std::uint32_t> whole(std::uint32_t channels) override { return channel_ % channels; }
  void route(const AnyBatch&, std::uint32_t, std::vector<std::uint32_t>&) override {}

 private:
  std::uint32_t channel_;
};

class Rebalance final : public Partitioner {
 public:
  explicit Rebalance(std::uint32_t start) : next_(start) {}
  std::optional<std::uint32_t> whole(std::uint32_t channels) override { return next_++ % channels; }
  void route(const AnyBatch&, std::uint32_t, std::vector<std::uint32_t>&) override {}

 private:
  std::uint32_t next_;
};

class Rescale final : public Partitioner {
 public:
  Rescale(std::uint32_t sender, std::uint32_t senders) : sender_(sender), senders_(senders) {}
  std::optional<std::uint32_t> whole(std::uint32_t channels) override {
    if (channels <= senders_) return static_cast<std::uint32_t>(std::uint64_t{sender_} * channels / senders_);
    const auto first = static_cast<std::uint32_t>(std::uint64_t{sender_} * channels / senders_);
    const auto end = static_cast<std::uint32_t>(std::uint64_t{sender_ + 1} * channels / senders_);
    return first + next_++ % (end - first);
  }
  void route(const AnyBatch&, std::uint32_t, std::vector<std::uint32_t>&) override {}

 private:
  std::uint32_t sender_;
  std::uint32_t senders_;
  std::uint32_t next_ = 0;
};

class Shuffle final : public Partitioner {
 public:
  explicit Shuffle(std::uint64_t seed) : random_(seed) {}
  std::optional<std::uint32_t> whole(std::uint32_t channels) override {
    return channels == 1 ? std::optional<std::uint32_t>(0) : std::nullopt;
  }
  void route(const AnyBatch& batch, std::uint32_t channels, std::vector<std::uint32_t>& targets) override {
    for (std::size_t i = 0; i < batch.size(); ++i) targets.push_back(static_cast<std::uint32_t>(random_() % channels));
  }

 private:
  std::mt19937_64 random_;
};

class Broadcast final : public Partitioner {
 public:
  std::optional<std::uint32_t> whole(std::uint32_t) override { return 0; }
  void route(const AnyBatch&, std::uint32_t, std::vector<std::uint32_t>&) override {}
  bool broadcasts() const override { return true; }
};

}  // namespace

PartitionerFactory forward_partitioner() {
  return [](std::uint32_t sender) { return std::make_unique<Fixed>(sender); };
}
PartitionerFactory rebalance_partitioner() {
  return [](std::uint32_t sender) { return std::make_unique<Rebalance>(sender); };
}
PartitionerFactory rescale_partitioner(std::uint32_t senders) {
  return [senders](std::uint32_t sender) { return std::make_unique<Rescale>(sender, senders); };
}
PartitionerFactory shuffle_partitioner(std::uint64_t seed) {
  return [seed](std::uint32_t sender) { return std::make_unique<Shuffle>(hash_join(seed, sender)); };
}
PartitionerFactory broadcast_partitioner() {
  return [](std::uint32_t) { return std::make_unique<Broadcast>(); };
}
PartitionerFactory global_partitioner() {
  return [](std::uint32_t) { return std::make_unique<Fixed>(0); };
}

}  // namespace weir
