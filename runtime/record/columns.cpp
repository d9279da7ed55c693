#include <weir/record/columns.hpp>

#include <algorithm>
#include <limits>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include "columns.capnp.h"

namespace weir {

void ByteBuffer::grow(std::size_t at_least) {
  const std::size_t capacity = std::max({capacity_ * 2, size_ + at_least, std::size_t{64}});
  auto data = std::make_unique_for_overwrite<std::byte[]>(capacity);
  if (size_ > 0) std::memcpy(data.get(), data_.get(), size_);
  data_ = std::move(data);
  capacity_ = capacity;
}

void Column::append_text(std::string_view text) {
  data.append(text);
  WEIR_CHECK(data.size() <= std::numeric_limits<std::uint32_t>::max(), "a column of text exceeds 4 GiB", data.size());
  ends.append(static_cast<std::uint32_t>(data.size()));
}

Columns Columns::copy() const {
  const auto append = [](ByteBuffer& to, const ByteBuffer& from) {
    to.append(std::string_view(reinterpret_cast<const char*>(from.data()), from.size()));
  };
  Columns made(columns.size());
  made.rows = rows;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    append(made.columns[i].data, columns[i].data);
    append(made.columns[i].ends, columns[i].ends);
  }
  return made;
}

namespace {

constexpr std::size_t kLongestList = (std::size_t{1} << 29) - 1;  // elements, of Cap'n Proto's lists

}  // namespace

Result<std::vector<std::byte>> pack(const Columns& block) {
  for (std::size_t i = 0; i < block.columns.size(); ++i) {
    const std::size_t longest = std::max(block.columns[i].data.size(), block.columns[i].ends.size() / sizeof(std::uint32_t));
    if (longest <= kLongestList) continue;
    return Error{"a block of columns is too large to be stored or sent: column " + std::to_string(i) + " has " +
                 std::to_string(longest) + " bytes in " + std::to_string(block.rows) + " rows, at most " +
                 std::to_string(kLongestList) + " are possible; make the values, or the batches of them, smaller"};
  }
  // Sized so that the whole message is one segment: root, list of structs, and each list rounded up.
  const std::size_t words = block.size_bytes() / 8 + block.columns.size() * 6 + 16;
  capnp::MallocMessageBuilder message(static_cast<capnp::uint>(words));
  auto root = message.initRoot<schema::ColumnBlock>();
  root.setRows(block.rows);
  auto columns = root.initColumns(static_cast<capnp::uint>(block.columns.size()));
  for (capnp::uint i = 0; i < columns.size(); ++i) {
    const Column& column = block.columns[i];
    auto data = columns[i].initData(static_cast<capnp::uint>(column.data.size()));
    if (data.size() > 0) std::memcpy(data.begin(), column.data.data(), data.size());
    const auto count = static_cast<capnp::uint>(column.ends.size() / sizeof(std::uint32_t));
    auto ends = columns[i].initEnds(count);
    for (capnp::uint k = 0; k < count; ++k) {
      std::uint32_t end = 0;
      std::memcpy(&end, column.ends.data() + k * sizeof end, sizeof end);
      ends.set(k, end);
    }
  }
  const auto flat = capnp::messageToFlatArray(message);
  const auto bytes = flat.asBytes();
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.begin());
  return std::vector<std::byte>(begin, begin + bytes.size());
}

namespace {

/// Copies one column out of a message. False when its text offsets do not lie in its bytes.
bool read_column(schema::ColumnData::Reader stored, Column& column) {
  const auto data = stored.getData();
  column.data.append(std::string_view(reinterpret_cast<const char*>(data.begin()), data.size()));
  std::uint32_t last = 0;
  for (const std::uint32_t end : stored.getEnds()) {
    if (end < last || end > data.size()) return false;
    column.ends.append(end);
    last = end;
  }
  return true;
}

}  // namespace

Result<Columns> unpack(std::span<const std::byte> bytes) {
  if (bytes.empty() || bytes.size() % sizeof(capnp::word) != 0) {
    return Error{"a block of columns is cut off: " + std::to_string(bytes.size()) + " bytes are not whole words"};
  }
  // The reader wants aligned words; a copy also keeps it off memory that may change.
  std::vector<capnp::word> words(bytes.size() / sizeof(capnp::word));
  std::memcpy(words.data(), bytes.data(), bytes.size());
  try {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = words.size() * 2 + 64;
    options.nestingLimit = 8;
    capnp::FlatArrayMessageReader message(kj::arrayPtr(words.data(), words.size()), options);
    const auto root = message.getRoot<schema::ColumnBlock>();
    const auto columns = root.getColumns();
    Columns block(columns.size());
    block.rows = root.getRows();
    for (capnp::uint i = 0; i < columns.size(); ++i) {
      if (!read_column(columns[i], block.columns[i])) {
        return Error{"a block of columns is corrupt: text offsets of column " + std::to_string(i) + " leave its bytes"};
      }
    }
    return block;
  } catch (const kj::Exception& exception) {
    return Error{std::string("a block of columns is corrupt: ") + exception.getDescription().cStr()};
  }
}

Cursors::Cursors(const Columns& block, std::vector<Binding> bindings) {
  cursors_.reserve(bindings.size());
  for (const Binding& binding : bindings) {
    Cursor cursor{.binding = binding};
    if (binding.column >= 0) {
      if (static_cast<std::size_t>(binding.column) >= block.columns.size()) {
        throw Failure("a block of columns is corrupt: it has " + std::to_string(block.columns.size()) +
                      " columns, its schema names " + std::to_string(binding.column + 1));
      }
      const Column& column = block.columns[static_cast<std::size_t>(binding.column)];
      cursor.data = column.data.data();
      cursor.left = column.data.size();
      cursor.ends = column.ends.data();
      cursor.entries = column.ends.size() / sizeof(std::uint32_t);
    }
    cursors_.push_back(cursor);
  }
}

std::string_view Cursors::next_text(std::size_t column) {
  Cursor& cursor = cursors_[column];
  if (cursor.position == cursor.entries) exhausted(column);
  std::uint32_t end = 0;
  std::memcpy(&end, cursor.ends + cursor.position * sizeof end, sizeof end);
  const std::string_view text(reinterpret_cast<const char*>(cursor.data) + cursor.begin, end - cursor.begin);
  cursor.begin = end;
  ++cursor.position;
  return text;
}

void Cursors::exhausted(std::size_t column) const {
  throw Failure("a block of columns is corrupt: column " + std::to_string(column) + " ends too early");
}

}  // namespace weir
