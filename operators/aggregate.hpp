// An aggregate folds records into an accumulator that can be merged with others: the form that rolling values,
// windows and sliced windows share. An aggregate is a value with five members:
//
//   Input, Accumulator (a Record), Result (a Record)
//   Accumulator create() const
//   void add(Accumulator&, const Input&) const
//   void merge(Accumulator&, const Accumulator& other) const      // `other` came later, or order does not matter
//   Result result(const Accumulator&) const
//
// count(), sum(&T::m), mean(&T::m), min(&T::m), max(&T::m), min_by, max_by make the usual ones; aggregate<T>(…) makes one of
// four functions.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

#include <weir/record/codec.hpp>

namespace weir {

template <class A, class T>
concept Aggregate = std::copy_constructible<A> && Record<typename A::Accumulator> && Record<typename A::Result> &&
                    requires(const A& a, typename A::Accumulator& accumulator, const T& record) {
                      { a.create() } -> std::convertible_to<typename A::Accumulator>;
                      a.add(accumulator, record);
                      a.merge(accumulator, std::as_const(accumulator));
                      { a.result(std::as_const(accumulator)) } -> std::convertible_to<typename A::Result>;
                    };

namespace detail {
/// What a pointer to a member, or a function of one record, yields. Generic lambdas have no single answer: give a member
/// or a lambda with a typed parameter.
template <class M>
struct MemberValue : MemberValue<decltype(&M::operator())> {};
template <class V, class C>
struct MemberValue<V C::*> { using type = V; };
template <class V, class C>
struct MemberValue<V (C::*)() const> { using type = V; };
template <class R, class L, class A>
struct MemberValue<R (L::*)(A) const> { using type = R; };
template <class R, class A>
struct MemberValue<R (*)(A)> { using type = R; };
}  // namespace detail

/// A key and what was computed for it.
template <class K, class V>
struct Keyed {
  K key{};
  V value{};
  friend auto operator<=>(const Keyed&, const Keyed&) = default;
};
template <class K, class V>
constexpr auto weir_fields(const Keyed<K, V>*) {
  return std::make_tuple(make_field("key", &Keyed<K, V>::key), make_field("value", &Keyed<K, V>::value));
}
template <class K, class V>
constexpr std::string_view weir_record_name(const Keyed<K, V>*) { return "Keyed"; }

struct Count {
  using Accumulator = std::int64_t;
  using Result = std::int64_t;
  Accumulator create() const { return 0; }
  template <class T> void add(Accumulator& count, const T&) const { ++count; }
  void merge(Accumulator& count, const Accumulator& other) const { count += other; }
  Result result(const Accumulator& count) const { return count; }
};

/// Integers are summed as int64, those without a sign of that width as uint64, others as double.
template <class Member>
struct Sum {
  Member member;
  using Value = std::decay_t<typename detail::MemberValue<Member>::type>;
  static constexpr bool kUnsigned = std::is_unsigned_v<Value> && sizeof(Value) == sizeof(std::uint64_t);
  using Integer = std::conditional_t<kUnsigned, std::uint64_t, std::int64_t>;
  using Accumulator = std::conditional_t<std::is_integral_v<Value>, Integer, double>;
  using Result = Accumulator;
  Accumulator create() const { return 0; }
  static_assert(std::is_arithmetic_v<Value>, "sum: give a member, or a function of one record, that is a number");
  template <class T>
    requires std::invocable<const Member&, const T&>
  void add(Accumulator& sum, const T& record) const {
    if constexpr (std::is_arithmetic_v<Value>) sum += std::invoke(member, record);
  }
  void merge(Accumulator& sum, const Accumulator& other) const { sum += other; }
  Result result(const Accumulator& sum) const { return sum; }
};

struct MeanAccumulator {
  double sum = 0;
  std::int64_t count = 0;
};
WEIR_RECORD(MeanAccumulator, sum, count);

template <class Member>
struct Mean {
  Member member;
  using Accumulator = MeanAccumulator;
  using Result = double;
  Accumulator create() const { return {}; }
  static constexpr bool kNumber = std::is_arithmetic_v<std::decay_t<typename detail::MemberValue<Member>::type>>;
  static_assert(kNumber, "mean: give a member, or a function of one record, that is a number");
  template <class T>
    requires std::invocable<const Member&, const T&>
  void add(Accumulator& mean, const T& record) const {
    if constexpr (kNumber) mean.sum += static_cast<double>(std::invoke(member, record));
    ++mean.count;
  }
  void merge(Accumulator& mean, const Accumulator& other) const {
    mean.sum += other.sum;
    mean.count += other.count;
  }
  Result result(const Accumulator& mean) const { return mean.count == 0 ? 0 : mean.sum / static_cast<double>(mean.count); }
};

/// The least (Compare is std::less) or greatest value of a member. Meaningless, and default, over no records.
template <class Member, class Compare>
struct Extreme {
  Member member;
  using Value = std::decay_t<typename detail::MemberValue<Member>::type>;
  using Accumulator = std::optional<Value>;
  using Result = Value;
  Accumulator create() const { return std::nullopt; }
  template <class T>
    requires std::invocable<const Member&, const T&>
  void add(Accumulator& best, const T& record) const {
    const auto& value = std::invoke(member, record);
    if (!best || Compare()(value, *best)) best = value;
  }
  void merge(Accumulator& best, const Accumulator& other) const {
    if (other && (!best || Compare()(*other, *best))) best = other;
  }
  Result result(const Accumulator& best) const { return best.value_or(Value{}); }
};

/// The whole record with the least or greatest member; the first of several.
template <class T, class Member, class Compare>
struct ExtremeBy {
  Member member;
  using Accumulator = std::optional<T>;
  using Result = T;
  Accumulator create() const { return std::nullopt; }
  void add(Accumulator& best, const T& record) const {
    if (!best || Compare()(std::invoke(member, record), std::invoke(member, *best))) best = record;
  }
  void merge(Accumulator& best, const Accumulator& other) const {
    if (other) add(best, *other);
  }
  Result result(const Accumulator& best) const { return best.value_or(T{}); }
};

/// An aggregate of four functions.
template <class T, class Create, class Add, class Merge, class Finish>
struct FunctionAggregate {
  Create create_;
  Add add_;
  Merge merge_;
  Finish finish_;
  using Accumulator = std::decay_t<std::invoke_result_t<const Create&>>;
  using Result = std::decay_t<std::invoke_result_t<const Finish&, const Accumulator&>>;
  Accumulator create() const { return create_(); }
  void add(Accumulator& accumulator, const T& record) const { add_(accumulator, record); }
  void merge(Accumulator& accumulator, const Accumulator& other) const { merge_(accumulator, other); }
  Result result(const Accumulator& accumulator) const { return finish_(accumulator); }
};

inline Count count() { return {}; }
template <class Member> Sum<Member> sum(Member member) { return {member}; }
template <class Member> Mean<Member> mean(Member member) { return {member}; }
template <class Member> Extreme<Member, std::less<>> min(Member member) { return {member}; }
template <class Member> Extreme<Member, std::greater<>> max(Member member) { return {member}; }
template <class V, class C> ExtremeBy<C, V C::*, std::less<>> min_by(V C::* member) { return {member}; }
template <class V, class C> ExtremeBy<C, V C::*, std::greater<>> max_by(V C::* member) { return {member}; }

/// create() -> A; add(A&, const T&); merge(A&, const A&); result(const A&) -> R.
template <class T, class Create, class Add, class Merge, class Finish>
FunctionAggregate<T, Create, Add, Merge, Finish> aggregate(Create create, Add add, Merge merge, Finish finish) {
  return {std::move(create), std::move(add), std::move(merge), std::move(finish)};
}

}  // namespace weir
