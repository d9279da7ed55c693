#include <weir/wire/message.hpp>

#include <weir/base/bytes.hpp>

namespace weir::wire {

std::string packed_row(const Columns& row) {
  return std::string(as_text(pack(row).or_throw()));
}

Result<Columns> unpacked_row(const std::string& bytes, std::size_t columns) {
  auto row = unpack(as_span(bytes));
  if (!row) return row.error();
  if (row->rows != 1 || row->columns.size() != columns) {
    return Error{"not one row of " + std::to_string(columns) + " columns but " + std::to_string(row->rows) + " of " +
                 std::to_string(row->columns.size())};
  }
  return row;
}

}  // namespace weir::wire
