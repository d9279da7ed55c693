// Windows over two keyed streams at once: what joins and co-groups share. A window keeps the records of both sides one by
// one, under one key and in one place, and they meet when it fires.
#pragma once

#include <weir/operators/named_step.hpp>
#include <weir/operators/windowed.hpp>

namespace weir {

struct PairWindowOptions {
  Duration allowed_lateness{0};  // see WindowOptions
  StepOptions step = {};
};

/// The records of a key in a window, by side.
template <class A, class B>
struct PairContents {
  ElementList<A> left;
  ElementList<B> right;
  std::uint64_t emitted = 0;  // pairs, while the window is firing
};
template <class A, class B>
constexpr auto weir_fields(const PairContents<A, B>*) {
  using Type = PairContents<A, B>;
  return std::make_tuple(make_field("left", &Type::left), make_field("right", &Type::right), make_field("emitted", &Type::emitted));
}
template <class A, class B>
constexpr std::string_view weir_record_name(const PairContents<A, B>*) { return "PairContents"; }

/// Keeps the records for a body that says what to fire.
template <class K, class A, class B>
class PairBody {
 public:
  using Contents = PairContents<A, B>;

  void open(OperatorContext& context) {
    context_ = &context;
    left_.open(context, "left");
    right_.open(context, "right");
  }

  void add(const K& key, const Window& id, Contents& contents, const A& record, EventTime time, std::integral_constant<int, 0>) {
    left_.append(key, id, contents.left, {record, time});
  }
  void add(const K& key, const Window& id, Contents& contents, const B& record, EventTime time, std::integral_constant<int, 1>) {
    right_.append(key, id, contents.right, {record, time});
  }

  /// The larger lists stay where they are.
  template <class Session>
  void merge(const K& key, Session& into, Session& from) {
    if (size(from.pane.contents) > size(into.pane.contents)) {
      std::swap(into.id, from.id);
      std::swap(into.pane, from.pane);
      std::swap(into.pane.trigger, from.pane.trigger);
    }
    left_.move(key, from.id, from.pane.contents.left, into.id, into.pane.contents.left);
    right_.move(key, from.id, from.pane.contents.right, into.id, into.pane.contents.right);
  }

  void clear(const Firing<K>& firing, Contents& contents) {
    left_.clear(firing.key, firing.id, contents.left);
    right_.clear(firing.key, firing.id, contents.right);
  }
  void drop(const Firing<K>& firing, Contents& contents) { clear(firing, contents); }
  bool vacant(const Contents& contents) const { return size(contents) == 0; }

 protected:
  std::size_t size(const Contents& contents) const { return left_.size(contents.left) + right_.size(contents.right); }
  bool output_full() const { return context_->output_full(); }

  ElementStore<K, A> left_;
  ElementStore<K, B> right_;

 private:
  OperatorContext* context_ = nullptr;
};

/// Port 0: results; 1 and 2: late records of the left and the right input.
template <class A, class KeyOfA, class B, class KeyOfB, class Assigner, class Trigger, class Body, class Out>
class WindowPairOperator final : public WindowCore<KeyOfResult<A, KeyOfA>, Assigner, Trigger, Body, Out> {
 public:
  using K = KeyOfResult<A, KeyOfA>;
  using Core = WindowCore<K, Assigner, Trigger, Body, Out>;

  WindowPairOperator(KeyOfA left, KeyOfB right, Assigner assigner, Trigger trigger, Body body, Duration lateness)
      : Core(std::move(assigner), std::move(trigger), std::move(body), lateness), left_key_(std::move(left)), right_key_(std::move(right)) {}

  void open(OperatorContext& context) override {
    Core::open(context);
    late_left_.open(context);
    late_right_.open(context);
  }

  void process(BatchPtr batch, std::uint32_t input) override {
    if (input == 0) take(batch_of<A>(*batch), left_key_, late_left_, std::integral_constant<int, 0>());
    else take(batch_of<B>(*batch), right_key_, late_right_, std::integral_constant<int, 1>());
    this->flush();
  }

 private:
  template <class T, class KeyOf, class Side>
  void take(Batch<T>& in, const KeyOf& key_of, Emitter<T>& late, Side side) {
    for (std::size_t i = 0; i < in.records.size(); ++i) {
      const T& record = in.records[i];
      const EventTime time = in.times[i];
      const K key = std::invoke(key_of, record);
      const bool taken = this->offer(key, record, time, [&](auto& contents, const Window& id) {
        this->body_.add(key, id, contents, record, time, side);
      });
      if (!taken) late.emit(in.records.take(i), time);
    }
    late.flush();
  }

  KeyOfA left_key_;
  KeyOfB right_key_;
  Emitter<A> late_left_{1};
  Emitter<B> late_right_{2};
};

/// Results, and the records of either stream that came too late for their windows.
template <class Out, class A, class B>
struct WindowPairStream : Stream<Out> {
  explicit WindowPairStream(const Stream<Out>& results)
      : Stream<Out>(results), late_left(results.graph(), results.node(), 1), late_right(results.graph(), results.node(), 2) {}
  Stream<A> late_left;
  Stream<B> late_right;
};

/// Windows with a trigger that is not their own: what window_join and co_group take in the place of windows.
template <class Assigner, class Trigger>
struct Triggered {
  Assigner windows;
  Trigger trigger;
};

/// window_join("name", other, triggered(tumbling(10min), early_every(10s)), …). Each firing yields what the window holds then;
/// with purging(…) that is what came since the firing before. A trigger of one's own is told of records of both streams.
template <class Assigner, class Trigger>
Triggered<Assigner, Trigger> triggered(Assigner windows, Trigger trigger) {
  static_assert(WindowTrigger<Trigger>, "triggered: give one of trigger.hpp, or a type with State, on_element, on_event_time, "
                                        "on_processing_time and on_merge");
  return {std::move(windows), std::move(trigger)};
}

/// Windows that drop records before they meet: what window_join and co_group take in the place of windows.
template <class Windows, class Evict>
struct Evicting {
  Windows windows;
  Evict evictor;
};

/// window_join("name", other, evicting(tumbling(10min), keep_last(5)), …): with every firing the evictor of evictor.hpp sees the
/// records of either side by themselves. With a trigger: evicting(triggered(…), …).
template <class Windows, class Evict>
Evicting<Windows, Evict> evicting(Windows windows, Evict evictor) {
  return {std::move(windows), std::move(evictor)};
}

/// A body whose windows are evicted from when they fire.
template <class Body, class Evict>
class EvictingBody : public Body {
 public:
  using Contents = typename Body::Contents;

  EvictingBody(Body body, Evict evictor) : Body(std::move(body)), evictor_(std::move(evictor)) {}

  template <class K, class Out>
  Progress fire(const Firing<K>& firing, Contents& contents, Emitter<Out>& out) {
    const bool begins = contents.emitted == 0;
    if (begins && !kEvictsAfter<Evict>) evict(firing, contents);
    if (this->vacant(contents)) return Progress::Done;
    const Progress progress = Body::fire(firing, contents, out);
    if (progress == Progress::Done && kEvictsAfter<Evict>) evict(firing, contents);
    return progress;
  }

 private:
  template <class K>
  void evict(const Firing<K>& firing, Contents& contents) {
    evict(firing, this->left_, contents.left);
    evict(firing, this->right_, contents.right);
  }
  template <class K, class Store, class T>
  void evict(const Firing<K>& firing, Store& store, ElementList<T>& list) {
    std::vector<WindowElement<T>> elements;
    store.for_each(firing.key, firing.id, list, [&](const auto& element) { elements.push_back(element); });
    const std::size_t before = elements.size();
    evictor_.evict(elements, firing.window);
    if (elements.size() != before) store.replace(firing.key, firing.id, list, std::move(elements));
  }

  Evict evictor_;
};

namespace detail {

template <class Assigner>
const Assigner& windows_of(const Assigner& windows) { return windows; }
template <class Assigner, class Trigger>
const Assigner& windows_of(const Triggered<Assigner, Trigger>& triggered) { return triggered.windows; }
template <class Windows, class Evict>
const auto& windows_of(const Evicting<Windows, Evict>& evicting) { return windows_of(evicting.windows); }

template <class Assigner>
auto trigger_of(const Assigner& windows) { return default_trigger(windows); }
template <class Assigner, class Trigger>
Trigger trigger_of(const Triggered<Assigner, Trigger>& triggered) { return triggered.trigger; }
template <class Windows, class Evict>
auto trigger_of(const Evicting<Windows, Evict>& evicting) { return trigger_of(evicting.windows); }

template <class Windows, class Body>
Body evicted(const Windows&, const Body& body) { return body; }
template <class Windows, class Evict, class Body>
EvictingBody<Body, Evict> evicted(const Evicting<Windows, Evict>& evicting, const Body& body) { return {body, evicting.evictor}; }

/// Adds the operator that fires `firing`.
template <class Out, class A, class KeyOfA, class B, class KeyOfB, class Windows, class Body>
WindowPairStream<Out, A, B> add_window_pair(const char* verb, const std::string& name, const KeyedStream<A, KeyOfA>& left,
                                            const KeyedStream<B, KeyOfB>& right, const Windows& windows, const Body& firing,
                                            const PairWindowOptions& options) {
  const auto body = evicted(windows, firing);
  const auto assigner = windows_of(windows);
  require_sound(verb, name, assigner);
  const auto trigger = trigger_of(windows);
  using Assigner = std::remove_const_t<decltype(assigner)>;
  using Trigger = std::remove_const_t<decltype(trigger)>;
  using Made = WindowPairOperator<A, KeyOfA, B, KeyOfB, Assigner, Trigger, std::remove_const_t<decltype(body)>, Out>;
  const Duration lateness = checked({options.allowed_lateness}).allowed_lateness;
  if constexpr (kEventWindows<Assigner>) {
    require_event_time(left.stream(), std::string(verb) + " '" + name + "'");
    require_event_time(right.stream(), std::string(verb) + " '" + name + "'");
  }
  const auto results = left.stream().template step<Out>(
      verb, named(verb, name, options.step), [l = left.key_of(), r = right.key_of(), assigner, trigger, body, lateness] {
        return std::make_unique<Made>(l, r, assigner, trigger, body, lateness);
      });
  right.stream().feed(results.node(), 1);
  if constexpr (Assigner::kTime == WindowTime::Processing) left.stream().graph().nodes[results.node()].times = GraphNode::Times::Given;
  return WindowPairStream<Out, A, B>(results);
}

}  // namespace detail

/// Windows that two streams can share: all but those that count with an evictor.
template <class Windows>
concept PairAssigner = requires(const Windows& windows) {
  requires WindowAssigner<std::decay_t<decltype(detail::windows_of(windows))>>;
  requires !std::same_as<std::decay_t<decltype(detail::windows_of(windows))>, SlidingCountWindow>;
};

}  // namespace weir
