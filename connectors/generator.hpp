// Load and examples need records that come from nowhere, always the same, at a chosen rate:
//
//   pipeline.source("orders", Generate<Order>{.record = [](std::int64_t n) { return order(n); }, .records_per_second = 50'000})
//
// Record n is made by the function alone, so the records do not depend on rate, parallelism or restarts. Split s of S makes
// the numbers s, s + S, s + 2 S, …
//
// Guarantee: replayable, so results are exactly once.
//
// With a rate, record n is due at (the time at which the split was opened) + (n - the number it began with) / rate; or, with
// `first_due`, at that + n / rate, as from a world that does not wait for the job: event times are the same after every restart. The
// source never emits before that, and when it was held up it emits what is overdue at once: the schedule does not give way.
// A record's event time is the moment at which it was due, until event_time() assigns another; where milliseconds are too
// coarse, `scheduled_record` gets the moment in nanoseconds. Latency measured from there includes every wait, also that of
// records which a stall kept from being made. Without a rate nothing is scheduled, and there is no event time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/dataflow/source.hpp>

namespace weir {

template <class T>
struct Generate {
  using Record = T;

  std::function<T(std::int64_t number)> record = {};  // this one ...
  /// ... or this one; `due` counts from 1970 in processing time.
  std::function<T(std::int64_t number, std::chrono::nanoseconds due)> scheduled_record = {};
  std::optional<std::int64_t> count = {};  // of all splits; empty: without end
  double records_per_second = 0;           // of all splits; 0: as fast as it can
  std::optional<ProcessingTime> first_due = {};  // empty: whenever a split is opened its schedule begins anew
  std::uint32_t splits = 1;

  std::unique_ptr<Source<T>> make() const;
};

/// When the records of one split are due. Pure.
class EmissionSchedule {
 public:
  /// `records_per_second` of the split; 0: always.
  EmissionSchedule(double records_per_second, ProcessingTime start)
      : records_per_second_(records_per_second), start_(start) {}

  bool paced() const { return records_per_second_ > 0; }
  /// When the record at `index`, counted from the start, is due.
  std::chrono::nanoseconds due(std::int64_t index) const {
    constexpr double kCentury = 3e18;  // nanoseconds: whatever is due later is due never
    const double nanoseconds = static_cast<double>(index) * 1e9 / records_per_second_;
    return std::chrono::milliseconds(start_.ms) +
           std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(nanoseconds, kCentury)));
  }
  /// How many records are due by `now`.
  std::int64_t due_by(ProcessingTime now) const {
    constexpr double kMost = 1e18;  // more than anything makes
    const double seconds = static_cast<double>((now - start_).count()) / 1000;
    return seconds < 0 ? 0
                       : static_cast<std::int64_t>(std::floor(std::min(seconds * records_per_second_, kMost))) + 1;
  }
  /// How long to wait for the record at `index`, in whole milliseconds.
  Duration wait_for(std::int64_t index, ProcessingTime now) const {
    const auto when = std::chrono::ceil<Duration>(due(index));
    return std::max(Duration(1), when - Duration(now.ms));
  }

 private:
  double records_per_second_;
  ProcessingTime start_;
};

template <class T>
class GeneratorReader final : public SplitReader<T> {
 public:
  GeneratorReader(const Generate<T>& options, std::uint32_t split, std::int64_t made,
                  OperatorContext& context)
      : options_(options),
        split_(split),
        first_(options.first_due ? 0 : made),
        made_(made),
        context_(context),
        schedule_(options.records_per_second / options.splits, options.first_due.value_or(context.now())) {}

  ReadResult read(Batch<T>& batch, std::size_t max_records) override {
    std::int64_t until = made_ + static_cast<std::int64_t>(max_records);
    if (options_.count) until = std::min(until, records_of_split());
    if (schedule_.paced()) until = std::min(until, first_ + schedule_.due_by(context_.now()));
    for (; made_ < until; ++made_) make(batch);
    if (options_.count && made_ >= records_of_split()) return ReadResult::end();
    if (!schedule_.paced() || static_cast<std::size_t>(batch.records.size()) == max_records)
      return ReadResult::more();
    return ReadResult::wait_for(schedule_.wait_for(made_ - first_, context_.now()));
  }

  SplitPosition position() const override { return {made_, number()}; }

 private:
  std::int64_t number() const { return split_ + made_ * options_.splits; }
  std::int64_t records_of_split() const {
    return (*options_.count - split_ + options_.splits - 1) / options_.splits;
  }

  void make(Batch<T>& batch) {
    if (!schedule_.paced()) {
      batch.records.push_back(options_.record ? options_.record(number())
                                              : options_.scheduled_record(number(), {}));
      return;
    }
    const auto due = schedule_.due(made_ - first_);
    batch.push(
        options_.record ? options_.record(number()) : options_.scheduled_record(number(), due),
        EventTime{std::chrono::floor<Duration>(due).count()});
  }

  const Generate<T> options_;
  std::int64_t split_;
  std::int64_t first_;  // that its schedule begins with, counted within the split
  std::int64_t made_;
  OperatorContext& context_;
  EmissionSchedule schedule_;
};

template <class T>
class GeneratorSource final : public Source<T> {
 public:
  explicit GeneratorSource(Generate<T> options) : options_(std::move(options)) {
    if (static_cast<bool>(options_.record) == static_cast<bool>(options_.scheduled_record)) {
      throw Failure("a generator needs either a record function or a scheduled_record function");
    }
    if (options_.splits == 0) throw Failure("a generator needs at least 1 split");
    if (!(options_.records_per_second >= 0) || !std::isfinite(options_.records_per_second))
      throw Failure("a generator's records_per_second must be a finite number and cannot be negative; 0 is as fast as it can");
  }

  std::vector<std::string> discover() override {
    std::vector<std::string> names;
    for (std::uint32_t split = 0; split < options_.splits; ++split)
      names.push_back(std::to_string(split));
    return names;
  }
  std::unique_ptr<SplitReader<T>> open(const std::string& split, const SplitPosition& from,
                                       OperatorContext& context) override {
    return std::make_unique<GeneratorReader<T>>(
        options_, static_cast<std::uint32_t>(std::stoul(split)), from.offset, context);
  }
  std::size_t concurrent_splits() const override { return options_.splits; }

 private:
  Generate<T> options_;
};

template <class T>
std::unique_ptr<Source<T>> Generate<T>::make() const {
  return std::make_unique<GeneratorSource<T>>(*this);
}

}  // namespace weir
