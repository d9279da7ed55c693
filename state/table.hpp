// What the runtime sees of a piece of state: a named table that can be frozen at a barrier, written out a
// little at a time while the task goes on, and restored. Frozen means: from then on write_some yields the
// table as it was at the freeze, whatever happens to it meanwhile.
//
//   snapshot := freeze (write_some)* done | freeze … discard
//   chunks of a full snapshot hold every entry; those of a delta the entries changed since the last freeze
//   and, as tombstones, the keys erased since. To restore: the chunks of the last full snapshot, then of each
//   delta in turn first the tombstones, then the entries.
//
// One thread. A table belongs to one operator of one task.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <weir/record/columns.hpp>
#include <weir/state/key_group.hpp>

namespace weir {

enum class SnapshotMode : std::uint8_t { Full, Delta };

/// How a reader applies a chunk.
enum class ChunkKind : std::uint8_t {
  Entries,     // keyed: put each entry whose key group the task owns
  Tombstones,  // keyed: erase each key
  Split,       // a list: its items are dealt out among the tasks when their number has changed
  Union,       // a list: every task gets all items of all tasks
  InFlight,    // elements that an overtaking barrier left behind on a channel
  Own,         // a Split list of the very task that it is given to, which keeps all items: never stored
};

/// A piece of a snapshot: rows of the stated schema.
struct StateChunk {
  std::string table;
  ChunkKind kind = ChunkKind::Entries;
  std::string schema;  // text of the rows' schema
  Columns block;
};

using ChunkSink = std::function<void(StateChunk)>;

class Table {
 public:
  virtual ~Table() = default;

  virtual void freeze(SnapshotMode mode) = 0;

  /// Writes about `budget` entries of the frozen content. True once all is written.
  virtual bool write_some(std::size_t budget, const ChunkSink& sink) = 0;

  /// Gives up a snapshot. The next one must be full.
  virtual void discard() = 0;

  /// Applies a chunk of an earlier snapshot. Throws Failure when its rows cannot be read as this table's.
  virtual void restore(const StateChunk& chunk) = 0;

  virtual std::size_t memory_bytes() const = 0;
};

}  // namespace weir
