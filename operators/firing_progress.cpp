#include <weir/operators/firing_progress.hpp>

#include <algorithm>

namespace weir {

void FiringProgress::open(OperatorContext& context) {
  stored_ = &context.state().list<FiredUpTo>("fired", ChunkKind::Union);
  ownership_ = context.state().scope().ownership;
  for (const FiredUpTo& row : *stored_) {
    if (row.first_group < ownership_.range.end && ownership_.range.first < row.end_group) restored_.push_back(row);
  }
}

std::optional<EventTime> FiringProgress::resumed() const {
  std::optional<EventTime> least;
  for (const FiredUpTo& row : restored_) least = least ? std::min(*least, row.fired_before) : row.fired_before;
  return least;
}

EventTime FiringProgress::furthest() const {
  EventTime most = EventTime::min();
  for (const FiredUpTo& row : restored_) most = std::max(most, row.order > 0 ? row.fired_before + Duration(1) : row.fired_before);
  return most;
}

EventTime FiringProgress::first_unfired(std::uint32_t order) const {
  EventTime first = EventTime::min();
  const KeyGroup group = key_group_of(std::uint64_t{order} << 32, ownership_.groups);
  for (const FiredUpTo& row : restored_) {
    if (group < row.first_group || group >= row.end_group) continue;
    first = std::max(first, order < row.order ? row.fired_before + Duration(1) : row.fired_before);
  }
  return first;
}

void FiringProgress::save(EventTime fired_before, std::uint32_t order) {
  std::erase_if(restored_, [&](const FiredUpTo& row) { return row.fired_before < fired_before; });
  *stored_ = restored_;
  stored_->push_back({ownership_.range.first, ownership_.range.end, fired_before, order});
}

}  // namespace weir
