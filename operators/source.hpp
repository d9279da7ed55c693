// The operator that reads a source: deals splits out, reads them, and keeps their positions in state.
#pragma once

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <weir/base/hash.hpp>
#include <weir/dataflow/source.hpp>

namespace weir {

struct SplitRecord {
  std::string split;
  SplitPosition position;
  bool ended = false;
};
WEIR_RECORD(SplitRecord, split, position, ended);

/// Reads the splits that fall to this task.
template <class T>
class ReadSource final : public SourceOperator {
 public:
  explicit ReadSource(std::unique_ptr<Source<T>> source) : source_(std::move(source)) {}

  void open(OperatorContext& context) override {
    context_ = &context;
    stored_ = &context.state().list<SplitRecord>("splits", ChunkKind::Union);
    for (SplitRecord& split : *stored_) {
      split.split = own_name(split.split);
      known_.emplace(split.split, split);
    }
    discover();
    for (const auto& [name, split] : known_) {
      if (split.ended || listed_.contains(name)) continue;
      throw Failure("source '" + context.name() + "' continues " + name + " behind " + std::to_string(split.position.record) +
                    ", but it is gone; bring it back or start over");
    }
  }

  Poll poll(std::size_t max_records) override {
    rediscover_if_due();
    while (readers_.size() < source_->concurrent_splits() && open_next()) {
    }
    std::optional<Duration> wait;
    // Two operators that each wait for another split must not wait for ever.
    const bool any_wanted = std::any_of(readers_.begin(), readers_.end(), [&](const Reading& reading) { return wanted(reading); });
    for (std::size_t tried = readers_.size(); tried > 0; --tried) {
      turn_ %= readers_.size();
      if (any_wanted && !wanted(readers_[turn_])) {
        ++turn_;
        continue;
      }
      const ReadResult result = read(readers_[turn_], max_records);
      switch (result.state) {
        case ReadResult::State::More: ++turn_; return {};
        case ReadResult::State::End: close(turn_); return {};
        case ReadResult::State::Wait:
          if (result.wait) wait = wait ? std::min(*wait, *result.wait) : *result.wait;
          ++turn_;
      }
    }
    if (readers_.empty() && !source_->rediscover()) return {Poll::State::End, {}};
    if (readers_.empty() && !std::exchange(idle_, true)) context_->emit_idle();
    Poll waiting{Poll::State::Wait, {}};
    if (wait) waiting.wake_at = context_->now() + *wait;
    if (next_discovery_ && (!waiting.wake_at || *next_discovery_ < *waiting.wake_at)) waiting.wake_at = next_discovery_;
    return waiting;
  }

  void before_snapshot(CheckpointId) override {
    stored_->clear();
    for (const auto& [name, split] : known_) {
      if (mine(name)) stored_->push_back(split);
    }
    for (const Reading& reading : readers_) {
      for (SplitRecord& split : *stored_) {
        if (split.split == *reading.split) split.position = reading.reader->position();
      }
    }
  }

 private:
  struct Reading {
    std::shared_ptr<const std::string> split;  // owned with the batches read from it
    std::unique_ptr<SplitReader<T>> reader;
  };

  std::string own_name(const std::string& split) const {
    const bool one_process = context_->attempt().job == 0;
    return one_process ? source_->own_name(split) : split;
  }

  void discover() {
    for (const std::string& found : source_->discover()) {
      const std::string name = own_name(found);
      const auto [entry, added] = known_.try_emplace(name, SplitRecord{name, {}, false});
      if (listed_.insert(name).second && mine(name) && !entry->second.ended) order_.push_back(name);
    }
    if (const auto every = source_->rediscover()) next_discovery_ = context_->now() + *every;
  }

  /// The name alone decides, since new splits may turn up between the calls of two tasks. Numbers are dealt out in turn.
  bool mine(const std::string& split) const {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(split.data(), split.data() + split.size(), number);
    if (error != std::errc() || end != split.data() + split.size()) number = hash_bytes(split);
    return number % context_->parallelism() == context_->task();
  }

  void rediscover_if_due() {
    if (next_discovery_ && context_->now() >= *next_discovery_) discover();
  }

  bool open_next() {
    if (next_ == order_.size()) return false;
    const SplitRecord& split = known_.at(order_[next_++]);
    auto name = std::make_shared<const std::string>(split.split);
    readers_.push_back({name, source_->open(split.split, split.position, *context_)});
    idle_ = false;
    context_->forward({SplitEvent::Kind::Opened, name});
    return true;
  }

  bool wanted(const Reading& reading) const { return context_->wants_split(*reading.split); }

  ReadResult read(Reading& reading, std::size_t max_records) {
    auto batch = std::make_unique<Batch<T>>();
    batch->origin = {reading.split, reading.reader->position().record};
    const ReadResult result = reading.reader->read(*batch, max_records);
    batch->times.resize(batch->records.size(), EventTime::min());
    if (!batch->records.empty()) context_->emit(0, std::move(batch));
    return result;
  }

  void close(std::size_t index) {
    const auto name = readers_[index].split;
    SplitRecord& split = known_.at(*name);
    split.position = readers_[index].reader->position();
    split.ended = true;
    readers_.erase(readers_.begin() + static_cast<std::ptrdiff_t>(index));
    // The next split opens first, so that the watermark never stands without a split that holds it.
    while (readers_.size() < source_->concurrent_splits() && open_next()) {
    }
    context_->forward({SplitEvent::Kind::Closed, name});
  }

  std::unique_ptr<Source<T>> source_;
  OperatorContext* context_ = nullptr;
  std::map<std::string, SplitRecord> known_;       // with positions, of all tasks after a restore
  std::set<std::string> listed_;
  std::vector<std::string> order_;                 // this task's splits still to be read
  std::size_t next_ = 0;
  std::vector<Reading> readers_;
  std::size_t turn_ = 0;
  bool idle_ = false;                              // no split is open, and downstream knows
  std::optional<ProcessingTime> next_discovery_;
  std::vector<SplitRecord>* stored_ = nullptr;
};

}  // namespace weir
