// What a window does with its records, apart from when: fold them into an accumulator, or keep them for a function that
// sees them all. The operators of window_operator.hpp and window_join.hpp are made of one of these:
//
//   Contents (a Record)                         what a pane holds
//   open(context)                               declares further state
//   merge(key, into, from)                      both Session<Pane>&; `into` takes over what `from` has
//   fire(firing, contents, emitter) -> Progress emits the window's results; More: call again when there is room
//   clear(firing, contents)                     the trigger purges the window
//   drop(firing, contents)                      the window is gone for good
//   vacant(contents)                            whether it holds nothing worth keeping
//   flush()                                     if it has outputs of its own: sends what they hold
#pragma once

#include <algorithm>
#include <optional>

#include <weir/operators/aggregate.hpp>
#include <weir/operators/element_list.hpp>
#include <weir/operators/emitter.hpp>
#include <weir/operators/evictor.hpp>
#include <weir/operators/pane.hpp>

namespace weir {

/// A window that is about to do something.
template <class K>
struct Firing {
  const K& key;
  Window window;
  Window id;            // of the pane
  EventTime time;       // of the results
  EventTime watermark;
  ProcessingTime now;
};

/// Makes the rows that aggregates over windows yield.
struct MakeWindowResult {
  template <class K, class R>
  WindowResult<K, R> operator()(const K& key, const Window& window, R result) const {
    return {key, window.start, window.end, std::move(result)};
  }
};

template <class T, class K, class A, class Make, class Out>
class AggregateBody {
 public:
  using Contents = std::optional<typename A::Accumulator>;

  AggregateBody(A aggregate, Make make) : aggregate_(std::move(aggregate)), make_(std::move(make)) {}

  void open(OperatorContext&) {}

  void add(const K&, const Window&, Contents& contents, const T& record, EventTime) {
    if (!contents) contents = aggregate_.create();
    aggregate_.add(*contents, record);
  }

  template <class Session>
  void merge(const K&, Session& into, Session& from) {
    Contents& target = into.pane.contents;
    if (!target) target = std::move(from.pane.contents);
    else if (from.pane.contents) aggregate_.merge(*target, *from.pane.contents);
  }

  Progress fire(const Firing<K>& firing, Contents& contents, Emitter<Out>& out) {
    if (contents) out.emit(make_(firing.key, firing.window, aggregate_.result(*contents)), firing.time);
    return Progress::Done;
  }
  void clear(const Firing<K>&, Contents& contents) { contents.reset(); }
  void drop(const Firing<K>&, Contents&) {}
  bool vacant(const Contents& contents) const { return !contents; }

 private:
  A aggregate_;
  Make make_;
};

template <class T, class WindowState>
struct KeptRecords {
  ElementList<T> list;
  WindowState state{};
};
template <class T, class S>
constexpr auto weir_fields(const KeptRecords<T, S>*) {
  return std::make_tuple(make_field("list", &KeptRecords<T, S>::list), make_field("state", &KeptRecords<T, S>::state));
}
template <class T, class S>
constexpr std::string_view weir_record_name(const KeptRecords<T, S>*) { return "KeptRecords"; }

/// Keeps all records; `Apply`, called as apply(firing, records, window state, emitter), makes results of them.
template <class T, class K, class Evict, class Apply, class WindowState, class Out>
class ElementsBody {
 public:
  using Contents = KeptRecords<T, WindowState>;

  ElementsBody(Evict evictor, Apply apply) : evictor_(std::move(evictor)), apply_(std::move(apply)) {}

  void open(OperatorContext& context) {
    store_.open(context, "elements");
    if constexpr (requires { apply_.open(context); }) apply_.open(context);
  }

  void flush() {
    if constexpr (requires { apply_.flush(); }) apply_.flush();
  }

  void add(const K& key, const Window& id, Contents& contents, const T& record, EventTime time) {
    store_.append(key, id, contents.list, {record, time});
  }

  /// The larger list stays where it is. The window state is that of the older session.
  template <class Session>
  void merge(const K& key, Session& into, Session& from) {
    if (store_.size(from.pane.contents.list) > store_.size(into.pane.contents.list)) {
      std::swap(into.id, from.id);
      std::swap(into.pane, from.pane);
      std::swap(into.pane.contents.state, from.pane.contents.state);
      std::swap(into.pane.trigger, from.pane.trigger);
    }
    store_.move(key, from.id, from.pane.contents.list, into.id, into.pane.contents.list);
  }

  Progress fire(const Firing<K>& firing, Contents& contents, Emitter<Out>& out) {
    if (store_.size(contents.list) == 0) return Progress::Done;
    if constexpr (std::is_same_v<Evict, NoEvictor>) {
      std::vector<T> records;
      records.reserve(store_.size(contents.list));
      store_.for_each(firing.key, firing.id, contents.list, [&](const auto& element) { records.push_back(element.record); });
      apply_(firing, records, contents.state, out);
    } else {
      fire_evicting(firing, contents, out);
    }
    return Progress::Done;
  }

  void clear(const Firing<K>& firing, Contents& contents) { store_.clear(firing.key, firing.id, contents.list); }
  void drop(const Firing<K>& firing, Contents& contents) {
    clear(firing, contents);
    if constexpr (requires { apply_.drop(firing, contents.state); }) apply_.drop(firing, contents.state);
  }
  bool vacant(const Contents& contents) const {
    return store_.size(contents.list) == 0 && std::is_same_v<WindowState, Nothing>;
  }

 private:
  void fire_evicting(const Firing<K>& firing, Contents& contents, Emitter<Out>& out) {
    std::vector<WindowElement<T>> elements;
    store_.for_each(firing.key, firing.id, contents.list, [&](const auto& element) { elements.push_back(element); });
    const std::size_t before = elements.size();
    if (!kEvictsAfter<Evict>) evictor_.evict(elements, firing.window);
    std::vector<T> records;
    records.reserve(elements.size());
    for (const auto& element : elements) records.push_back(element.record);
    if (!records.empty()) apply_(firing, records, contents.state, out);
    if (kEvictsAfter<Evict>) evictor_.evict(elements, firing.window);
    if (elements.size() != before) store_.replace(firing.key, firing.id, contents.list, std::move(elements));
  }

  Evict evictor_;
  Apply apply_;
  ElementStore<K, T> store_;
};

/// Applies an aggregate to kept records: what an aggregate with an evictor does.
template <class T, class K, class A, class Make, class Out>
struct ApplyAggregate {
  A aggregate;
  Make make;

  void operator()(const Firing<K>& firing, const std::vector<T>& records, Nothing&, Emitter<Out>& out) const {
    auto accumulator = aggregate.create();
    for (const T& record : records) aggregate.add(accumulator, record);
    out.emit(make(firing.key, firing.window, aggregate.result(accumulator)), firing.time);
  }
};

}  // namespace weir
