// Which entries of a table the snapshot in progress still has to write, and which the next one has to: a byte of marks
// per slot, so that a freeze touches none of them and a change to an entry that needs nothing costs one comparison.
//
//   marks := live stored parity epoch    stored: some snapshot has it; parity: written by the last full pass;
//                                        epoch: dirty in epoch 1 or 2, or clean
//
//   before a change: if (!settled(slot)) { if (pending(slot)) write it out; dirty(slot); }
//   a snapshot:      freeze (left: next, and if that is pending write it out)* finish | discard
//   written out:     written(slot)
//
// Knows slots by number alone. A value; one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <weir/state/table.hpp>

namespace weir {

class SlotMarks {
 public:
  /// `tracking`: whether snapshots will be taken; without, changes are not recorded.
  enum class Tracking : std::uint8_t { Off, On };

  explicit SlotMarks(Tracking tracking) : tracking_(tracking) {}

  std::uint32_t size() const { return static_cast<std::uint32_t>(marks_.size()); }
  bool live(std::uint32_t slot) const { return (marks_[slot] & kLive) != 0; }
  bool tracking() const { return tracking_ == Tracking::On; }

  /// Whether the entry may be changed as it is.
  bool settled(std::uint32_t slot) const { return (marks_[slot] & ~kStored) == hot_; }
  /// Whether a snapshot has been given the entry, so that the next one must say when it is erased.
  bool stored(std::uint32_t slot) const { return (marks_[slot] & kStored) != 0; }

  /// Frozen and not yet written out.
  bool pending(std::uint32_t slot) const {
    const std::uint8_t mark = marks_[slot];
    if (!writing_ || !(mark & kLive)) return false;
    if (full_) return (mark & kParity) != (hot_ & kParity);
    return (mark & kEpoch) != 0 && (mark & kEpoch) != (hot_ & kEpoch);
  }

  /// A new slot, without an entry.
  std::uint32_t append() {
    marks_.push_back(0);
    return size() - 1;
  }
  /// An entry is made in a slot.
  void add(std::uint32_t slot) {
    marks_[slot] = hot_;
    if (tracking()) dirty_.push_back(slot);
  }
  /// A live entry is about to change.
  void dirty(std::uint32_t slot) {
    if ((marks_[slot] & kEpoch) != (hot_ & kEpoch)) dirty_.push_back(slot);
    marks_[slot] = hot_ | (marks_[slot] & kStored);
  }
  /// A live entry comes from a snapshot.
  void restored(std::uint32_t slot) {
    if (tracking()) marks_[slot] |= kStored;
  }
  void remove(std::uint32_t slot) { marks_[slot] = 0; }
  void remove(std::uint32_t first, std::uint32_t count) { std::fill_n(marks_.begin() + first, count, std::uint8_t{0}); }

  /// The snapshot in progress needs the entry no more.
  void written(std::uint32_t slot) {
    const std::uint8_t epoch = marks_[slot] & kEpoch;
    marks_[slot] = static_cast<std::uint8_t>(kLive | kStored | (hot_ & kParity) | (epoch == (hot_ & kEpoch) ? epoch : 0));
  }

  void freeze(SnapshotMode mode);
  bool writing() const { return writing_; }
  bool left() const { return cursor_ < (full_ ? limit_ : static_cast<std::uint32_t>(frozen_.size())); }
  std::uint32_t next() { return full_ ? cursor_++ : frozen_[cursor_++]; }
  void finish() { writing_ = false; }
  /// Gives the snapshot up without looking at an entry. The next one must be full.
  void discard();

  /// Back to no slots and no snapshot.
  void clear();
  std::size_t memory_bytes() const;

 private:
  static constexpr std::uint8_t kEpoch = 3;  // 0 clean; 1 and 2 alternate, so that ^3 turns one into the other
  static constexpr std::uint8_t kParity = 4;
  static constexpr std::uint8_t kStored = 8;
  static constexpr std::uint8_t kLive = 128;

  Tracking tracking_;
  std::uint8_t hot_ = kLive | 1;  // the marks of an entry that needs nothing before a change, stored or not
  bool writing_ = false;
  bool full_ = false;
  std::uint32_t cursor_ = 0;  // into frozen_, or of a full snapshot the slot itself
  std::uint32_t limit_ = 0;   // of a full snapshot: the slots there were
  std::vector<std::uint8_t> marks_;
  std::vector<std::uint32_t> dirty_;
  std::vector<std::uint32_t> frozen_;
};

}  // namespace weir
