// Joins two keyed streams on nearness in event time: a left record at t and a right record at u of one key match when u lies
// in the interval [t + lower, t + upper]. Unlike windows, nothing is cut: every pair that is near enough matches, once.
//
//   auto clicked = impressions.key_by(&Impression::ad)
//       .interval_join("clicked", clicks.key_by(&Click::ad), {.lower = 0s, .upper = 10min}, JoinKind::Inner,
//                      [](const Impression& i, const Click& c) { return Clicked{i.ad, c.at}; });
//   clicked.late_left, clicked.late_right   // records at or before the watermark when they came, which are not joined
//
// A pair's result has the later of the two times. An outer join also yields a record without a partner, when the watermark
// says that none can come any more, at the end of the record's interval (but not before its own time), so that
// no result is late. Bounds are inclusive unless told otherwise.
//
// State: each record once, until the watermark has passed the last partner it could have. A record is an entry of its own.
#pragma once

#include <algorithm>

#include <weir/operators/emitter.hpp>
#include <weir/operators/join_buffer.hpp>
#include <weir/operators/join_kind.hpp>
#include <weir/operators/keyed_stream.hpp>
#include <weir/operators/named_step.hpp>
#include <weir/operators/typed_operator.hpp>

namespace weir {

enum class Bound : std::uint8_t { Inclusive, Exclusive };

/// How much later than the left record the right one may be.
struct Interval {
  Duration lower{0};
  Duration upper{0};
  Bound lower_bound = Bound::Inclusive;
  Bound upper_bound = Bound::Inclusive;
};

template <class A, class KeyOfA, class B, class KeyOfB, class F>
class IntervalJoin final : public ContextOperator {
 public:
  using K = KeyOfResult<A, KeyOfA>;
  using Out = JoinResult<F, A, B>;

  IntervalJoin(KeyOfA left_key, KeyOfB right_key, const Interval& interval, JoinKind kind, F join)
      : left_key_(std::move(left_key)),
        right_key_(std::move(right_key)),
        lower_(interval.lower + Duration(interval.lower_bound == Bound::Exclusive ? 1 : 0)),
        upper_(interval.upper - Duration(interval.upper_bound == Bound::Exclusive ? 1 : 0)),
        kind_(kind),
        join_(std::move(join)) {}

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    results_.open(context);
    late_left_.open(context);
    late_right_.open(context);
    left_.open(context.state(), "left", upper_);
    right_.open(context.state(), "right", -lower_);
  }

  void process(BatchPtr batch, std::uint32_t input) override {
    if (input == 0) {
      const auto& in = batch_of<A>(*batch);
      for (std::size_t i = 0; i < in.records.size(); ++i) from_left(in.records[i], in.times[i]);
    } else {
      const auto& in = batch_of<B>(*batch);
      for (std::size_t i = 0; i < in.records.size(); ++i) from_right(in.records[i], in.times[i]);
    }
    flush();
  }

  Progress on_watermark(EventTime time) override {
    Progress progress = Progress::More;
    for (std::size_t removed = 0; progress == Progress::More && removed < kRemovedPerStep; ++removed) {
      if (!remove_next(time)) progress = Progress::Done;
      else if (this->context().output_full()) break;
    }
    flush();
    return progress;
  }

 private:
  static constexpr std::size_t kRemovedPerStep = 256;  // so that a snapshot in progress gets its turn
  using LeftBuffer = JoinBuffer<K, A>;
  using RightBuffer = JoinBuffer<K, B>;

  bool late(EventTime time) {
    if (time == EventTime::min()) throw Failure("interval_join: a record has no event time; give it one with .event_time(...) before");
    return time <= this->context().watermark();
  }

  void from_left(const A& record, EventTime time) {
    if (late(time)) return late_left_.emit(record, time);
    const K& key = std::invoke(left_key_, record);
    bool matched = false;
    const auto marking = keeps_right(kind_) ? RightBuffer::Marking::Yes : RightBuffer::Marking::No;
    right_.for_range(key, time + lower_, time + upper_, marking, [&](const B& partner, EventTime at) {
      matched = true;
      results_.emit(join_records(join_, &record, &partner), std::max(time, at));
    });
    if (time + upper_ > this->context().watermark()) left_.add(key, record, time, matched);
    else if (!matched) left_alone(record, time);
  }

  void from_right(const B& record, EventTime time) {
    if (late(time)) return late_right_.emit(record, time);
    const K& key = std::invoke(right_key_, record);
    bool matched = false;
    const auto marking = keeps_left(kind_) ? LeftBuffer::Marking::Yes : LeftBuffer::Marking::No;
    left_.for_range(key, time - upper_, time - lower_, marking, [&](const A& partner, EventTime at) {
      matched = true;
      results_.emit(join_records(join_, &partner, &record), std::max(time, at));
    });
    if (time - lower_ > this->context().watermark()) right_.add(key, record, time, matched);
    else if (!matched) right_alone(record, time);
  }

  /// The records of both sides that are done with, in order of when, the left one first. False when there is none.
  bool remove_next(EventTime time) {
    const auto* left = left_.due(time);
    const auto* right = right_.due(time);
    if (left != nullptr && (right == nullptr || left->ms <= right->ms)) {
      left_.remove_due([&](const A& record, EventTime at) { left_alone(record, at); });
    } else if (right != nullptr) {
      right_.remove_due([&](const B& record, EventTime at) { right_alone(record, at); });
    }
    return left != nullptr || right != nullptr;
  }

  void left_alone(const A& record, EventTime time) {
    if (keeps_left(kind_)) results_.emit(join_records<F, A, B>(join_, &record, nullptr), std::max(time, time + upper_));
  }
  void right_alone(const B& record, EventTime time) {
    if (keeps_right(kind_)) results_.emit(join_records<F, A, B>(join_, nullptr, &record), std::max(time, time - lower_));
  }

  void flush() {
    results_.flush();
    late_left_.flush();
    late_right_.flush();
  }

  KeyOfA left_key_;
  KeyOfB right_key_;
  Duration lower_;
  Duration upper_;
  JoinKind kind_;
  F join_;
  LeftBuffer left_;
  RightBuffer right_;
  Emitter<Out> results_;
  Emitter<A> late_left_{1};
  Emitter<B> late_right_{2};
};

/// What interval_join() returns: the results, and the records of either stream that came too late.
template <class Out, class A, class B>
struct IntervalJoined : Stream<Out> {
  explicit IntervalJoined(const Stream<Out>& results)
      : Stream<Out>(results), late_left(results.graph(), results.node(), 1), late_right(results.graph(), results.node(), 2) {}
  Stream<A> late_left;
  Stream<B> late_right;
};

template <class T, class KeyOf>
template <class U, class KeyOfU, class F>
auto KeyedStream<T, KeyOf>::interval_join(const std::string& name, const KeyedStream<U, KeyOfU>& other, const Interval& interval,
                                          JoinKind kind, F join, StepOptions options) const {
  constexpr bool same = std::is_same_v<KeyType, KeyOfResult<U, KeyOfU>>;
  static_assert(same, "interval_join: both streams must be keyed by the same type");
  constexpr bool valid = JoinFunction<F, T, U>;
  static_assert(valid, "interval_join: the function must take (const Left&, const Right&), for outer joins (const Left*, const Right*), "
                       "and return a Record");
  using Out = JoinResult<F, T, U>;
  if constexpr (same && valid) {
    using Made = IntervalJoin<T, KeyOf, U, KeyOfU, F>;
    check_join<F, T, U>("interval_join", kind);
    require_event_time(stream_, "interval_join '" + name + "'");
    require_event_time(other.stream(), "interval_join '" + name + "'");
    if (interval.lower > interval.upper) throw Failure("interval_join '" + name + "': the lower bound lies above the upper one; exchange them");
    const auto results = stream_.template step<Out>(
        "interval_join", named("interval_join", name, options), [left = key_of_, right = other.key_of(), interval, kind, join] {
          return std::make_unique<Made>(left, right, interval, kind, join);
        });
    other.stream().feed(results.node(), 1);
    return IntervalJoined<Out, T, U>(results);
  } else {
    return IntervalJoined<Out, T, U>(Stream<Out>(stream_.graph(), stream_.node(), stream_.port()));
  }
}

}  // namespace weir
