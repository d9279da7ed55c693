// What processes tell each other, as bytes. A message is a record (WEIR_RECORD), so that naming its fields once gives its
// codec: a Cap'n Proto message of columns with one row. It travels with the name of its type.
//
//   message := kind bytes        kind: the record's name; bytes: columns.capnp, one row
//
// Decoding trusts nothing: bytes that are no such message give an Error. Both ends are of one Weir version, which they
// check when they meet, so a field is never missing. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <weir/base/result.hpp>
#include <weir/record/codec.hpp>

namespace weir::wire {

std::string packed_row(const Columns& row);
/// An Error unless it is one row of `columns` columns.
Result<Columns> unpacked_row(const std::string& bytes, std::size_t columns);

template <NamedRecord M>
std::string encode(const M& message) {
  Columns row(Codec<M>::columns);
  Codec<M>::write(row, 0, message);
  row.rows = 1;
  return packed_row(row);
}

template <NamedRecord M>
Result<M> decode(const std::string& bytes) {
  auto row = unpacked_row(bytes, Codec<M>::columns);
  if (!row) return Error{std::string(name_of<M>()) + ": " + row.error().message};
  try {
    static const Schema schema = Codec<M>::schema();
    Cursors in(*row, bind(schema, schema).or_throw());
    M message;
    Codec<M>::read(in, 0, message);
    return message;
  } catch (const Failure& failure) {
    return Error{std::string(name_of<M>()) + ": " + failure.what()};
  }
}

}  // namespace weir::wire
