// A function that sees, window by window, all records of two streams with one key: the join of which all others are special
// cases.
//
//   orders.key_by(&Order::customer)
//       .co_group<Balance>("balance", payments.key_by(&Payment::customer), tumbling(24h), [](const auto& group, auto&& out) {
//         out(Balance{group.key, group.left.size(), group.right.size()});
//       });
//
// It is called when at least one side has records. Times, lateness and state are those of window_join.hpp.
#pragma once

#include <weir/operators/window_pair.hpp>

namespace weir {

template <class K, class A, class B>
struct CoGroup {
  const K& key;
  Window window;
  const std::vector<A>& left;   // in order of arrival
  const std::vector<B>& right;
  EventTime watermark;
  ProcessingTime now;
};

template <class F, class K, class A, class B, class Out>
concept CoGroupFunction = std::copy_constructible<F> && Record<Out> && std::invocable<F&, CoGroup<K, A, B>&, const WindowOut<Out>&>;

template <class K, class A, class B, class F, class Out>
class CoGroupBody : public PairBody<K, A, B> {
 public:
  using Contents = PairContents<A, B>;

  explicit CoGroupBody(F function) : function_(std::move(function)) {}

  Progress fire(const Firing<K>& firing, Contents& contents, Emitter<Out>& out) {
    if (this->size(contents) == 0) return Progress::Done;
    std::vector<A> left;
    std::vector<B> right;
    this->left_.for_each(firing.key, firing.id, contents.left, [&](const auto& element) { left.push_back(element.record); });
    this->right_.for_each(firing.key, firing.id, contents.right, [&](const auto& element) { right.push_back(element.record); });
    CoGroup<K, A, B> group{firing.key, firing.window, left, right, firing.watermark, firing.now};
    function_(group, WindowOut<Out>{out, firing.time});
    return Progress::Done;
  }

 private:
  F function_;
};

template <class T, class KeyOf>
template <class Yield, class U, class KeyOfU, class Assigner, class F>
auto KeyedStream<T, KeyOf>::co_group(const std::string& name, const KeyedStream<U, KeyOfU>& other, const Assigner& assigner,
                                     F function, const PairWindowOptions& options) const {
  using Out = RecordOr<Yield>;
  constexpr bool same = std::is_same_v<KeyType, KeyOfResult<U, KeyOfU>>;
  static_assert(same, "co_group: both streams must be keyed by the same type");
  constexpr bool windows = PairAssigner<Assigner>;
  static_assert(windows, "co_group: give tumbling(5min), sliding(1h, 1min), session(10min) or another window behind the other stream");
  constexpr bool valid = CoGroupFunction<F, KeyType, T, U, Out>;
  static_assert(valid, "co_group: the function must take (const auto& group, auto&& out); give the type of what it yields as co_group<Out>");
  if constexpr (same && windows && valid) {
    return detail::add_window_pair<Out>("co_group", name, *this, other, assigner, CoGroupBody<KeyType, T, U, F, Out>(function), options);
  } else {
    return WindowPairStream<Out, T, U>(Stream<Out>(stream_.graph(), stream_.node(), stream_.port()));
  }
}

template <class T, class KeyOf>
template <class Out, class U, class KeyOfU, class Assigner, class F>
auto KeyedStream<T, KeyOf>::co_group(const std::string& name, const KeyedStream<U, KeyOfU>& other, const Assigner& assigner,
                                     F function) const {
  return co_group<Out>(name, other, assigner, function, {});
}

}  // namespace weir
