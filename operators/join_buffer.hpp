// One side of a join whose records wait for partners near them in time: found by key and range of times, and given up one by one
// when the watermark has passed the last partner they could have.
//
// The records are keyed state, an entry each; which one is given up next is a queue in memory, made anew on restore. Order:
// by time, then by the key's hash, the same in every run.
#pragma once

#include <algorithm>
#include <optional>
#include <tuple>
#include <vector>

#include <weir/state/scoped_table.hpp>

namespace weir {

/// A buffered record's place: its time, and a number among those of one key and time.
struct BufferPlace {
  EventTime time;
  std::uint64_t number = 0;
  friend auto operator<=>(const BufferPlace&, const BufferPlace&) = default;
};
WEIR_RECORD(BufferPlace, time, number);

template <class T>
struct Buffered {
  T record{};
  bool matched = false;
};
template <class T>
constexpr auto weir_fields(const Buffered<T>*) {
  return std::make_tuple(make_field("record", &Buffered<T>::record), make_field("matched", &Buffered<T>::matched));
}
template <class T>
constexpr std::string_view weir_record_name(const Buffered<T>*) { return "Buffered"; }

/// The records of one side that may still find partners, and when they no longer can.
template <class K, class T>
class JoinBuffer {
 public:
  struct Due {
    std::int64_t ms = 0;  // the last time of a partner
    std::uint64_t hash = 0;
    K key{};
    BufferPlace place;
  };

  /// `wait`: how much later than a record its last partner can be.
  void open(OperatorState& state, const std::string& name, Duration wait) {
    wait_ = wait;
    records_.emplace(state, name);
    records_->for_each([&](const K& key, const BufferPlace& place, const Buffered<T>&) { push(key, place); });
  }

  void add(const K& key, const T& record, EventTime time, bool matched) {
    const BufferPlace place{time, next_number(key, time)};
    records_->edit(key, place) = {record, matched};
    push(key, place);
  }

  /// Calls match(record, time) for all within [from, to], in order of time, and marks them matched if `marking`.
  enum class Marking : std::uint8_t { No, Yes };
  template <class Match>
  void for_range(const K& key, EventTime from, EventTime to, Marking marking, Match&& match) {
    const auto* places = records_->scopes(key);
    if (places == nullptr) return;
    for (auto at = places->lower_bound({from, 0}); at != places->end() && at->time <= to; ++at) {
      const Buffered<T>* found = records_->find(key, *at);
      if (marking == Marking::Yes && !found->matched) records_->edit(key, *at).matched = true;
      match(found->record, at->time);
    }
  }

  /// When the next record is done with, if any is by `up_to`.
  const Due* due(EventTime up_to) const { return queue_.empty() || queue_.front().ms > up_to.ms ? nullptr : &queue_.front(); }

  /// Removes the record that is done with; calls unmatched(record, time) if it had no partner.
  template <class Unmatched>
  void remove_due(Unmatched&& unmatched) {
    std::pop_heap(queue_.begin(), queue_.end(), later);
    const Due done = std::move(queue_.back());
    queue_.pop_back();
    const Buffered<T>* found = records_->find(done.key, done.place);
    if (!found->matched) unmatched(found->record, done.place.time);
    records_->erase(done.key, done.place);
  }

 private:
  static bool later(const Due& a, const Due& b) {
    return std::tie(a.ms, a.hash, a.place) > std::tie(b.ms, b.hash, b.place);
  }

  void push(const K& key, const BufferPlace& place) {
    queue_.push_back({(place.time + wait_).ms, hash_of(key), key, place});
    std::push_heap(queue_.begin(), queue_.end(), later);
  }

  std::uint64_t next_number(const K& key, EventTime time) const {
    const auto* places = records_->scopes(key);
    if (places == nullptr) return 0;
    auto after = places->upper_bound({time, std::numeric_limits<std::uint64_t>::max()});
    return after == places->begin() || (--after)->time != time ? 0 : after->number + 1;
  }

  Duration wait_{0};
  std::optional<ScopedTable<K, BufferPlace, Buffered<T>>> records_;
  std::vector<Due> queue_;  // a heap; in memory only
};

}  // namespace weir
