// The rows of a lookup join: read once, then only looked up, the same in every task. One copy is enough for a checkpoint, so
// the first task writes its own; every task of the next run gets it, at whatever parallelism. Rows are only ever added, so a
// freeze is a number, and the rows before it are written a few at a time; but every checkpoint holds all of them.
//
// Belongs to one operator of one task.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <weir/record/codec.hpp>
#include <weir/state/chunk_writer.hpp>
#include <weir/state/table.hpp>

namespace weir {

template <class K, class U, class KeyOf>
class LookupTable final : public Table {
 public:
  enum class Writer : std::uint8_t { No, Yes };

  LookupTable(std::string name, KeyOf key_of, Writer writer)
      : name_(std::move(name)), key_of_(std::move(key_of)), writer_(writer) {}

  void add(U row) {
    const auto number = static_cast<std::uint32_t>(rows_.size());
    const auto [chain, added] = chains_.try_emplace(std::invoke(key_of_, std::as_const(row)), Chain{number, number});
    if (!added) next_[std::exchange(chain->second.last, number)] = number;
    rows_.push_back(std::move(row));
    next_.push_back(kNone);
  }

  /// Calls visit(row) for the rows of a key, in the order in which they were added. False when there are none.
  template <class Visit>
  bool for_each(const K& key, Visit&& visit) const {
    const auto chain = chains_.find(key);
    if (chain == chains_.end()) return false;
    for (std::uint32_t row = chain->second.first; row != kNone; row = next_[row]) visit(rows_[row]);
    return true;
  }

  std::size_t size() const { return rows_.size(); }

  void freeze(SnapshotMode) override {
    written_ = 0;
    frozen_ = writer_ == Writer::Yes ? rows_.size() : 0;
  }

  bool write_some(std::size_t budget, const ChunkSink& sink) override {
    for (; budget > 0 && written_ < frozen_ && !chunks_.ready(); --budget) chunks_.add(rows_[written_++]);
    const bool done = written_ == frozen_;
    if (done && chunks_.rows() > 0) chunks_.close();
    chunks_.send(name_, ChunkKind::Union, sink);
    return done;
  }

  void discard() override {
    frozen_ = written_ = 0;
    chunks_.clear();
  }

  void restore(const StateChunk& chunk) override {
    auto bound = bind(Codec<U>::schema(), parse_schema(chunk.schema).or_throw());
    if (!bound) throw Failure("state '" + name_ + "' cannot be restored: " + bound.error().message);
    Cursors in(chunk.block, std::move(bound).or_throw());
    for (std::uint32_t number = 0; number < chunk.block.rows; ++number) {
      U row{};
      Codec<U>::read(in, 0, row);
      add(std::move(row));
    }
  }

  std::size_t memory_bytes() const override {
    return rows_.capacity() * sizeof(U) + next_.capacity() * sizeof(std::uint32_t) +
           chains_.size() * (sizeof(K) + sizeof(Chain) + 2 * sizeof(void*));
  }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;

  /// The rows of a key: numbers linked by next_.
  struct Chain {
    std::uint32_t first;
    std::uint32_t last;
  };
  struct Hash {
    std::size_t operator()(const K& key) const { return hash_of(key); }
  };

  std::string name_;
  KeyOf key_of_;
  Writer writer_;
  std::vector<U> rows_;
  std::vector<std::uint32_t> next_;
  std::unordered_map<K, Chain, Hash> chains_;
  std::size_t frozen_ = 0;
  std::size_t written_ = 0;
  ChunkWriter<U> chunks_;
};

}  // namespace weir
