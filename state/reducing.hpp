// Values per key that are only added to: with a function of two values (Reducing), or with an aggregate that
// has an accumulator (Aggregating), as in operators/aggregate.hpp:
//
//   weir::Reducing<std::int64_t> total;   total = state.reducing<std::int64_t>("total", std::plus<>());
//   weir::Aggregating<decltype(weir::mean(&Payment::amount))> mean;   mean = state.aggregating("mean", weir::mean(&Payment::amount));
#pragma once

#include <optional>

#include <weir/state/value.hpp>

namespace weir {

template <class T>
class ReducingCell final : public StateCell {
 public:
  using Combine = std::function<T(const T&, const T&)>;

  ReducingCell(OperatorState& state, CurrentKey& current, const std::string& name, Combine combine, const StateOptions& options)
      : value_(state, current, name, options), combine_(std::move(combine)) {}

  void add(const T& record) {
    const T* before = value_.get();
    value_.edit() = before == nullptr ? record : combine_(*before, record);
  }
  ValueCell<T>& value() { return value_; }
  void expire_some(std::size_t budget) override { value_.expire_some(budget); }

 private:
  ValueCell<T> value_;
  Combine combine_;
};

/// What was added for the current key, combined. Borrows its cell.
template <class T>
class Reducing {
 public:
  Reducing() = default;
  explicit Reducing(ReducingCell<T>& cell) : cell_(&cell) {}

  void add(const T& value) { detail::bound(cell_).add(value); }
  /// nullptr when nothing was added. Valid until the next change.
  const T* get() const { return detail::bound(cell_).value().get(); }
  void clear() { detail::bound(cell_).value().clear(); }

 private:
  ReducingCell<T>* cell_ = nullptr;
};

/// What state needs of an aggregate; adding is checked where it is done.
template <class A>
concept StateAggregate = std::copy_constructible<A> && Record<typename A::Accumulator> &&
                         requires(const A& aggregate, const typename A::Accumulator& accumulator) {
                           { aggregate.create() } -> std::convertible_to<typename A::Accumulator>;
                           { aggregate.result(accumulator) } -> std::convertible_to<typename A::Result>;
                         };

template <class A>
class AggregatingCell final : public StateCell {
 public:
  using Accumulator = typename A::Accumulator;

  AggregatingCell(OperatorState& state, CurrentKey& current, const std::string& name, A aggregate, const StateOptions& options)
      : value_(state, current, name, options), aggregate_(std::move(aggregate)) {}

  template <class T>
  void add(const T& record) {
    const bool first = value_.get() == nullptr;
    Accumulator& accumulator = value_.edit();
    if (first) accumulator = aggregate_.create();
    aggregate_.add(accumulator, record);
  }
  std::optional<typename A::Result> result() {
    const Accumulator* accumulator = value_.get();
    if (accumulator == nullptr) return std::nullopt;
    return aggregate_.result(*accumulator);
  }
  void clear() { value_.clear(); }
  void expire_some(std::size_t budget) override { value_.expire_some(budget); }

 private:
  ValueCell<Accumulator> value_;
  A aggregate_;
};

/// The aggregate of what was added for the current key. Borrows its cell.
template <StateAggregate A>
class Aggregating {
 public:
  Aggregating() = default;
  explicit Aggregating(AggregatingCell<A>& cell) : cell_(&cell) {}

  template <class T>
  void add(const T& record) { detail::bound(cell_).add(record); }
  /// Empty when nothing was added.
  std::optional<typename A::Result> result() const { return detail::bound(cell_).result(); }
  void clear() { detail::bound(cell_).clear(); }

 private:
  AggregatingCell<A>* cell_ = nullptr;
};

}  // namespace weir
