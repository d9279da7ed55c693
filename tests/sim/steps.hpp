// Steps of simulated pipelines that the public API has no counterpart for, made to stress what it promises: a source whose
// records come in any portions, a window that fires in small steps, a filter that keeps each broadcast record once.
#pragma once

#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/ledger.hpp"

namespace weir::sim {

/// The records of a source, by split. Nothing changes them while the job runs.
using Splits = std::vector<Events>;

/// Reads splits in portions, with pauses, as `random` says.
struct SplitSource {
  using Record = Event;
  std::shared_ptr<const Splits> splits;       // shared by all attempts of the job
  std::shared_ptr<std::mt19937_64> random;    // the scheduler's

  class Reader final : public SplitReader<Event> {
   public:
    Reader(const Events& events, std::shared_ptr<std::mt19937_64> random, std::size_t next)
        : events_(events), random_(std::move(random)), next_(next) {}

    ReadResult read(Batch<Event>& batch, std::size_t max_records) override {
      if (next_ == events_.size()) return ReadResult::end();
      if ((*random_)() % 8 == 0) return ReadResult::wait_for(Duration((*random_)() % 20));
      for (std::size_t left = 1 + (*random_)() % max_records; left > 0 && next_ < events_.size(); --left) {
        batch.records.push_back(events_[next_++]);
      }
      return ReadResult::more();
    }
    SplitPosition position() const override { return {static_cast<std::int64_t>(next_), static_cast<std::int64_t>(next_)}; }

   private:
    const Events& events_;
    std::shared_ptr<std::mt19937_64> random_;
    std::size_t next_;
  };

  std::unique_ptr<Source<Event>> make() const;
};

class SplitSourceReading final : public Source<Event> {
 public:
  explicit SplitSourceReading(const SplitSource& source) : source_(source) {}
  std::vector<std::string> discover() override {
    std::vector<std::string> names;
    for (std::size_t split = 0; split < source_.splits->size(); ++split) names.push_back("split" + std::to_string(split));
    return names;
  }
  std::unique_ptr<SplitReader<Event>> open(const std::string& split, const SplitPosition& from, OperatorContext&) override {
    const auto number = static_cast<std::size_t>(std::stoul(split.substr(5)));
    return std::make_unique<SplitSource::Reader>((*source_.splits)[number], source_.random, static_cast<std::size_t>(from.offset));
  }
  std::size_t concurrent_splits() const override { return source_.splits->size(); }

 private:
  SplitSource source_;
};

inline std::unique_ptr<Source<Event>> SplitSource::make() const { return std::make_unique<SplitSourceReading>(*this); }

/// The sum of each key's values over tumbling windows. Emits at most three results a step.
class TumblingSum final : public ContextOperator {
 public:
  TumblingSum(std::int64_t size_ms, Ledger& ledger) : size_ms_(size_ms), ledger_(ledger) {}

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    emitter_.open(context);
    sums_ = &context.state().table<Scoped<std::int64_t, EventTime>, std::int64_t>("sums");
    sums_->for_each([&](const auto& window, const auto&) { pending_.emplace(window.scope, window.key); });
  }

  void process(BatchPtr batch, std::uint32_t) override {
    const auto& in = batch_of<Event>(*batch);
    for (std::size_t i = 0; i < in.records.size(); ++i) {
      const EventTime end{(in.times[i].ms / size_ms_ + 1) * size_ms_};
      if (end - Duration(1) <= context().watermark()) {
        ledger_.faults.push_back("window '" + context().name() + "' got " + to_text(in.records[i]) + " behind watermark " +
                                 std::to_string(context().watermark().ms));
      }
      sums_->edit({in.records[i].key, end}) += in.records[i].value;
      pending_.emplace(end, in.records[i].key);
    }
  }

  Progress on_watermark(EventTime time) override {
    int fired = 0;
    while (!pending_.empty() && pending_.begin()->first - Duration(1) <= time) {
      if (fired++ == 3 || context().output_full()) {
        emitter_.flush();
        return Progress::More;
      }
      const auto [end, key] = *pending_.begin();
      const EventTime at = end - Duration(1);
      emitter_.emit({key, *sums_->find({key, end}), 0, "window", {}, at}, at);
      sums_->erase({key, end});
      pending_.erase(pending_.begin());
    }
    emitter_.flush();
    return Progress::Done;
  }

 private:
  std::int64_t size_ms_;
  Ledger& ledger_;
  Emitter<Event> emitter_;
  StateTable<Scoped<std::int64_t, EventTime>, std::int64_t>* sums_ = nullptr;
  std::set<std::pair<EventTime, std::int64_t>> pending_;  // the windows of sums_, by end
};

/// Of a broadcast stream, the share of this task: every record is kept by exactly one.
class KeepShare final : public ContextOperator {
 public:
  void process(BatchPtr batch, std::uint32_t) override {
    auto& in = batch_of<Event>(*batch);
    auto out = std::make_unique<Batch<Event>>();
    for (std::size_t i = 0; i < in.records.size(); ++i) {
      const std::uint64_t hash = hash_of(in.records[i].key);
      if (hash % context().parallelism() == context().task()) out->push(in.records[i], in.times[i]);
    }
    context().emit(0, std::move(out));
  }
};

}  // namespace weir::sim
