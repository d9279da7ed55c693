// What a table remembers of its entries for snapshots, without entries.
#include <doctest/doctest.h>

#include <vector>

#include <weir/state/slot_marks.hpp>

using namespace weir;

namespace {

SlotMarks marks_of(std::uint32_t slots) {
  SlotMarks marks(SlotMarks::Tracking::On);
  for (std::uint32_t i = 0; i < slots; ++i) marks.add(marks.append());
  return marks;
}

/// The slots that the snapshot in progress writes, as a table writes them.
std::vector<std::uint32_t> written(SlotMarks& marks) {
  std::vector<std::uint32_t> slots;
  while (marks.left()) {
    const std::uint32_t slot = marks.next();
    if (!marks.pending(slot)) continue;
    slots.push_back(slot);
    marks.written(slot);
  }
  marks.finish();
  return slots;
}

using Slots = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("a full snapshot writes every entry there was, a delta those that changed since") {
  SlotMarks marks = marks_of(4);
  marks.freeze(SnapshotMode::Full);
  marks.add(marks.append());  // after the freeze
  CHECK(written(marks) == Slots{0, 1, 2, 3});
  marks.dirty(2);
  marks.freeze(SnapshotMode::Delta);
  CHECK(written(marks) == Slots{4, 2});
  marks.freeze(SnapshotMode::Delta);
  CHECK(written(marks).empty());
}

TEST_CASE("an entry that changes while it is pending is written once, and again by the next delta") {
  SlotMarks marks = marks_of(3);
  marks.freeze(SnapshotMode::Full);
  CHECK(marks.pending(1));
  CHECK_FALSE(marks.settled(1));
  marks.written(1);
  marks.dirty(1);
  CHECK(marks.settled(1));
  CHECK(written(marks) == Slots{0, 2});
  marks.freeze(SnapshotMode::Delta);
  CHECK(written(marks) == Slots{1});
}

TEST_CASE("after a snapshot was given up nothing is pending, and the next full one writes everything") {
  for (const auto mode : {SnapshotMode::Full, SnapshotMode::Delta}) {
    SlotMarks marks = marks_of(3);
    marks.freeze(SnapshotMode::Full);
    CHECK(written(marks).size() == 3);
    marks.dirty(0);
    marks.freeze(mode);
    marks.dirty(2);
    marks.discard();
    for (std::uint32_t slot = 0; slot < 3; ++slot) CHECK_FALSE(marks.pending(slot));
    marks.freeze(SnapshotMode::Full);
    marks.written(0);
    marks.dirty(0);
    CHECK(written(marks) == Slots{1, 2});
    marks.freeze(SnapshotMode::Delta);
    CHECK(written(marks) == Slots{0});
  }
}

TEST_CASE("a slot without an entry is never written, and one that is used again is new") {
  SlotMarks marks = marks_of(2);
  marks.freeze(SnapshotMode::Full);
  marks.remove(0);
  CHECK(written(marks) == Slots{1});
  marks.add(0);
  marks.freeze(SnapshotMode::Delta);
  CHECK(written(marks) == Slots{0});
}

TEST_CASE("an entry is stored once a snapshot has it, and not when it is made anew") {
  SlotMarks marks = marks_of(2);
  CHECK_FALSE(marks.stored(0));
  marks.freeze(SnapshotMode::Full);
  (void)written(marks);
  CHECK(marks.stored(0));
  marks.dirty(0);
  CHECK(marks.stored(0));
  CHECK(marks.settled(0));
  marks.remove(1);
  marks.add(1);
  CHECK_FALSE(marks.stored(1));
  marks.restored(1);
  CHECK(marks.stored(1));
}
