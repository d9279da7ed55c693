// One record in, one record out; the event time stays.
#pragma once

#include <weir/operators/stream.hpp>
#include <weir/operators/typed_operator.hpp>

namespace weir {

template <class In, class Out, class F>
class MapOperator final : public ContextOperator {
 public:
  explicit MapOperator(F function) : function_(std::move(function)) {}

  void process(BatchPtr batch, std::uint32_t) override {
    auto& in = batch_of<In>(*batch);
    if constexpr (std::is_same_v<In, Out> && std::is_move_assignable_v<Out>) {
      for (In& record : in.records) record = std::invoke(function_, std::move(record));
      context().emit(0, std::move(batch));
    } else {
      auto out = std::make_unique<Batch<Out>>();
      out->records.reserve(in.records.size());
      for (In& record : in.records) out->records.push_back(std::invoke(function_, std::move(record)));
      out->times = std::move(in.times);
      out->origin = std::move(in.origin);
      context().emit(0, std::move(out));
    }
  }

 private:
  F function_;
};

template <class T>
template <class F>
auto Stream<T>::map(F function, StepOptions options) const {
  constexpr bool valid = MapFunction<F, T>;
  static_assert(valid, "map: the function must take one record of the stream and return a value");
  using Out = RecordOr<ResultOf<valid, F, T>>;
  if constexpr (valid) {
    return step<Out>("map", options, [function] { return std::make_unique<MapOperator<T, Out, F>>(function); });
  } else {
    return Stream<Out>(graph(), node(), port());
  }
}

}  // namespace weir
