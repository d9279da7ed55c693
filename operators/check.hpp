// A lambda of the wrong type must be reported in one line at the call, in the user's words, not as a page of
// templates. Every operation checks its function here first; what it does with a bad one is then left out, so that
// nothing else is reported.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>

#include <weir/record/codec.hpp>

namespace weir {

template <class F, class T>
concept MapFunction = std::copy_constructible<F> && std::invocable<F&, T> && !std::is_void_v<std::invoke_result_t<F&, T>>;

template <class F, class T>
concept Predicate = std::copy_constructible<F> && std::predicate<F&, const T&>;

template <class F, class T>
concept KeyFunction = std::copy_constructible<F> && std::invocable<F&, const T&> &&
                      Key<std::decay_t<std::invoke_result_t<F&, const T&>>>;

/// Combines two values of T into one.
template <class F, class T>
concept Combine = std::copy_constructible<F> && std::invocable<F&, const T&, const T&> &&
                  std::convertible_to<std::invoke_result_t<F&, const T&, const T&>, T>;

template <class F, class T>
concept TimeFunction = std::copy_constructible<F> && std::invocable<F&, const T&> &&
                       std::convertible_to<std::invoke_result_t<F&, const T&>, EventTime>;

namespace detail {

template <bool Valid, class F, class... Arguments>
struct ResultOf;
template <class F, class First, class... Rest>
struct ResultOf<false, F, First, Rest...> {
  using type = std::decay_t<First>;
};
template <class F, class... Arguments>
struct ResultOf<true, F, Arguments...> {
  using type = std::decay_t<std::invoke_result_t<F&, Arguments...>>;
};

template <class F>
concept NoName = !std::convertible_to<F, std::string>;

/// In the place of a name that was not given.
template <class F>
std::string missing_name() {
  static_assert(!sizeof(F*), "this operation begins with a name, as in .count(\"clicks\") or .sink(\"report\", Console{}): "
                             "checkpoints, messages and upgrades know it by that");
  return {};
}

}  // namespace detail

/// The decayed result of F on the arguments. When the check has failed, the first argument's type: what follows is then
/// checked as if the step were not there, and the failure is the only one that is reported.
template <bool Valid, class F, class... Arguments>
using ResultOf = typename detail::ResultOf<Valid, F, Arguments...>::type;

}  // namespace weir
