// Drops repetitions. Kept is only that a key was seen, and at what time, never the record.
//
//   orders.key_by(&Order::id).distinct("once")                                    // the first record of each id
//   orders.key_by(&Order::id).distinct("once", {.time_to_live = 24h})             // of each day or so
//   prices.key_by(&Price::symbol).deduplicate("newest", Keep::Last)               // every record that is not older than
//                                                                                 // those before: rows by key, see README
//
// First means first to arrive. With Refresh::OnReadAndWrite a repetition starts the time to live anew.
#pragma once

#include <weir/operators/keyed_stream.hpp>
#include <weir/operators/named_step.hpp>
#include <weir/operators/rolling.hpp>
#include <weir/operators/typed_operator.hpp>
#include <weir/state/time_to_live.hpp>

namespace weir {

enum class Keep : std::uint8_t {
  First,  // one record per key
  Last,   // each that has at least the greatest event time so far: the newest takes the place of those before
};

template <class T, class KeyOf>
class Deduplicate final : public ContextOperator {
 public:
  using K = KeyOfResult<T, KeyOf>;

  Deduplicate(KeyOf key_of, Keep keep, const StateOptions& options)
      : key_of_(std::move(key_of)), keep_(keep), time_to_live_(options) {}

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    seen_ = &context.state().table<K, Kept<EventTime>>("seen");
  }

  void process(BatchPtr batch, std::uint32_t) override {
    auto& in = batch_of<T>(*batch);
    const ProcessingTime now = context().now();
    std::size_t kept = 0;
    std::vector<T>& records = in.records.own();
    for_each_key(*seen_, in.records, key_of_, lookups_, [&](std::size_t i, const K& key, const Lookup& lookup) {
      if (!passes(key, lookup, in.times[i], now)) return;
      if (kept != i) {
        records[kept] = std::move(records[i]);
        in.times[kept] = in.times[i];
      }
      ++kept;
    });
    expire_some(records.size() * 4);  // faster than it grows
    records.erase(records.begin() + static_cast<std::ptrdiff_t>(kept), records.end());
    in.times.resize(kept);
    context().emit(0, std::move(batch));
  }

  void before_snapshot(CheckpointId) override { expire_some(65536); }

 private:
  bool passes(const K& key, const Lookup& lookup, EventTime time, ProcessingTime now) {
    const Kept<EventTime>* seen = seen_->find(key, lookup);
    const bool known = seen != nullptr && !time_to_live_.expired(seen->expires_ms, now);
    const bool passes = !known || (keep_ == Keep::Last && time >= seen->value);
    if (passes) seen_->edit(key, lookup) = {time, time_to_live_.deadline(now)};
    else if (time_to_live_.refreshed_by_reading()) seen_->edit(key, lookup).expires_ms = time_to_live_.deadline(now);
    return passes;
  }

  void expire_some(std::size_t budget) {
    if (!time_to_live_.limited()) return;
    const ProcessingTime now = context().now();
    swept_ = seen_->erase_some(swept_, budget, [&](const K&, const Kept<EventTime>& seen) {
      return time_to_live_.expired(seen.expires_ms, now);
    });
  }

  KeyOf key_of_;
  Keep keep_;
  TimeToLive time_to_live_;
  StateTable<K, Kept<EventTime>>* seen_ = nullptr;
  std::vector<Lookup> lookups_;
  std::uint32_t swept_ = 0;
};

template <class T, class KeyOf>
Stream<T> KeyedStream<T, KeyOf>::deduplicate(const std::string& name, Keep keep, const StateOptions& options, StepOptions step) const {
  return stream_.template step<T>("deduplicate", named("deduplicate", name, step), [key_of = key_of_, keep, options] {
    return std::make_unique<Deduplicate<T, KeyOf>>(key_of, keep, options);
  });
}
template <class T, class KeyOf>
Stream<T> KeyedStream<T, KeyOf>::deduplicate(const std::string& name, Keep keep) const { return deduplicate(name, keep, {}); }
template <class T, class KeyOf>
Stream<T> KeyedStream<T, KeyOf>::distinct(const std::string& name, const StateOptions& options, StepOptions step) const {
  return deduplicate(name, Keep::First, options, step);
}
template <class T, class KeyOf>
Stream<T> KeyedStream<T, KeyOf>::distinct(const std::string& name) const { return distinct(name, {}); }

}  // namespace weir
