// A loop: records go round until the body lets them out.
//
//   auto halved = numbers.iterate("halve", [](weir::Stream<Number> loop) {
//     auto [more, done] = loop.map(halve).split([](const Number& n) { return n.value > 1; });
//     return weir::Loop{more, done};
//   });
//
// The body is called once, while the pipeline is built. Its stream holds the records from outside and those that `again` sends
// round; what iterate() returns is `done`. Records that go round come first; those from outside are let in when none wait.
//
// Watermarks do not go round: the loop's watermark is that of the records from outside, and a record that comes round may
// be late for an operator of event time in the body. Only the end of time waits until the loop is empty. When the input has
// ended and the loop is empty, the loop ends. Loops take part in checkpoints; they cannot overlap or contain each other.
//
// See README.md, section Loops.
#pragma once

#include <memory>

#include <weir/operators/merge.hpp>
#include <weir/operators/named_step.hpp>
#include <weir/operators/stream.hpp>

namespace weir {

/// What a loop's body returns.
template <class T, class Out>
struct Loop {
  using Again = T;
  using Done = Out;
  Stream<T> again;
  Stream<Out> done;
};
template <class T, class Out>
Loop(Stream<T>, Stream<Out>) -> Loop<T, Out>;

/// Adds the edge from `again` to the loop's head. Throws Failure when there is no way from the head to it, or when the loop
/// would share operators with another one.
void close_loop(const StreamBase& head, const StreamBase& again, const RecordType& type);

namespace detail {

template <class L>
struct LoopOf : std::false_type {
  using Done = Nothing;
};
template <class T, class Out>
struct LoopOf<Loop<T, Out>> : std::true_type {
  using Again = T;
  using Done = Out;
};

template <class Body, class T>
constexpr bool is_loop_body() {
  if constexpr (std::invocable<Body&, Stream<T>>) {
    using Result = LoopOf<std::decay_t<std::invoke_result_t<Body&, Stream<T>>>>;
    if constexpr (Result::value) return std::is_same_v<typename Result::Again, T>;
  }
  return false;
}

}  // namespace detail

template <class Body, class T>
concept LoopBody = detail::is_loop_body<Body, T>();

template <class T>
template <class Body>
auto Stream<T>::iterate(const std::string& name, Body body, StepOptions options) const {
  constexpr bool valid = LoopBody<Body, T>;
  static_assert(valid, "iterate: the body must take a weir::Stream<Record> and return weir::Loop{again, done}, where again is a stream of the same Record");
  if constexpr (valid) {
    const auto head = step<T>("iterate", named("iterate", name, options), [] { return std::make_unique<Merge>(); });
    const auto loop = body(head);
    close_loop(head, loop.again, record_type<T>());
    return loop.done;
  } else {
    return *this;
  }
}

}  // namespace weir
