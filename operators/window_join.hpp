// Joins two keyed streams window by window: every left record with every right record of the same key in the same window.
//
//   auto active = persons.key_by(&Person::id)
//       .window_join("active", auctions.key_by(&Auction::seller), tumbling(10s), JoinKind::Inner,
//                    [](const Person& p, const Auction& a) { return Active{p.id, a.id}; });
//   active.late_left, active.late_right     // records that came too late
//
// An outer join also yields the records of a window that have no partner in it. A pair in several windows (sliding ones) is
// joined in each. Results have the window's last instant as their time. With allowed lateness, a late record makes its
// window yield all of its pairs again.
//
// A trigger of trigger.hpp comes with the windows: triggered(tumbling(10min), early_after(100)).
//
// State: each record once per window. A window with very many pairs yields them in steps.
#pragma once

#include <weir/operators/join_kind.hpp>
#include <weir/operators/window_pair.hpp>

namespace weir {

template <class K, class A, class B, class F, class Out>
class WindowJoinBody : public PairBody<K, A, B> {
 public:
  using Contents = PairContents<A, B>;

  WindowJoinBody(F join, JoinKind kind) : join_(std::move(join)), kind_(kind) {}

  /// Pairs are counted, left by left, so that the window can go on where output ran full.
  Progress fire(const Firing<K>& firing, Contents& contents, Emitter<Out>& out) {
    const std::size_t lefts = this->left_.size(contents.left);
    const std::size_t rights = this->right_.size(contents.right);
    if (lefts == 0 && !keeps_right(kind_)) return Progress::Done;
    if (rights == 0 && !keeps_left(kind_)) return Progress::Done;
    typename ElementStore<K, A>::Reader left(this->left_, firing.key, firing.id, contents.left);
    typename ElementStore<K, B>::Reader right(this->right_, firing.key, firing.id, contents.right);
    const std::uint64_t pairs = std::max<std::uint64_t>(lefts, 1) * std::max<std::uint64_t>(rights, 1);
    for (std::uint64_t done = 0; contents.emitted < pairs; ++contents.emitted, ++done) {
      if (done > 0 && done % kCheck == 0 && (done == kStep || this->output_full())) return Progress::More;
      const std::uint64_t i = contents.emitted / std::max<std::uint64_t>(rights, 1);
      const std::uint64_t j = contents.emitted % std::max<std::uint64_t>(rights, 1);
      out.emit(join_records(join_, lefts == 0 ? nullptr : &left[i], rights == 0 ? nullptr : &right[j]), firing.time);
    }
    contents.emitted = 0;
    return Progress::Done;
  }

 private:
  static constexpr std::uint64_t kCheck = 256;    // pairs between looks at whether downstream has room
  static constexpr std::uint64_t kStep = 16'384;  // pairs after which the task may look at other things

  F join_;
  JoinKind kind_;
};

template <class T, class KeyOf>
template <class U, class KeyOfU, class Assigner, class F>
auto KeyedStream<T, KeyOf>::window_join(const std::string& name, const KeyedStream<U, KeyOfU>& other, const Assigner& assigner,
                                        JoinKind kind, F join, const PairWindowOptions& options) const {
  constexpr bool same = std::is_same_v<KeyType, KeyOfResult<U, KeyOfU>>;
  static_assert(same, "window_join: both streams must be keyed by the same type");
  constexpr bool windows = PairAssigner<Assigner>;
  static_assert(windows, "window_join: give tumbling(5min), sliding(1h, 1min), session(10min) or another window behind the other stream");
  constexpr bool valid = JoinFunction<F, T, U>;
  static_assert(valid, "window_join: the function must take (const Left&, const Right&), for outer joins (const Left*, const Right*), "
                       "and return a Record");
  using Out = JoinResult<F, T, U>;
  if constexpr (same && windows && valid) {
    check_join<F, T, U>("window_join", kind);
    return detail::add_window_pair<Out>("window_join", name, *this, other, assigner,
                                        WindowJoinBody<KeyType, T, U, F, Out>(join, kind), options);
  } else {
    return WindowPairStream<Out, T, U>(Stream<Out>(stream_.graph(), stream_.node(), stream_.port()));
  }
}

template <class T, class KeyOf>
template <class U, class KeyOfU, class Assigner, class F>
auto KeyedStream<T, KeyOf>::window_join(const std::string& name, const KeyedStream<U, KeyOfU>& other, const Assigner& assigner,
                                        JoinKind kind, F join) const {
  return window_join(name, other, assigner, kind, join, {});
}

}  // namespace weir
