// Rows of a snapshot, cut into chunks as they come: however large the rows are, and whoever adds them, no chunk grows far
// beyond what a store writes fastest, and none beyond what a message can hold.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <weir/record/codec.hpp>
#include <weir/state/table.hpp>

namespace weir {

/// A row is one value of each part. One thread.
template <class... Parts>
class ChunkWriter {
 public:
  static Schema schema() {
    if constexpr (sizeof...(Parts) == 1) return (Codec<Parts>::schema(), ...);
    else return {Kind::Tuple, {}, {{"", Codec<Parts>::schema()}...}};
  }

  void add(const Parts&... parts) {
    std::size_t at = 0;
    ((Codec<Parts>::write(open_, at, parts), at += Codec<Parts>::columns), ...);
    ++open_.rows;
    if (open_.size_bytes() >= kChunkBytes) close();
  }

  /// Rows that no chunk has yet.
  std::uint32_t rows() const { return open_.rows; }
  /// Whether there are chunks to send.
  bool ready() const { return !closed_.empty(); }

  /// Makes a chunk of the rows there are, also of none.
  void close() { closed_.push_back(std::exchange(open_, Columns(kColumns))); }

  void send(const std::string& table, ChunkKind kind, const ChunkSink& sink) {
    for (Columns& block : std::exchange(closed_, {})) sink({table, kind, to_text(schema()), std::move(block)});
  }

  void clear() {
    open_ = Columns(kColumns);
    closed_.clear();
  }

 private:
  static constexpr std::size_t kColumns = (Codec<Parts>::columns + ...);
  static constexpr std::size_t kChunkBytes = 512 * 1024;  // LMDB writes large values fastest from here on

  Columns open_{kColumns};
  std::vector<Columns> closed_;
};

}  // namespace weir
