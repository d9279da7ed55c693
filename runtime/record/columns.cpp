#include <weir/record/columns.hpp>

#include <algorithm>
#include <limits>
#include <optional>

#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include <weir/base/bytes.hpp>

#include "columns.capnp.h"

namespace weir {

void ByteBuffer::grow(std::size_t at_least) {
  const std::size_t capacity = std::max({capacity_ * 2, size_ + at_least, std::size_t{64}});
  auto data = std::make_unique_for_overwrite<std::byte[]>(capacity);
  if (size_ > 0) std::memcpy(data.get(), data_.get(), size_);
  data_ = std::move(data);
  capacity_ = capacity;
}

TextRun Column::extend_texts(std::size_t count, std::size_t bytes) {
  const std::size_t before = data.size();
  WEIR_CHECK(before + bytes <= std::numeric_limits<std::uint32_t>::max(), "a column of text exceeds 4 GiB", before + bytes);
  return {data.extend(bytes), ends.extend(count * sizeof(std::uint32_t)), static_cast<std::uint32_t>(before)};
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

ColumnsView Columns::view() const {
  ColumnsView block{rows, {}};
  block.columns.reserve(columns.size());
  for (const Column& column : columns) block.columns.push_back({column.data.bytes(), column.ends.bytes()});
  return block;
}

namespace {

constexpr std::size_t kLongestList = (std::size_t{1} << 29) - 1;  // elements, of Cap'n Proto's lists

std::size_t words_of(std::size_t bytes) { return (bytes + sizeof(capnp::word) - 1) / sizeof(capnp::word); }

}  // namespace

Result<std::vector<std::byte>> pack(const Columns& block) {
  for (std::size_t i = 0; i < block.columns.size(); ++i) {
    const std::size_t longest = std::max(block.columns[i].data.size(), block.columns[i].ends.size() / sizeof(std::uint32_t));
    if (longest <= kLongestList) continue;
    return Error{"a block of columns is too large to be stored or sent: column " + std::to_string(i) + " has " +
                 std::to_string(longest) + " bytes in " + std::to_string(block.rows) + " rows, at most " +
                 std::to_string(kLongestList) + " are possible; make the values, or the batches of them, smaller"};
  }
  // One segment of just this size: the root, the block, its list of columns, and what each of them holds in whole words.
  std::size_t words = 1 + (1 + 1) + 1;
  for (const Column& column : block.columns) words += 2 + words_of(column.data.size()) + words_of(column.ends.size());
  std::vector<std::byte> bytes((1 + words) * sizeof(capnp::word));
  const auto size = static_cast<std::uint32_t>(words);
  std::memcpy(bytes.data() + sizeof size, &size, sizeof size);  // behind the number of further segments: none
  capnp::FlatMessageBuilder message(kj::arrayPtr(reinterpret_cast<capnp::word*>(bytes.data()) + 1, words));
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
  message.requireFilled();
  return bytes;
}

namespace {

/// Whether the texts, each of which ends where the next one begins, lie in `bytes` bytes.
bool are_text_ends(std::span<const std::byte> ends, std::size_t bytes) {
  std::uint32_t last = 0;
  bool rise = true;
  for (std::size_t at = 0; at < ends.size(); at += sizeof last) {
    std::uint32_t end = 0;
    std::memcpy(&end, ends.data() + at, sizeof end);
    rise &= end >= last;
    last = end;
  }
  return rise && last <= bytes;
}

/// Where a column of a message lies. Nothing when its text offsets are no numbers or do not lie in its bytes.
std::optional<ColumnsView::Column> find_column(schema::ColumnData::Reader stored) {
  const auto data = stored.getData();
  const auto list = stored.getEnds();
  ColumnsView::Column column{std::as_bytes(std::span(data.begin(), data.size())), {}};
  if (list.size() > 0) {
    const capnp::AnyList::Reader ends(list);
    if (ends.getElementSize() != capnp::ElementSize::FOUR_BYTES) return {};
    const auto raw = ends.getRawBytes();
    column.ends = std::as_bytes(std::span(raw.begin(), list.size() * sizeof(std::uint32_t)));
  }
  if (!are_text_ends(column.ends, data.size())) return {};
  return column;
}

}  // namespace

Result<ColumnsView> unpack_in_place(std::span<const std::byte> bytes) {
  if (bytes.empty() || bytes.size() % sizeof(capnp::word) != 0) {
    return Error{"a block of columns is cut off: " + std::to_string(bytes.size()) + " bytes are not whole words"};
  }
  WEIR_CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(capnp::word) == 0, "a block of columns is not aligned", bytes.data());
  const std::size_t words = bytes.size() / sizeof(capnp::word);
  try {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = words * 2 + 64;
    options.nestingLimit = 8;
    capnp::FlatArrayMessageReader message(kj::arrayPtr(reinterpret_cast<const capnp::word*>(bytes.data()), words), options);
    const auto root = message.getRoot<schema::ColumnBlock>();
    const auto columns = root.getColumns();
    ColumnsView block{root.getRows(), {}};
    block.columns.reserve(columns.size());
    for (capnp::uint i = 0; i < columns.size(); ++i) {
      const auto column = find_column(columns[i]);
      if (!column) return Error{"a block of columns is corrupt: text offsets of column " + std::to_string(i) + " leave its bytes"};
      block.columns.push_back(*column);
    }
    return block;
  } catch (const kj::Exception& exception) {
    return Error{std::string("a block of columns is corrupt: ") + exception.getDescription().cStr()};
  }
}

Result<Columns> unpack(std::span<const std::byte> bytes) {
  // The reader wants aligned words; a copy also keeps it off memory that may change.
  std::vector<std::uint64_t> words((bytes.size() + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t));
  if (!bytes.empty()) std::memcpy(words.data(), bytes.data(), bytes.size());
  const auto view = unpack_in_place(std::as_bytes(std::span(words)).first(bytes.size()));
  if (!view) return view.error();
  Columns block(view->columns.size());
  block.rows = view->rows;
  for (std::size_t i = 0; i < block.columns.size(); ++i) {
    block.columns[i].data.append(as_text(view->columns[i].data));
    block.columns[i].ends.append(as_text(view->columns[i].ends));
  }
  return block;
}

Cursors::Cursors(const ColumnsView& block, std::vector<Binding> bindings) {
  cursors_.reserve(bindings.size());
  for (const Binding& binding : bindings) {
    Cursor cursor{.binding = binding};
    if (binding.column >= 0) {
      if (static_cast<std::size_t>(binding.column) >= block.columns.size()) {
        throw Failure("a block of columns is corrupt: it has " + std::to_string(block.columns.size()) +
                      " columns, its schema names " + std::to_string(binding.column + 1));
      }
      const ColumnsView::Column& column = block.columns[static_cast<std::size_t>(binding.column)];
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
