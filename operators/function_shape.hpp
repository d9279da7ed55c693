// What is checked of the structs that process() takes, before anything is made of them, so that a missing or misspelt member
// is one line at the call. Optional members are looked at too: one that is there by name but cannot be called as it
// must would otherwise be left out silently.
#pragma once

#include <weir/operators/check.hpp>
#include <weir/operators/process_context.hpp>
#include <weir/state/keyed_state.hpp>
#include <weir/state/task_state.hpp>

namespace weir {

/// A struct that names what it emits.
template <class F>
concept EmittingFunction = std::copy_constructible<F> && std::is_class_v<F> && requires { typename F::Out; } && Record<typename F::Out>;

/// Whether F does; where it does not, the compiler says so in one line.
template <class F>
struct RequireOut {
  static constexpr bool told() {
    static_assert(!sizeof(F), "process: give a struct that says what it emits, `using Out = Type;`, and has the functions that are "
                              "called with records; a lambda does for map, filter and flat_map<Out>");
    return false;
  }
  static constexpr bool value = told();
};
template <class F>
  requires requires { typename F::Out; }
struct RequireOut<F> : RequireRecord<typename F::Out> {};

/// After a failed check: a stream of what the function would have emitted, so that what follows is not reported too.
template <class F, class T>
auto without_process(const Stream<T>& stream) {
  if constexpr (requires { typename F::Out; }) return Stream<RecordOr<typename F::Out>>(stream.graph(), stream.node(), stream.port());
  else return stream;
}

namespace detail {
// A member of F makes the same name of the other base ambiguous, whatever its type.
struct Open { int open; };
struct OnTimer { int on_timer; };
struct Finish { int finish; };
template <class F> struct WithOpen : F, Open {};
template <class F> struct WithOnTimer : F, OnTimer {};
template <class F> struct WithFinish : F, Finish {};
template <class F>
concept NamesOpen = !std::is_final_v<F> && !requires { &WithOpen<F>::open; };
template <class F>
concept NamesOnTimer = !std::is_final_v<F> && !requires { &WithOnTimer<F>::on_timer; };
template <class F>
concept NamesFinish = !std::is_final_v<F> && !requires { &WithFinish<F>::finish; };
}  // namespace detail

template <class F, class... State>
concept Opens = requires(F& function, State&... state) { function.open(state...); };

/// open() takes these, or is not there.
template <class F, class... State>
concept OpenIsSound = !std::is_class_v<F> || Opens<F, State...> || !detail::NamesOpen<F>;

template <class F, class K>
concept HasTimer = requires(F& function, const Timer& timer, KeyedContext<K, typename F::Out>& context) {
  function.on_timer(timer, context);
};

/// on_timer() is as it must be, or not there.
template <class F, class K>
concept TimerIsSound = !std::is_class_v<F> || HasTimer<F, K> || !detail::NamesOnTimer<F>;

/// There is no finish() that nobody would call.
template <class F>
concept EndIsSound = !std::is_class_v<F> || !detail::NamesFinish<F>;

// The functions themselves.

template <class F, class T, class K>
concept KeyedProcessFunction = EmittingFunction<F> && requires(F& function, const T& record, KeyedContext<K, typename F::Out>& context) {
  function.process(record, context);
};

template <class F, class T>
concept ProcessFunction = EmittingFunction<F> && requires(F& function, const T& record, ProcessContext<typename F::Out>& context) {
  function.process(record, context);
};

template <class F, class T, class U, class K>
concept KeyedPairFunction =
    EmittingFunction<F> && requires(F& function, const T& first, const U& second, KeyedContext<K, typename F::Out>& context) {
      function.on_first(first, context);
      function.on_second(second, context);
    };

template <class F, class T, class U>
concept PairFunction =
    EmittingFunction<F> && requires(F& function, const T& first, const U& second, ProcessContext<typename F::Out>& context) {
      function.on_first(first, context);
      function.on_second(second, context);
    };

/// Beside process(): takes the broadcast records.
template <class F, class U>
concept BroadcastFunction = EmittingFunction<F> && requires(F& function, const U& record, BroadcastContext<typename F::Out>& context) {
  function.process_broadcast(record, context);
};

}  // namespace weir
