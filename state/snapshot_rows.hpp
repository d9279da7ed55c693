// What a keyed table gives to its snapshots and gets back from them: rows of entries, and as tombstones the keys that were
// erased since the last snapshot, if that has them. Which entries are due the table knows (slot_marks.hpp); how its rows leave
// and in which order is the same for all. Belongs to one table; one thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <weir/state/chunk_writer.hpp>
#include <weir/state/state_key.hpp>
#include <weir/state/table.hpp>

namespace weir {

template <Key K, Record V>
class SnapshotRows {
 public:
  explicit SnapshotRows(std::string table) : table_(std::move(table)) {}

  /// The table's name.
  const std::string& table() const { return table_; }

  /// An entry is written out.
  void add(const K& key, const V& value) { entries_.add(key, value); }
  /// An entry that some snapshot has is gone.
  void erased(K key) { erased_.push_back(std::move(key)); }

  void freeze(SnapshotMode mode) {
    frozen_erased_.swap(erased_);
    erased_.clear();
    if (mode == SnapshotMode::Full) frozen_erased_.clear();
  }

  /// Table::write_some, for a table in which left() says whether slots are left to look at and next() looks at one. Stops early
  /// once there is a chunk, so that large entries do not make a long pause.
  template <class Left, class Next>
  bool write_some(std::size_t budget, Left&& left, Next&& next, const ChunkSink& sink) {
    for (; budget > 0 && !frozen_erased_.empty() && !tombstones_.ready(); --budget) {
      tombstones_.add(frozen_erased_.back());
      frozen_erased_.pop_back();
    }
    for (; budget > 0 && !entries_.ready() && left(); --budget) next();
    const bool erased = frozen_erased_.empty();
    if (erased && tombstones_.rows() > 0) tombstones_.close();
    tombstones_.send(table_, ChunkKind::Tombstones, sink);
    if (!erased) return false;  // a key may have been erased and made again: no entry leaves before the last tombstone
    const bool done = !left();
    if (done && entries_.rows() > 0) entries_.close();
    entries_.send(table_, ChunkKind::Entries, sink);
    return done;
  }

  void discard() {
    frozen_erased_.clear();
    tombstones_.clear();
    entries_.clear();
  }

  /// Table::restore: calls put(key, value) or forget(key) for every row. Throws Failure when the rows are those of another type.
  template <class Put, class Forget>
  void read(const StateChunk& chunk, Put&& put, Forget&& forget) const {
    const bool tombstones = chunk.kind == ChunkKind::Tombstones;
    const Schema stored = parse_schema(chunk.schema).or_throw();
    auto bound = bind(tombstones ? Codec<K>::schema() : ChunkWriter<K, V>::schema(), stored);
    if (!bound) throw Failure("state '" + table_ + "' cannot be restored: " + bound.error().message);
    require_same_key(table_, tombstones ? stored : stored.fields.front().second, Codec<K>::schema());
    Cursors in(chunk.block, std::move(bound).or_throw());
    for (std::uint32_t row = 0; row < chunk.block.rows; ++row) {
      K key{};
      Codec<K>::read(in, 0, key);
      if (tombstones) {
        forget(key);
        continue;
      }
      V value{};
      Codec<V>::read(in, Codec<K>::columns, value);
      put(key, std::move(value));
    }
  }

 private:
  std::string table_;
  std::vector<K> erased_;
  std::vector<K> frozen_erased_;
  ChunkWriter<K, V> entries_;
  ChunkWriter<K> tombstones_;
};

}  // namespace weir
