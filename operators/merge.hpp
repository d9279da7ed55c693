// The union of two streams of one type. (`union` is a keyword.)
#pragma once

#include <weir/operators/stream.hpp>
#include <weir/operators/typed_operator.hpp>

namespace weir {

/// Passes every batch on as it is.
class Merge final : public ContextOperator {
 public:
  void process(BatchPtr batch, std::uint32_t) override { context().emit(0, std::move(batch)); }
};

template <class T>
Stream<T> Stream<T>::merge(const Stream& other, StepOptions options) const {
  const auto merged = step<T>("merge", options, [] { return std::make_unique<Merge>(); });
  other.feed(merged.node(), 0);
  return merged;
}

template <class T>
template <class F>
Stream<T> Stream<T>::partition(F choose) const {
  constexpr bool valid = std::copy_constructible<F> && std::invocable<F&, const T&, std::uint32_t>;
  static_assert(valid, "partition: the function must take (const Record&, std::uint32_t tasks) and return a task's index");
  if constexpr (valid) {
    return routed({Routing::Kind::Custom, [choose](const EdgeShape&) {
                     return [choose](std::uint32_t) { return std::make_unique<CustomPartitioner<T, F>>(choose); };
                   }});
  } else {
    return *this;
  }
}

}  // namespace weir
