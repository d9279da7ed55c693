// A function that sees a window whole: all its records, the window itself, and state of two kinds, which checkpoints keep.
//
//   orders.key_by(&Order::customer).window(tumbling(24h))
//       .process<Report, DayState, CustomerState>("report", [](auto& window, auto&& out) {
//         if (window.key_state.orders += window.elements.size(); …) out(Report{window.key, window.window.start, …});
//       });
//
// The window state begins anew with each window and goes when the window is dropped; it is what a later firing of the same
// window finds. The key state stays for good.
#pragma once

#include <vector>

#include <weir/operators/window_body.hpp>

namespace weir {

template <class K, class T, class WindowState, class KeyState>
struct WindowCall {
  const K& key;
  Window window;
  const std::vector<T>& elements;  // in order of arrival; those of sessions that merged, one session after the other
  EventTime watermark;
  ProcessingTime now;
  WindowState& window_state;
  KeyState& key_state;
};

/// What a window function yields its records to.
template <class Out>
struct WindowOut {
  Emitter<Out>& emitter;
  EventTime time;
  void operator()(Out record) const { emitter.emit(std::move(record), time); }
};

template <class F, class K, class T, class WindowState, class KeyState, class Out>
concept WindowFunction = std::copy_constructible<F> && Record<Out> && Record<WindowState> && Record<KeyState> &&
                         std::invocable<const F&, WindowCall<K, T, WindowState, KeyState>&, const WindowOut<Out>&>;

/// Calls a window function for ElementsBody.
template <class T, class K, class F, class WindowState, class KeyState, class Out>
struct ApplyFunction {
  F function;
  StateTable<K, KeyState>* states = nullptr;

  void open(OperatorContext& context) {
    if constexpr (!std::is_same_v<KeyState, Nothing>) states = &context.state().template table<K, KeyState>("key");
  }

  void operator()(const Firing<K>& firing, const std::vector<T>& records, WindowState& state, Emitter<Out>& out) const {
    if constexpr (std::is_same_v<KeyState, Nothing>) {
      Nothing none;
      call(firing, records, state, none, out);
    } else {
      call(firing, records, state, states->edit(firing.key), out);
    }
  }

 private:
  void call(const Firing<K>& firing, const std::vector<T>& records, WindowState& state, KeyState& key_state, Emitter<Out>& out) const {
    WindowCall<K, T, WindowState, KeyState> window{firing.key, firing.window, records,  firing.watermark,
                                                   firing.now, state,         key_state};
    function(window, WindowOut<Out>{out, firing.time});
  }
};

}  // namespace weir
