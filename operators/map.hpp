// One record in, one record out; the event time stays.
#pragma once

#include <weir/operators/stream.hpp>
#include <weir/operators/typed_operator.hpp>

namespace weir {

/// What a function makes of records, each of which is moved into it unless others read it too.
template <class Out, class In, class F>
std::vector<Out> map_records(Records<In>& records, F& function) {
  std::vector<Out> made;
  made.reserve(records.size());
  if constexpr (std::invocable<F&, const In&>) {
    if (records.is_shared()) {
      for (const In& record : records) made.push_back(std::invoke(function, record));
      return made;
    }
  }
  for (In& record : records.own()) made.push_back(std::invoke(function, std::move(record)));
  return made;
}

/// The same of a batch, which is used up.
template <class Out, class In, class F>
BatchPtr map_batch(Batch<In>& in, F& function) {
  auto out = std::make_unique<Batch<Out>>();
  out->records = map_records<Out>(in.records, function);
  out->times = std::move(in.times);
  out->origin = std::move(in.origin);
  return out;
}

template <class In, class Out, class F>
class MapOperator final : public ContextOperator {
 public:
  explicit MapOperator(F function) : function_(std::move(function)) {}

  void process(BatchPtr batch, std::uint32_t) override {
    auto& in = batch_of<In>(*batch);
    if constexpr (std::is_same_v<In, Out> && std::is_move_assignable_v<Out>) {
      if (!in.records.is_shared()) {
        for (In& record : in.records.own()) record = std::invoke(function_, std::move(record));
        return context().emit(0, std::move(batch));
      }
    }
    context().emit(0, map_batch<Out>(in, function_));
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
