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
#include <utility>
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

  /// Makes it `count` bytes longer; they are for the caller to fill.
  std::byte* extend(std::size_t count) {
    if (capacity_ - size_ < count) grow(count);
    size_ += count;
    return data_.get() + size_ - count;
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

/// Room for texts at the end of a column, to be filled one after the other.
struct TextRun {
  std::byte* bytes;
  std::byte* ends;
  std::uint32_t end;  // in the column, of the last text before

  void put(std::string_view text) {
    if (!text.empty()) std::memcpy(bytes, text.data(), text.size());
    bytes += text.size();
    end += static_cast<std::uint32_t>(text.size());
    std::memcpy(ends, &end, sizeof end);
    ends += sizeof end;
  }
};

struct Column {
  ByteBuffer data;
  ByteBuffer ends;  // of text entries: uint32 offsets into data

  void append_text(std::string_view text) { extend_texts(1, text.size()).put(text); }
  /// Room for `count` texts that have `bytes` bytes together.
  TextRun extend_texts(std::size_t count, std::size_t bytes);
};

/// A block that lies elsewhere: in Columns, or in a message. Borrows it.
struct ColumnsView {
  struct Column {
    std::span<const std::byte> data;
    std::span<const std::byte> ends;
  };

  std::uint32_t rows = 0;
  std::vector<Column> columns;
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
  ColumnsView view() const;
};

/// A block as one Cap'n Proto message, whole words. See columns.capnp. An Error when a column has more bytes, or texts, than
/// fit into a list of such a message: 2^29 - 1.
Result<std::vector<std::byte>> pack(const Columns& block);
Result<Columns> unpack(std::span<const std::byte> bytes);
/// The same without a copy: borrows the bytes, which must not change meanwhile, and begin at a multiple of 8.
Result<ColumnsView> unpack_in_place(std::span<const std::byte> bytes);

/// Reads the columns of a block in order, through the bindings of the reader's schema. Borrows the block.
/// Reading past the end of a column throws Failure.
class Cursors {
 public:
  Cursors(const ColumnsView& block, std::vector<Binding> bindings);
  Cursors(const Columns& block, std::vector<Binding> bindings) : Cursors(block.view(), std::move(bindings)) {}

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

  /// The next `count` entries of a column: put(i, entry) for each. The bounds are checked once for all of them.
  template <class Number, class Put>
  void next_run(std::size_t column, Kind native, std::size_t count, Put put) {
    Cursor& cursor = cursors_[column];
    if (cursor.binding.stored != native) [[unlikely]] {
      for (std::size_t i = 0; i < count; ++i) put(i, widened<Number>(column));
      return;
    }
    if (cursor.left / sizeof(Number) < count) exhausted(column);
    const std::byte* entry = cursor.data;
    for (std::size_t i = 0; i < count; ++i, entry += sizeof(Number)) {
      Number number;
      std::memcpy(&number, entry, sizeof(Number));
      put(i, number);
    }
    cursor.data = entry;
    cursor.left -= count * sizeof(Number);
  }
  template <class Put>
  void next_texts(std::size_t column, std::size_t count, Put put) {
    Cursor& cursor = cursors_[column];
    if (cursor.entries - cursor.position < count) exhausted(column);
    const char* text = reinterpret_cast<const char*>(cursor.data);
    const std::byte* entry = cursor.ends + cursor.position * sizeof(std::uint32_t);
    std::uint32_t begin = cursor.begin;
    for (std::size_t i = 0; i < count; ++i, entry += sizeof(std::uint32_t)) {
      std::uint32_t end = 0;
      std::memcpy(&end, entry, sizeof end);
      put(i, std::string_view(text + begin, end - begin));
      begin = end;
    }
    cursor.begin = begin;
    cursor.position += count;
  }

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
