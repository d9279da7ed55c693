// Keeps the records for which the predicate holds, in place.
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
    std::size_t kept = 0;
    for (std::size_t i = 0; i < in.records.size(); ++i) kept = keep(in, kept, i);
    in.records.erase(in.records.begin() + static_cast<std::ptrdiff_t>(kept), in.records.end());
    in.times.resize(kept);
    context().emit(0, std::move(batch));
  }

 private:
  /// A record of at most a cache line is cheaper to copy in vain than a branch that is guessed wrong.
  static constexpr bool kCopyAlways = std::is_trivially_copyable_v<T> && sizeof(T) <= 64;

  /// Moves record i to `kept` if the predicate holds. Returns where the next one goes.
  std::size_t keep(Batch<T>& in, std::size_t kept, std::size_t i) {
    const bool holds = std::invoke(predicate_, std::as_const(in.records[i]));
    if constexpr (kCopyAlways) {
      in.records[kept] = in.records[i];
      in.times[kept] = in.times[i];
      return kept + (holds ? 1 : 0);
    } else {
      if (!holds) return kept;
      if (kept != i) {
        in.records[kept] = std::move(in.records[i]);
        in.times[kept] = in.times[i];
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
