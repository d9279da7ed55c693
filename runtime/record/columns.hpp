// Rows of a type are stored and sent as columns: building and reading plain arrays costs a third to a
// tenth of one message struct per row, and a field that nobody asks for costs nothing.
//
//   block  := rows column*
//   column := fixed-width little-endian entries | (end-offset per entry, bytes)
//
// A column has an entry only where its parent has a value: the child column of an optional has as many
// entries as there are present values, that of a list as many as all lists have elements together.
// Columns are read front to back through Cursors, which check every bound: a block from a disk or a peer
// can be wrong but cannot make a reader leave it.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/record/schema.hpp>

namespace weir {

/// A growing run of bytes; appending a number is a bounds check and a store.
class ByteBuffer {
 public:
  template <class Number>
  void append(Number number) {
    if (capacity_ - size_ < sizeof(Number)) grow(sizeof(Number));
    std::memcpy(data_.get() + size_, &number, sizeof(Number));
    size_ += sizeof(Number);
  }
  void append(std::string_view bytes) {
    if (capacity_ - size_ < bytes.size()) grow(bytes.size());
    if (!bytes.empty()) std::memcpy(data_.get() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }

  std::size_t size() const { return size_; }
  const std::byte* data() const { return data_.get(); }
  std::span<const std::byte> bytes() const { return {data_.get(), size_}; }
  void clear() { size_ = 0; }

 private:
  void grow(std::size_t at_least);

  std::unique_ptr<std::byte[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

struct Column {
  ByteBuffer data;
  ByteBuffer ends;  // of text entries: uint32 offsets into data

  void append_text(std::string_view text);
};

/// A block of rows. A value; moved, and copied only by name.
struct Columns {
  explicit Columns(std::size_t column_count = 0) : columns(column_count) {}

  std::uint32_t rows = 0;
  std::vector<Column> columns;

  std::size_t size_bytes() const {
    std::size_t size = 0;
    for (const Column& column : columns) size += column.data.size() + column.ends.size();
    return size;
  }
  Columns copy() const;
};

/// A block as one Cap'n Proto message, whole words. See columns.capnp. An Error when a column has more bytes, or texts, than
/// fit into a list of such a message: 2^29 - 1.
Result<std::vector<std::byte>> pack(const Columns& block);
Result<Columns> unpack(std::span<const std::byte> bytes);

/// Reads the columns of a block in order, through the bindings of the reader's schema. Borrows the block.
/// Reading past the end of a column throws Failure.
class Cursors {
 public:
  Cursors(const Columns& block, std::vector<Binding> bindings);

  bool absent(std::size_t column) const { return cursors_[column].binding.column == Binding::kAbsent; }
  bool always_present(std::size_t column) const { return cursors_[column].binding.column == Binding::kPresent; }

  /// The next entry of a numeric column, converted when it was stored narrower. `native` is what the
  /// reader declares.
  template <class Number>
  Number next(std::size_t column, Kind native) {
    Cursor& cursor = cursors_[column];
    if (cursor.binding.stored == native) [[likely]] {
      if (cursor.left < sizeof(Number)) [[unlikely]] exhausted(column);
      Number number;
      std::memcpy(&number, cursor.data, sizeof(Number));
      cursor.data += sizeof(Number);
      cursor.left -= sizeof(Number);
      return number;
    }
    return widened<Number>(column);
  }

  std::string_view next_text(std::size_t column);

 private:
  struct Cursor {
    Binding binding;
    const std::byte* data = nullptr;
    std::size_t left = 0;  // bytes
    const std::byte* ends = nullptr;
    std::size_t entries = 0;
    std::size_t position = 0;  // of text: entries read
    std::uint32_t begin = 0;
  };

  template <class Number>
  Number widened(std::size_t column) {
    switch (cursors_[column].binding.stored) {
      case Kind::Bool:
      case Kind::UInt8: return static_cast<Number>(next<std::uint8_t>(column, cursors_[column].binding.stored));
      case Kind::Int8: return static_cast<Number>(next<std::int8_t>(column, Kind::Int8));
      case Kind::Int16: return static_cast<Number>(next<std::int16_t>(column, Kind::Int16));
      case Kind::Int32: return static_cast<Number>(next<std::int32_t>(column, Kind::Int32));
      case Kind::UInt16: return static_cast<Number>(next<std::uint16_t>(column, Kind::UInt16));
      case Kind::UInt32: return static_cast<Number>(next<std::uint32_t>(column, Kind::UInt32));
      case Kind::Float32: return static_cast<Number>(next<float>(column, Kind::Float32));
      default: exhausted(column);
    }
  }

  [[noreturn]] void exhausted(std::size_t column) const;

  std::vector<Cursor> cursors_;
};

}  // namespace weir
