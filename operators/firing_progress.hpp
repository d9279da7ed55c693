// Firing a window may take long: a barrier can fall between two keys. What is still to fire must then follow from the
// state, also when the keys come back to other tasks. Windows fire in order of their end, and within a window keys in
// order of their hash, so one row says it all:
//
//   of the keys in these groups, every window that ends before `fired_before` has fired, and of the windows that end
//   then, those of keys whose order is less than `order`
//
// A task after a restore has the rows of all tasks before it, and obeys those for its own groups. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <weir/dataflow/operator.hpp>

namespace weir {

/// The order in which the keys of a window fire: the upper half of a key's hash, which also decides its key group.
constexpr std::uint32_t key_order(std::uint64_t key_hash) { return static_cast<std::uint32_t>(key_hash >> 32); }

struct FiredUpTo {
  std::uint32_t first_group = 0;
  std::uint32_t end_group = 0;
  EventTime fired_before;
  std::uint32_t order = 0;
};
WEIR_RECORD(FiredUpTo, first_group, end_group, fired_before, order);

class FiringProgress {
 public:
  /// Declares the state; reads what earlier tasks left for this one's groups.
  void open(OperatorContext& context);

  /// Where the run restored from had got with all of this task's keys; empty when it had not begun.
  std::optional<EventTime> resumed() const;
  /// Where it had got with the keys that were furthest. Call when resumed() is there.
  EventTime furthest() const;
  /// Windows of keys of this order that end before this have fired, as far as the run restored from tells.
  EventTime first_unfired(std::uint32_t order) const;

  /// For before_snapshot: how far this task is.
  void save(EventTime fired_before, std::uint32_t order);

 private:
  std::vector<FiredUpTo>* stored_ = nullptr;
  std::vector<FiredUpTo> restored_;
  KeyOwnership ownership_;
};

}  // namespace weir
