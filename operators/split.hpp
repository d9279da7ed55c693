// One stream into several, each record into one of them: into that of the first predicate it satisfies, or else the last.
//
//   auto [cheap, dear] = bids.split([](const Bid& bid) { return bid.price < 100; });
//   auto [mobile, web, other] = visits.split(is_mobile, is_web);
//
// For outputs of several types see the side outputs of process.hpp. Records of an output that nobody reads are dropped.
#pragma once

#include <array>
#include <tuple>

#include <weir/operators/stream.hpp>
#include <weir/operators/typed_operator.hpp>

namespace weir {

template <class T, class... F>
class Split final : public ContextOperator {
 public:
  explicit Split(std::tuple<F...> predicates) : predicates_(std::move(predicates)) {}

  void process(BatchPtr batch, std::uint32_t) override {
    const auto& in = batch_of<T>(*batch);
    targets_.clear();
    for (const T& record : in.records) targets_.push_back(port_of(record, std::index_sequence_for<F...>()));
    std::vector<BatchPtr> parts(sizeof...(F) + 1);
    record_type<T>().scatter(*batch, targets_, parts);
    for (std::uint32_t port = 0; port < parts.size(); ++port) this->context().emit(port, std::move(parts[port]));
  }

 private:
  template <std::size_t... I>
  std::uint32_t port_of(const T& record, std::index_sequence<I...>) {
    std::uint32_t port = sizeof...(F);
    (void)((std::invoke(std::get<I>(predicates_), record) ? (port = I, true) : false) || ...);
    return port;
  }

  std::tuple<F...> predicates_;
  std::vector<std::uint32_t> targets_;
};

template <class T>
template <class... F>
std::array<Stream<T>, sizeof...(F) + 1> Stream<T>::split(F... predicates) const {
  constexpr bool valid = sizeof...(F) > 0 && (Predicate<F, T> && ...);
  static_assert(valid, "split: give predicates that take one record of the stream by const reference and return bool");
  if constexpr (valid) {
    const auto first = step<T>("split", {}, [predicates = std::tuple<F...>(predicates...)] {
      return std::make_unique<Split<T, F...>>(predicates);
    });
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::array{Stream(graph(), first.node(), static_cast<std::uint32_t>(I))...};
    }(std::make_index_sequence<sizeof...(F) + 1>());
  } else {
    return {((void)predicates, *this)..., *this};
  }
}

}  // namespace weir
