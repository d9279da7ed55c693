// Records of a key in windows. What window() and window_all() return, and what can be done with it:
//
//   auto means = readings.key_by(&Reading::host)
//                    .window(sliding(5min, 1min), {.allowed_lateness = 30s})
//                    .aggregate("cpu", mean(&Reading::cpu));            // Stream of (key, start, end, value)
//   means.late.sink("late", …);                                         // records that came too late
//
// .trigger(…) and .evict(…) change when a window fires and what it sees. Results carry the window's last instant as their
// time. Records that are too late are dropped when nobody reads `late`.
//
// Tumbling and sliding event-time windows with an aggregate and the default trigger are sliced: a record costs the same
// however many windows it is in (see README.md). All others keep a pane per window.
#pragma once

#include <weir/operators/named_step.hpp>
#include <weir/operators/sliding_aggregate.hpp>
#include <weir/operators/tumbling_aggregate.hpp>
#include <weir/operators/window_function.hpp>
#include <weir/operators/window_operator.hpp>

namespace weir {

struct WindowOptions {
  Duration allowed_lateness{0};  // how long behind its end an event-time window still takes records
};

/// Results of windows, and the records of T that were too late for them.
template <class Out, class T>
struct WindowStream : Stream<Out> {
  explicit WindowStream(const Stream<Out>& results) : Stream<Out>(results), late(results.graph(), results.node(), 1) {}
  Stream<T> late;
};

/// Results of a struct's windows, with its side outputs.
template <class F, class T>
struct WindowProcessed : Processed<F> {
  WindowProcessed(const WindowStream<typename F::Out, T>& results, std::shared_ptr<FunctionPrototype<F>> prototype)
      : Processed<F>(results, std::move(prototype)), late(results.late) {}
  Stream<T> late;
};

/// Combines records pairwise; what reduce() makes of its function.
template <class T, class F>
struct Reduction {
  F combine;
  using Accumulator = std::optional<T>;
  using Result = T;
  Accumulator create() const { return std::nullopt; }
  void add(Accumulator& value, const T& record) const {
    if (value) value = combine(std::as_const(*value), record);
    else value = record;
  }
  void merge(Accumulator& value, const Accumulator& other) const {
    if (other) add(value, *other);
  }
  Result result(const Accumulator& value) const { return value.value_or(T{}); }
};

/// Yields the result as it is.
struct MakeBareResult {
  template <class K, class R>
  R operator()(const K&, const Window&, R result) const { return result; }
};

template <class Make, class K, class R>
concept WindowMake = std::copy_constructible<Make> && std::invocable<const Make&, const K&, const Window&, R> &&
                     Record<std::decay_t<std::invoke_result_t<const Make&, const K&, const Window&, R>>>;

namespace detail {

[[noreturn]] void refuse_windows(const char* verb, const std::string& name, const std::string& fault);

/// Throws Failure when the windows of a step make no sense. They are made before anyone knows whose they will be.
template <class Assigner>
void require_sound(const char* verb, const std::string& name, const Assigner& assigner) {
  if constexpr (requires { { assigner.fault } -> std::convertible_to<std::string>; }) {
    if (!assigner.fault.empty()) refuse_windows(verb, name, assigner.fault);
  }
}

}  // namespace detail

template <class T, class KeyOf, class Assigner, class Trigger, class Evict>
class Windowed {
 public:
  using K = KeyOfResult<T, KeyOf>;

  Windowed(Stream<T> stream, KeyOf key_of, Assigner assigner, Trigger trigger, Evict evictor, WindowOptions options)
      : stream_(std::move(stream)), key_of_(std::move(key_of)), assigner_(std::move(assigner)), trigger_(std::move(trigger)),
        evictor_(std::move(evictor)), options_(options) {}

  /// When windows fire; see trigger.hpp.
  template <class Other>
  auto trigger(Other trigger) const {
    static_assert(WindowTrigger<Other>, "trigger: give one of trigger.hpp, or a type with State, on_element, on_event_time, "
                                        "on_processing_time and on_merge");
    return Windowed<T, KeyOf, Assigner, Other, Evict>(stream_, key_of_, assigner_, trigger, evictor_, options_);
  }

  /// What windows drop when they fire; see evictor.hpp.
  template <class Other>
  auto evict(Other evictor) const {
    static_assert(Evictor<Other, T>, "evict: give one of evictor.hpp, or a type with evict(elements, window)");
    return Windowed<T, KeyOf, Assigner, Trigger, Other>(stream_, key_of_, assigner_, trigger_, evictor, options_);
  }

  /// Any aggregate of aggregate.hpp. `make(key, window, result)` makes the record to yield; without it that is
  /// WindowResult: key, start, end, value.
  template <class A, class Make = MakeWindowResult>
  auto aggregate(const std::string& name, A aggregate, Make make = {}, StepOptions options = {}) const {
    constexpr bool valid = Aggregate<A, T>;
    static_assert(valid, "aggregate: give count(), sum(&T::m), mean(&T::m), … or a type with create, add, merge and result");
    if constexpr (valid) {
      using Result = typename A::Result;
      constexpr bool makes = WindowMake<Make, K, Result>;
      static_assert(makes, "aggregate: the function behind the aggregate must take (const Key&, const Window&, Result) and "
                           "return a record");
      using Out = ResultOf<makes, const Make, const K&, const Window&, Result>;
      if constexpr (makes) return add<Out>("aggregate", name, options, aggregate_operator<Out>(aggregate, make));
      else return nothing<Out>();
    } else {
      return nothing<Nothing>();
    }
  }

  /// Combines the records of a window into one; yields that.
  template <class F>
  auto reduce(const std::string& name, F combine, StepOptions options = {}) const {
    constexpr bool valid = Combine<F, T>;
    static_assert(valid, "reduce: the function must take two records by const reference and return one");
    if constexpr (valid) return aggregate(name, Reduction<T, F>{combine}, MakeBareResult{}, options);
    else return nothing<T>();
  }

  /// A function that sees the window whole: function(window, out), where window has key, window, elements, watermark, now,
  /// window_state and key_state (see window_function.hpp), and out(record) yields a record. Windows then keep their records:
  /// prefer an aggregate where it will do.
  template <class Yield, class WindowState = Nothing, class KeyState = Nothing, class F>
  WindowStream<RecordOr<Yield>, T> process(const std::string& name, F function, StepOptions options = {}) const {
    using Out = RecordOr<Yield>;
    constexpr bool valid = WindowFunction<F, K, T, WindowState, KeyState, Out>;
    static_assert(valid, "process: the function must take (auto& window, auto&& out); give the type of what it yields as "
                         "process<Out>, or process<Out, WindowState, KeyState>");
    if constexpr (valid) {
      using Apply = ApplyFunction<T, K, F, WindowState, KeyState, Out>;
      return add<Out>("process", name, options, elements_operator<Out, WindowState>(Apply{function}));
    } else {
      return nothing<Out>();
    }
  }
  /// A struct that does so, with side outputs, and told when a window goes.
  template <class F>
  auto process(const std::string& name, F function, StepOptions options = {}) const {
    if constexpr (requires { typename F::Out; }) {
      constexpr bool emits = RequireOut<F>::value;
      constexpr bool valid = !emits || WindowStruct<F, K, T>;
      static_assert(valid, "process: in windows the struct must have process(auto& window, auto& out)");
      constexpr bool clear = !emits || ClearIsSound<F, K, T>;
      static_assert(clear, "process: in windows clear must take (auto& window)");
      if constexpr (emits && valid && clear) {
        using Apply = ApplyStruct<T, K, F>;
        auto prototype = std::make_shared<FunctionPrototype<F>>(std::move(function), 2);
        const auto make = elements_operator<typename F::Out, typename Apply::WindowState>(Apply(prototype));
        return WindowProcessed<F, T>(add<typename F::Out>("process", name, options, make), prototype);
      } else {
        return without_process<F>(stream_);
      }
    } else {
      static_assert(!sizeof(F), "process: give the type of what it yields, as in process<Report>(\"name\", ...)");
      return nothing<T>();
    }
  }

  auto count(const std::string& name, StepOptions options = {}) const { return aggregate(name, Count{}, {}, options); }
  template <class Member>
  auto sum(const std::string& name, Member member, StepOptions options = {}) const {
    return aggregate(name, weir::sum(member), {}, options);
  }
  template <class Member>
  auto mean(const std::string& name, Member member, StepOptions options = {}) const {
    return aggregate(name, weir::mean(member), {}, options);
  }
  template <class Member>
  auto min(const std::string& name, Member member, StepOptions options = {}) const {
    return aggregate(name, weir::min(member), {}, options);
  }
  template <class Member>
  auto max(const std::string& name, Member member, StepOptions options = {}) const {
    return aggregate(name, weir::max(member), {}, options);
  }
  /// The record with the least or greatest member; the first of several.
  template <class Member>
  auto min_by(const std::string& name, Member member, StepOptions options = {}) const {
    return aggregate(name, ExtremeBy<T, Member, std::less<>>{member}, MakeBareResult{}, options);
  }
  template <class Member>
  auto max_by(const std::string& name, Member member, StepOptions options = {}) const {
    return aggregate(name, ExtremeBy<T, Member, std::greater<>>{member}, MakeBareResult{}, options);
  }

  // Without the name, which is refused.
  template <detail::NoName F> auto reduce(F combine) const { return reduce(detail::missing_name<F>(), combine); }
  template <detail::NoName M> auto sum(M member) const { return sum(detail::missing_name<M>(), member); }
  template <detail::NoName M> auto min(M member) const { return min(detail::missing_name<M>(), member); }
  template <detail::NoName M> auto max(M member) const { return max(detail::missing_name<M>(), member); }
  template <detail::NoName M> auto mean(M member) const { return mean(detail::missing_name<M>(), member); }
  template <detail::NoName M> auto min_by(M member) const { return min_by(detail::missing_name<M>(), member); }
  template <detail::NoName M> auto max_by(M member) const { return max_by(detail::missing_name<M>(), member); }
  template <detail::NoName A> auto aggregate(A aggregate) const { return this->aggregate(detail::missing_name<A>(), aggregate); }
  template <class Self = Windowed> auto count() const { return static_cast<const Self&>(*this).count(detail::missing_name<Self>()); }
  template <class Out, detail::NoName F> auto process(F function) const { return process<Out>(detail::missing_name<F>(), function); }

 private:
  static constexpr std::int64_t kManySlices = 16;   // per window: from here on they share entries of state
  static constexpr unsigned kSlicesPerChunk = 8;    // 64 bytes of the usual accumulators

  static constexpr bool kPlain = std::is_same_v<Trigger, AtEnd> && std::is_same_v<Evict, NoEvictor>;
  template <class Kind>
  static constexpr bool kSliced = kPlain && std::is_same_v<Assigner, Kind>;

  template <class Out, class A, class Make>
  OperatorFactory aggregate_operator(const A& aggregate, const Make& make) const {
    if constexpr (kSliced<TumblingWindows<WindowTime::Event>>) {
      return [w = *this, aggregate, make] {
        return std::make_unique<TumblingAggregate<T, KeyOf, A, Make, Out>>(w.key_of_, aggregate, make, w.assigner_.grid, w.lateness());
      };
    } else if constexpr (kSliced<SlidingWindows<WindowTime::Event>>) {
      if (assigner_.grid.slices_per_window() < kManySlices) return sliding_operator<Out, A, Make, 1>(aggregate, make);
      return sliding_operator<Out, A, Make, kSlicesPerChunk>(aggregate, make);
    } else if constexpr (std::is_same_v<Evict, NoEvictor>) {
      return general_operator<Out>(AggregateBody<T, K, A, Make, Out>(aggregate, make));
    } else {
      return elements_operator<Out, Nothing>(ApplyAggregate<T, K, A, Make, Out>{aggregate, make});
    }
  }

  template <class Out, class A, class Make, unsigned N>
  OperatorFactory sliding_operator(const A& aggregate, const Make& make) const {
    return [w = *this, aggregate, make] {
      return std::make_unique<SlidingAggregate<T, KeyOf, A, Make, Out, N>>(w.key_of_, aggregate, make, w.assigner_.grid, w.lateness());
    };
  }

  template <class Out, class WindowState, class Apply>
  OperatorFactory elements_operator(Apply apply) const {
    return general_operator<Out>(ElementsBody<T, K, Evict, Apply, WindowState, Out>(evictor_, std::move(apply)));
  }

  template <class Out, class Body>
  OperatorFactory general_operator(Body body) const {
    return [w = *this, body] {
      return std::make_unique<WindowOperator<T, KeyOf, Assigner, Trigger, Body, Out>>(w.key_of_, w.assigner_, w.trigger_, body,
                                                                                     w.lateness());
    };
  }

  Duration lateness() const { return options_.allowed_lateness; }

  template <class Out>
  WindowStream<Out, T> add(const char* verb, const std::string& name, StepOptions options, OperatorFactory make) const {
    detail::require_sound(verb, name, assigner_);
    if constexpr (std::is_same_v<KeyOf, NoKey>) options.parallelism = 1;
    if constexpr (kEventWindows<Assigner>) require_event_time(stream_, std::string(verb) + " '" + name + "' in windows");
    const auto results = stream_.template step<Out>(verb, named(verb, name, options), std::move(make));
    if constexpr (Assigner::kTime == WindowTime::Processing) stream_.graph().nodes[results.node()].times = GraphNode::Times::Given;
    return WindowStream<Out, T>(results);
  }

  /// After a failed check: something that compiles.
  template <class Out>
  WindowStream<Out, T> nothing() const {
    return WindowStream<Out, T>(Stream<Out>(stream_.graph(), stream_.node(), stream_.port()));
  }

  Stream<T> stream_;
  KeyOf key_of_;
  Assigner assigner_;
  Trigger trigger_;
  Evict evictor_;
  WindowOptions options_;
};

namespace detail {

/// Throws Failure when the lateness is negative.
WindowOptions checked(WindowOptions options);

template <class Assigner>
auto default_trigger(const Assigner& assigner) {
  if constexpr (requires { assigner.default_trigger; }) return assigner.default_trigger;
  else return typename Assigner::DefaultTrigger{};
}

template <class Assigner>
auto default_evictor(const Assigner& assigner) {
  if constexpr (std::is_same_v<Assigner, SlidingCountWindow>) return KeepLast{static_cast<std::size_t>(assigner.size)};
  else return NoEvictor{};
}

template <class T, class KeyOf, class Assigner>
auto make_windowed(const Stream<T>& stream, const KeyOf& key_of, const Assigner& assigner, WindowOptions options) {
  constexpr bool valid = WindowAssigner<Assigner>;
  static_assert(valid, "window: give tumbling(5min), sliding(1h, 1min), session(10min), count_window(100) or global_window()");
  if constexpr (valid) {
    using Trigger = decltype(default_trigger(assigner));
    using Evict = decltype(default_evictor(assigner));
    return Windowed<T, KeyOf, Assigner, Trigger, Evict>(stream, key_of, assigner, default_trigger(assigner),
                                                        default_evictor(assigner), checked(options));
  } else {
    const auto any = tumbling(Duration(1));
    return Windowed<T, KeyOf, decltype(tumbling(Duration(1))), AtEnd, NoEvictor>(stream, key_of, any, {}, {}, options);
  }
}

}  // namespace detail

template <class T, class KeyOf>
template <class Assigner>
auto KeyedStream<T, KeyOf>::window(Assigner assigner, WindowOptions options) const {
  return detail::make_windowed(stream_, key_of_, assigner, options);
}
template <class T, class KeyOf>
template <class Assigner>
auto KeyedStream<T, KeyOf>::window(Assigner assigner) const {
  return detail::make_windowed(stream_, key_of_, assigner, {});
}

template <class T>
template <class Assigner>
auto Stream<T>::window_all(Assigner assigner, WindowOptions options) const {
  return detail::make_windowed(global(), NoKey{}, assigner, options);
}
template <class T>
template <class Assigner>
auto Stream<T>::window_all(Assigner assigner) const {
  return detail::make_windowed(global(), NoKey{}, assigner, {});
}

}  // namespace weir
