// State that belongs to a task rather than to a key: a source's positions, a sink's unpublished files. It is
// small, so a freeze encodes it at once. A Split list stays with its task as long as the parallelism does, in order; after
// a change the items of all tasks are dealt out anew. The items of a Union list are given to every task.
#pragma once

#include <utility>
#include <vector>

#include <weir/record/codec.hpp>
#include <weir/state/chunk_writer.hpp>
#include <weir/state/table.hpp>

namespace weir {

template <Record T>
class ListState final : public Table {
 public:
  ListState(std::string name, ChunkKind kind, std::uint32_t task, std::uint32_t parallelism)
      : name_(std::move(name)), kind_(kind), task_(task), parallelism_(parallelism) {}

  std::vector<T> items;

  void freeze(SnapshotMode) override {
    rows_.clear();
    for (const T& item : items) rows_.add(item);
    rows_.close();  // also without items: a task that had state is told from one that never ran
  }

  bool write_some(std::size_t, const ChunkSink& sink) override {
    rows_.send(name_, kind_, sink);
    return true;
  }

  void discard() override { rows_.clear(); }

  void restore(const StateChunk& chunk) override {
    auto bound = bind(Codec<T>::schema(), parse_schema(chunk.schema).or_throw());
    if (!bound) throw Failure("state '" + name_ + "' cannot be restored: " + bound.error().message);
    Cursors in(chunk.block, std::move(bound).or_throw());
    const bool all = kind_ == ChunkKind::Union || chunk.kind == ChunkKind::Own;
    for (std::uint32_t row = 0; row < chunk.block.rows; ++row, ++seen_) {
      T item{};
      Codec<T>::read(in, 0, item);
      if (all || seen_ % parallelism_ == task_) items.push_back(std::move(item));
    }
  }

  std::size_t memory_bytes() const override { return items.capacity() * sizeof(T); }

 private:
  std::string name_;
  ChunkKind kind_;
  std::uint32_t task_;
  std::uint32_t parallelism_;
  std::uint32_t seen_ = 0;  // items restored so far, of all tasks: the order in which they are dealt out
  ChunkWriter<T> rows_;
};

}  // namespace weir
