// What becomes of a record without a partner, and how a join's function sees it: an inner join's takes two records, an outer
// one's two pointers, of which one may be null. Shared by all joins.
//
//   [](const Order& order, const Payment& payment) { return Paid{...}; }
//   [](const Order* order, const Payment* payment) { return Report{...}; }
#pragma once

#include <string>

#include <weir/base/result.hpp>
#include <weir/operators/check.hpp>

namespace weir {

enum class JoinKind : std::uint8_t { Inner, Left, Right, Full };

constexpr bool keeps_left(JoinKind kind) { return kind == JoinKind::Left || kind == JoinKind::Full; }
constexpr bool keeps_right(JoinKind kind) { return kind == JoinKind::Right || kind == JoinKind::Full; }

template <class F, class A, class B>
concept InnerJoinFunction = std::copy_constructible<F> && std::invocable<F&, const A&, const B&> &&
                            Record<std::decay_t<std::invoke_result_t<F&, const A&, const B&>>>;
template <class F, class A, class B>
concept OuterJoinFunction = std::copy_constructible<F> && std::invocable<F&, const A*, const B*> &&
                            Record<std::decay_t<std::invoke_result_t<F&, const A*, const B*>>>;
template <class F, class A, class B>
concept JoinFunction = InnerJoinFunction<F, A, B> || OuterJoinFunction<F, A, B>;

/// Calls a join's function, of whichever form. One of the pointers may be null for outer functions only.
template <class F, class A, class B>
auto join_records(F& function, const A* left, const B* right) {
  if constexpr (OuterJoinFunction<F, A, B>) return function(left, right);
  else return function(*left, *right);
}

namespace detail {
template <bool Valid, class F, class A, class B>
struct JoinResult { using type = Nothing; };
template <class F, class A, class B>
struct JoinResult<true, F, A, B> {
  using type = std::decay_t<decltype(join_records(std::declval<F&>(), static_cast<const A*>(nullptr), static_cast<const B*>(nullptr)))>;
};
}  // namespace detail

/// What a join's function yields; Nothing when it is none.
template <class F, class A, class B>
using JoinResult = typename detail::JoinResult<JoinFunction<F, A, B>, F, A, B>::type;

/// Throws Failure when a function that needs both records is given to an outer join.
template <class F, class A, class B>
void check_join(const std::string& verb, JoinKind kind) {
  if (kind == JoinKind::Inner || OuterJoinFunction<F, A, B>) return;
  throw Failure(verb + ": an outer join has records without a partner; its function must take (const Left*, const Right*)");
}

}  // namespace weir
