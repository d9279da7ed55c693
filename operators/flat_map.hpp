// One record in, any number out, at the record's event time.
#pragma once

#include <weir/operators/emitter.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/typed_operator.hpp>

namespace weir {

/// What a flat_map function calls with each result.
template <class Out>
class Collector {
 public:
  Collector(Emitter<Out>& emitter, EventTime time) : emitter_(emitter), time_(time) {}
  void operator()(Out record) const { emitter_.emit(std::move(record), time_); }

 private:
  Emitter<Out>& emitter_;
  EventTime time_;
};

template <class F, class T, class Out>
concept FlatMapFunction = std::copy_constructible<F> && std::invocable<F&, const T&, Collector<Out>>;

template <class In, class Out, class F>
class FlatMap final : public ContextOperator {
 public:
  explicit FlatMap(F function) : function_(std::move(function)) {}

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    emitter_.open(context);
  }

  void process(BatchPtr batch, std::uint32_t) override {
    const auto& in = batch_of<In>(*batch);
    for (std::size_t i = 0; i < in.records.size(); ++i) function_(in.records[i], Collector<Out>(emitter_, in.times[i]));
    emitter_.flush();
  }

 private:
  F function_;
  Emitter<Out> emitter_;
};

template <class T>
template <class Yield, class F>
Stream<RecordOr<Yield>> Stream<T>::flat_map(F function, StepOptions options) const {
  using Out = RecordOr<Yield>;
  constexpr bool valid = FlatMapFunction<F, T, Out>;
  static_assert(valid, "flat_map<Out>: the function must take (const Record&, auto&& out) and call out(Out)");
  if constexpr (valid) {
    return step<Out>("flat_map", options, [function] { return std::make_unique<FlatMap<T, Out, F>>(function); });
  } else {
    return Stream<Out>(graph(), node(), port());
  }
}

}  // namespace weir
