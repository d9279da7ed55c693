#include <weir/state/slot_marks.hpp>

namespace weir {

void SlotMarks::freeze(SnapshotMode mode) {
  writing_ = true;
  full_ = mode == SnapshotMode::Full;
  frozen_.swap(dirty_);
  dirty_.clear();
  hot_ ^= kEpoch;
  if (full_) {
    frozen_.clear();
    hot_ ^= kParity;
    limit_ = size();
  }
  cursor_ = 0;
}

void SlotMarks::discard() {
  while (left()) {
    const std::uint32_t slot = next();
    if (pending(slot)) written(slot);
  }
  finish();
}

void SlotMarks::clear() {
  hot_ = kLive | 1;
  writing_ = full_ = false;
  cursor_ = limit_ = 0;
  marks_.clear();
  dirty_.clear();
  frozen_.clear();
}

std::size_t SlotMarks::memory_bytes() const {
  return marks_.capacity() + (dirty_.capacity() + frozen_.capacity()) * sizeof(std::uint32_t);
}

}  // namespace weir
