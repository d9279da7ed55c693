// State that belongs to a task rather than to a key: a source's positions, a sink's unpublished files. It is
// small, so a freeze encodes it at once. After a change of parallelism the items of all tasks are dealt out
// anew (Split) or given to every task (Union).
#pragma once

#include <utility>
#include <vector>

#include <weir/record/codec.hpp>
#include <weir/state/table.hpp>

namespace weir {

template <Record T>
class ListState final : public Table {
 public:
  ListState(std::string name, ChunkKind kind, std::uint32_t task, std::uint32_t parallelism)
      : name_(std::move(name)), kind_(kind), task_(task), parallelism_(parallelism) {}

  std::vector<T> items;

  void freeze(SnapshotMode) override {
    block_ = Columns(Codec<T>::columns);
    for (const T& item : items) Codec<T>::write(block_, 0, item);
    block_.rows = static_cast<std::uint32_t>(items.size());
    frozen_ = true;
  }

  bool write_some(std::size_t, const ChunkSink& sink) override {
    if (std::exchange(frozen_, false)) sink({name_, kind_, to_text(Codec<T>::schema()), std::move(block_)});
    return true;
  }

  void discard() override { frozen_ = false; }

  void restore(const StateChunk& chunk) override {
    auto bound = bind(Codec<T>::schema(), parse_schema(chunk.schema).or_throw());
    if (!bound) throw Failure("state '" + name_ + "' cannot be restored: " + bound.error().message);
    Cursors in(chunk.block, std::move(bound).or_throw());
    for (std::uint32_t row = 0; row < chunk.block.rows; ++row, ++seen_) {
      T item{};
      Codec<T>::read(in, 0, item);
      if (kind_ == ChunkKind::Union || seen_ % parallelism_ == task_) items.push_back(std::move(item));
    }
  }

  std::size_t memory_bytes() const override { return items.capacity() * sizeof(T); }

 private:
  std::string name_;
  ChunkKind kind_;
  std::uint32_t task_;
  std::uint32_t parallelism_;
  std::uint32_t seen_ = 0;  // items restored so far, of all tasks: the order in which they are dealt out
  bool frozen_ = false;
  Columns block_;
};

}  // namespace weir
