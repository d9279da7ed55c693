// The best n records of each key at any time. When a record enters, those it pushes down change rank; each rank that has a new
// record is emitted as a row {rank, record}. The newest row of a key and rank is the valid one (README, "Changing
// results"); ranks fill up from 1 and are never given up, so that there is nothing to retract.
//
//   bids.key_by(&Bid::auction).top_n("top", 10, [](const Bid& a, const Bid& b) { return a.price > b.price; })
//
// `before(a, b)` says that a ranks before b; of equal records the first to arrive does. State: the n records, as one
// value per key: meant for an n of tens, not of thousands.
#pragma once

#include <algorithm>

#include <weir/operators/emitter.hpp>
#include <weir/operators/keyed_stream.hpp>
#include <weir/operators/named_step.hpp>
#include <weir/operators/rolling.hpp>
#include <weir/operators/typed_operator.hpp>

namespace weir {

/// A record and its place among those of its key, counted from 1.
template <class T>
struct Ranked {
  std::int64_t rank = 0;
  T record{};
  friend bool operator==(const Ranked&, const Ranked&) = default;
};
template <class T>
constexpr auto weir_fields(const Ranked<T>*) {
  return std::make_tuple(make_field("rank", &Ranked<T>::rank), make_field("record", &Ranked<T>::record));
}
template <class T>
constexpr std::string_view weir_record_name(const Ranked<T>*) { return "Ranked"; }

/// Says which of two records ranks first.
template <class F, class T>
concept RankFunction = std::copy_constructible<F> && std::predicate<const F&, const T&, const T&>;

template <class T, class KeyOf, class F>
class TopN final : public ContextOperator {
 public:
  using K = KeyOfResult<T, KeyOf>;

  TopN(KeyOf key_of, std::size_t n, F before) : key_of_(std::move(key_of)), n_(n), before_(std::move(before)) {}

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    emitter_.open(context);
    best_ = &context.state().table<K, std::vector<T>>("best");
  }

  void process(BatchPtr batch, std::uint32_t) override {
    const auto& in = batch_of<T>(*batch);
    for_each_key(*best_, in.records, key_of_, lookups_, [&](std::size_t i, const K& key, const Lookup& lookup) {
      const T& record = in.records[i];
      const std::vector<T>* now = best_->find(key, lookup);
      if (now != nullptr && now->size() == n_ && !before_(record, now->back())) return;
      std::vector<T>& best = best_->edit(key, lookup);
      const auto place = std::upper_bound(best.begin(), best.end(), record, before_) - best.begin();
      best.insert(best.begin() + place, record);
      if (best.size() > n_) best.pop_back();
      for (auto rank = static_cast<std::size_t>(place); rank < best.size(); ++rank) {
        emitter_.emit({static_cast<std::int64_t>(rank + 1), best[rank]}, in.times[i]);
      }
    });
    emitter_.flush();
  }

 private:
  KeyOf key_of_;
  std::size_t n_;
  F before_;
  StateTable<K, std::vector<T>>* best_ = nullptr;
  std::vector<Lookup> lookups_;
  Emitter<Ranked<T>> emitter_;
};

template <class T, class KeyOf>
template <class F>
auto KeyedStream<T, KeyOf>::top_n(const std::string& name, std::size_t n, F before, StepOptions options) const {
  constexpr bool valid = RankFunction<F, T>;
  static_assert(valid, "top_n: the function must take two records by const reference and return whether the first ranks before the second");
  if (n == 0) throw Failure("top_n '" + name + "': n must be at least 1");
  if constexpr (valid) {
    return stream_.template step<Ranked<T>>("top_n", named("top_n", name, options), [key_of = key_of_, n, before] {
      return std::make_unique<TopN<T, KeyOf, F>>(key_of, n, before);
    });
  } else {
    return Stream<Ranked<T>>(stream_.graph(), stream_.node(), stream_.port());
  }
}

}  // namespace weir
