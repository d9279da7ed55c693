// What is kept of a key's records in one window, a pane, and where panes are kept. Windows of fixed places have one entry
// per key and window. Sessions move and merge, so a key has one entry with all its sessions, oldest first and no two
// touching; each has an id, the window it began as, that stays while its window grows.
//
// References to panes are good until the next call that adds or removes one of the same key. One thread.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include <weir/operators/trigger.hpp>
#include <weir/dataflow/operator.hpp>

namespace weir {

template <class Contents, class TriggerState>
struct Pane {
  Contents contents{};
  TriggerState trigger{};
  WindowTimers timers;
  bool ended = false;  // its end has been reached, and the trigger told

  // Not state: the earliest entries in the operator's timer queues; the end of time when there are none.
  std::int64_t armed_event_ms = std::numeric_limits<std::int64_t>::max();
  std::int64_t armed_processing_ms = std::numeric_limits<std::int64_t>::max();
};
template <class C, class S>
constexpr auto weir_fields(const Pane<C, S>*) {
  using Type = Pane<C, S>;
  return std::make_tuple(make_field("contents", &Type::contents), make_field("trigger", &Type::trigger),
                         make_field("timers", &Type::timers), make_field("ended", &Type::ended));
}
template <class C, class S>
constexpr std::string_view weir_record_name(const Pane<C, S>*) { return "Pane"; }

template <class P>
struct Session {
  Window window;
  Window id;
  P pane{};
};
template <class P>
constexpr auto weir_fields(const Session<P>*) {
  return std::make_tuple(make_field("window", &Session<P>::window), make_field("id", &Session<P>::id),
                         make_field("pane", &Session<P>::pane));
}
template <class P>
constexpr std::string_view weir_record_name(const Session<P>*) { return "Session"; }

/// A pane in its place; `pane` is null when there is none.
template <class P>
struct PaneAt {
  P* pane = nullptr;
  Window window;
  Window id;
};

template <class K, class P>
class FixedPanes {
 public:
  void open(OperatorContext& context) { table_ = &context.state().template table<Scoped<K, Window>, P>("panes"); }

  /// The window that a record of `window` ends up in.
  Window whole(const K&, const Window& window) const { return window; }

  /// The pane to change, made when there is none.
  template <class Merge>
  PaneAt<P> edit(const K& key, const Window& window, Merge&&) { return {&table_->edit({key, window}), window, window}; }
  PaneAt<P> find(const K& key, const Window& id) { return {table_->edit_existing({key, id}), id, id}; }
  void erase(const K& key, const Window& id) { table_->erase({key, id}); }

  /// Calls visit(key, window, id, pane) for all.
  template <class Visit>
  void for_each(Visit&& visit) const {
    table_->for_each([&](const Scoped<K, Window>& at, const P& pane) { visit(at.key, at.scope, at.scope, pane); });
  }

 private:
  StateTable<Scoped<K, Window>, P>* table_ = nullptr;
};

template <class K, class P>
class SessionPanes {
 public:
  void open(OperatorContext& context) { table_ = &context.state().template table<K, Sessions>("sessions"); }

  Window whole(const K& key, const Window& window) const {
    Window all = window;
    const Sessions* sessions = table_->find(key);
    if (!sessions) return all;
    for (auto at = first_touching(*sessions, window); at != sessions->end() && at->window.touches(window); ++at) {
      all = all.cover(at->window);
    }
    return all;
  }

  /// The session around `window`, made when there is none. Of several that it joins, one takes over what the others
  /// have: merge(into, from), both Session<P>&, is called for each of these.
  template <class Merge>
  PaneAt<P> edit(const K& key, const Window& window, Merge&& merge) {
    Sessions& sessions = table_->edit(key);
    const auto first = first_touching(sessions, window);
    auto end = first;
    while (end != sessions.end() && end->window.touches(window)) ++end;
    if (first == end) return at(*sessions.insert(first, Session<P>{window, window, {}}));
    first->window = first->window.cover(window);
    for (auto other = std::next(first); other != end; ++other) {
      first->window = first->window.cover(other->window);
      merge(*first, *other);
    }
    sessions.erase(std::next(first), end);
    return at(*first);
  }

  PaneAt<P> find(const K& key, const Window& id) {
    Sessions* sessions = table_->edit_existing(key);
    if (!sessions) return {};
    const auto found = by_id(*sessions, id);
    return found == sessions->end() ? PaneAt<P>{} : at(*found);
  }

  void erase(const K& key, const Window& id) {
    Sessions& sessions = table_->edit(key);
    sessions.erase(by_id(sessions, id));
    if (sessions.empty()) table_->erase(key);
  }

  template <class Visit>
  void for_each(Visit&& visit) const {
    table_->for_each([&](const K& key, const Sessions& sessions) {
      for (const Session<P>& session : sessions) visit(key, session.window, session.id, session.pane);
    });
  }

 private:
  using Sessions = std::vector<Session<P>>;

  static PaneAt<P> at(Session<P>& session) { return {&session.pane, session.window, session.id}; }

  template <class List>
  static auto first_touching(List& sessions, const Window& window) {
    return std::partition_point(sessions.begin(), sessions.end(),
                                [&](const Session<P>& session) { return session.window.end < window.start; });
  }
  /// Ids are in the order of windows too: a session covers the window it began as.
  static auto by_id(Sessions& sessions, const Window& id) {
    const auto found = first_touching(sessions, id);
    for (auto at = found; at != sessions.end() && at->window.touches(id); ++at) {
      if (at->id == id) return at;
    }
    return sessions.end();
  }

  StateTable<K, Sessions>* table_ = nullptr;
};

}  // namespace weir
