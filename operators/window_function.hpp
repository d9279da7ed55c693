// A function that sees a window whole: all its records, the window itself, and state of two kinds, which checkpoints keep.
//
//   orders.key_by(&Order::customer).window(tumbling(24h))
//       .process<Report, DayState, CustomerState>("report", [](auto& window, auto&& out) {
//         if (window.key_state.orders += window.elements.size(); …) out(Report{window.key, window.window.start, …});
//       });
//
// The window state begins anew with each window and goes when the window is dropped; it is what a later firing of the same
// window finds. The key state stays for good.
//
// A struct may have side outputs as well, and is told when a window goes:
//
//   struct Report {
//     using Out = Row;
//     using WindowState = DayState;                        // these two if there is any
//     using KeyState = CustomerState;
//     weir::SideOutput<Alert> alerts;
//     void process(auto& window, auto& out) { out(Row{…}); out(alerts, Alert{…}); }
//     void clear(auto& window) { … window.key_state … }    // optional; the window has no elements any more
//   };
//   auto report = orders.key_by(&Order::customer).window(tumbling(24h)).process("report", Report{});
//   report.side(&Report::alerts), report.late
#pragma once

#include <vector>

#include <weir/operators/function_shape.hpp>
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

/// What a struct yields its records to: those of Out, and of its side outputs.
template <class Out>
struct WindowSides : WindowOut<Out> {
  SideEmitters& sides;
  using WindowOut<Out>::operator();
  template <class T>
  void operator()(const SideOutput<T>& output, std::type_identity_t<T> record) const {
    output.emit(sides, std::move(record), this->time);
  }
};

namespace detail {
template <class F> struct WindowStateOf { using type = Nothing; };
template <class F> requires requires { typename F::WindowState; } struct WindowStateOf<F> { using type = typename F::WindowState; };
template <class F> struct KeyStateOf { using type = Nothing; };
template <class F> requires requires { typename F::KeyState; } struct KeyStateOf<F> { using type = typename F::KeyState; };

struct OnClear { int clear; };
template <class F> struct WithClear : F, OnClear {};
template <class F>
concept NamesClear = !std::is_final_v<F> && !requires { &WithClear<F>::clear; };
}  // namespace detail

template <class F, class K, class T>
using WindowCallOf = WindowCall<K, T, typename detail::WindowStateOf<F>::type, typename detail::KeyStateOf<F>::type>;

template <class F, class K, class T>
concept WindowStruct = EmittingFunction<F> && Record<typename detail::WindowStateOf<F>::type> && Record<typename detail::KeyStateOf<F>::type> &&
                       requires(F& function, WindowCallOf<F, K, T>& window, const WindowSides<typename F::Out>& out) {
                         function.process(window, out);
                       };
template <class F, class K, class T>
concept ClearsWindow = requires(F& function, WindowCallOf<F, K, T>& window) { function.clear(window); };
/// clear() is as it must be, or not there.
template <class F, class K, class T>
concept ClearIsSound = !std::is_class_v<F> || ClearsWindow<F, K, T> || !detail::NamesClear<F>;

/// Calls a window struct for ElementsBody.
template <class T, class K, class F>
class ApplyStruct {
 public:
  using WindowState = typename detail::WindowStateOf<F>::type;
  using KeyState = typename detail::KeyStateOf<F>::type;
  using Out = typename F::Out;

  explicit ApplyStruct(std::shared_ptr<const FunctionPrototype<F>> prototype) : prototype_(std::move(prototype)) {}

  void open(OperatorContext& context) {
    running_ = std::make_shared<Running>(prototype_->function());
    running_->sides.open(context);
    prototype_->connect(running_->function, running_->sides);
    if constexpr (kKeyState) states_ = &context.state().template table<K, KeyState>("key");
  }

  void operator()(const Firing<K>& firing, const std::vector<T>& records, WindowState& state, Emitter<Out>& out) const {
    with_window(firing, records, state, [&](auto& window) {
      const WindowSides<Out> outputs{{out, firing.time}, running_->sides};
      running_->function.process(window, outputs);
    });
  }

  void drop(const Firing<K>& firing, WindowState& state) const {
    if constexpr (ClearsWindow<F, K, T>) with_window(firing, {}, state, [&](auto& window) { running_->function.clear(window); });
  }

  void flush() const { running_->sides.flush(); }

 private:
  static constexpr bool kKeyState = !std::is_same_v<KeyState, Nothing>;
  struct Running {
    explicit Running(const F& function) : function(function) {}
    F function;
    SideEmitters sides;
  };

  template <class Use>
  void with_window(const Firing<K>& firing, const std::vector<T>& records, WindowState& state, Use&& use) const {
    KeyState none{};
    KeyState* key_state = &none;
    if constexpr (kKeyState) key_state = &states_->edit(firing.key);
    WindowCallOf<F, K, T> window{firing.key, firing.window, records, firing.watermark, firing.now, state, *key_state};
    use(window);
  }

  std::shared_ptr<const FunctionPrototype<F>> prototype_;  // shared by the pipeline's streams and the operator's tasks
  std::shared_ptr<Running> running_;                       // the task's own, from open() on
  StateTable<K, KeyState>* states_ = nullptr;
};

}  // namespace weir
