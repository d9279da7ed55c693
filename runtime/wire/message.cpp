#include <weir/wire/message.hpp>

#include <cstring>
#include <vector>

namespace weir::wire {

std::string packed_row(const Columns& row) {
  const std::vector<std::byte> bytes = pack(row).or_throw();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<Columns> unpacked_row(const std::string& bytes, std::size_t columns) {
  auto row = unpack(std::as_bytes(std::span(bytes.data(), bytes.size())));
  if (!row) return row.error();
  if (row->rows != 1 || row->columns.size() != columns) {
    return Error{"not one row of " + std::to_string(columns) + " columns but " + std::to_string(row->rows) + " of " +
                 std::to_string(row->columns.size())};
  }
  return row;
}

}  // namespace weir::wire
