// State of functions on streams without keys. It belongs to the task: lists whose items are dealt out among the tasks
// when their number changes, or given to all of them.
//
//   struct Batcher {
//     weir::TaskList<Order> waiting;
//     void open(weir::TaskState& state) { waiting = state.list<Order>("waiting"); }
//     void process(const Order& order, auto& context) { waiting->push_back(order); ... }
//   };
//
// A checkpoint encodes the list at once: keep it small.
#pragma once

#include <weir/state/operator_state.hpp>
#include <weir/state/state_cell.hpp>

namespace weir {

/// A list of the task, used as the std::vector it points to. Borrowed; copies refer to the same list.
template <class T>
class TaskList {
 public:
  TaskList() = default;
  explicit TaskList(std::vector<T>& items) : items_(&items) {}

  std::vector<T>& operator*() const { return detail::bound(items_); }
  std::vector<T>* operator->() const { return &detail::bound(items_); }

 private:
  std::vector<T>* items_ = nullptr;
};

class TaskState {
 public:
  explicit TaskState(OperatorState& state) : state_(state) {}

  /// After a restore a task has its own items again; when their number has changed, its share of all tasks' items.
  template <class T>
  TaskList<T> list(const std::string& name) { return bind<T>(name, ChunkKind::Split); }
  /// After a restore every task has the items of all tasks.
  template <class T>
  TaskList<T> union_list(const std::string& name) { return bind<T>(name, ChunkKind::Union); }

 private:
  template <class T>
  TaskList<T> bind(const std::string& name, ChunkKind kind) {
    if constexpr (RequireRecord<T>::value) return TaskList<T>(state_.list<T>(name, kind));
    else return {};
  }

  OperatorState& state_;
};

}  // namespace weir
