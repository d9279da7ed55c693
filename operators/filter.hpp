// Keeps the records for which the predicate holds: in place, unless others read them too.
#pragma once

#include <weir/operators/stream.hpp>
#include <weir/operators/typed_operator.hpp>

namespace weir {

template <class T, class F>
class Filter final : public ContextOperator {
 public:
  explicit Filter(F predicate) : predicate_(std::move(predicate)) {}

  void process(BatchPtr batch, std::uint32_t) override {
    auto& in = batch_of<T>(*batch);
    const std::size_t kept = in.records.is_shared() ? copy_kept(in) : move_kept(in.records.own(), in.times);
    in.times.resize(kept);
    context().emit(0, std::move(batch));
  }

 private:
  /// A record of at most a cache line is cheaper to copy in vain than a branch that is guessed wrong.
  static constexpr bool kCopyAlways = std::is_trivially_copyable_v<T> && sizeof(T) <= 64;

  std::size_t copy_kept(Batch<T>& in) {
    const T* const records = in.records.data();
    const std::size_t count = in.records.size();
    std::vector<T> copies(kCopyAlways ? count : 0);
    T* const copied = copies.data();
    EventTime* const times = in.times.data();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const bool holds = std::invoke(predicate_, records[i]);
      if constexpr (kCopyAlways) copied[kept] = records[i];
      else if (holds) copies.push_back(records[i]);
      times[kept] = times[i];
      kept += holds ? 1 : 0;
    }
    copies.resize(kept);
    in.records = std::move(copies);
    return kept;
  }

  std::size_t move_kept(std::vector<T>& records, std::vector<EventTime>& times) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < records.size(); ++i) kept = keep(records, times, kept, i);
    records.erase(records.begin() + static_cast<std::ptrdiff_t>(kept), records.end());
    return kept;
  }

  /// Moves record i to `kept` if the predicate holds. Returns where the next one goes.
  std::size_t keep(std::vector<T>& records, std::vector<EventTime>& times, std::size_t kept, std::size_t i) {
    const bool holds = std::invoke(predicate_, std::as_const(records[i]));
    if constexpr (kCopyAlways) {
      records[kept] = records[i];
      times[kept] = times[i];
      return kept + (holds ? 1 : 0);
    } else {
      if (!holds) return kept;
      if (kept != i) {
        records[kept] = std::move(records[i]);
        times[kept] = times[i];
      }
      return kept + 1;
    }
  }

  F predicate_;
};

template <class T>
template <class F>
Stream<T> Stream<T>::filter(F predicate, StepOptions options) const {
  constexpr bool valid = Predicate<F, T>;
  static_assert(valid, "filter: the predicate must take one record of the stream by const reference and return bool");
  if constexpr (valid) {
    return step<T>("filter", options, [predicate] { return std::make_unique<Filter<T, F>>(predicate); });
  } else {
    return *this;
  }
}

}  // namespace weir
