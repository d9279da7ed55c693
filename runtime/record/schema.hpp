// Stored bytes outlive the code that wrote them. Every chunk therefore carries the schema it was written
// with, and a reader binds its own schema to that one by field name before it reads a row: fields that the
// writer had and the reader lacks are skipped, fields that only the reader has keep their defaults,
// numbers may have become wider. Anything else is refused with the path of the field.
//
//   schema  := kind name? (field-name schema)*
//   columns := one per scalar, text, optional (presence), list and map (length), in pre-order
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/base/result.hpp>

namespace weir {

enum class Kind : std::uint8_t {
  Bool, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64, Float32, Float64,
  Text, Time, Optional, List, Map, Record, Tuple,
  Duration,  // milliseconds
};

/// A word for people: "int64", "text", "list".
std::string_view name_of(Kind kind);

/// Bytes of one entry of the kind's own column; 0 for text; Record and Tuple have no column.
std::size_t width_of(Kind kind);

/// The shape of a type: what its columns mean.
struct Schema {
  Kind kind = Kind::Record;
  std::string name;                                    // of a record's type, for messages only
  std::vector<std::pair<std::string, Schema>> fields;  // of a record; elements of the others

  friend bool operator==(const Schema&, const Schema&) = default;
};

bool has_column(Kind kind);

/// The number of columns that a value of this schema spreads over.
std::size_t column_count(const Schema& schema);

/// One line, for manifests and messages; parse_schema reads it back.
std::string to_text(const Schema& schema);
Result<Schema> parse_schema(std::string_view text);

/// Where a reader's column comes from.
struct Binding {
  static constexpr std::int32_t kAbsent = -1;   // not stored: the default
  static constexpr std::int32_t kPresent = -2;  // an optional stored as a plain value: always there

  std::int32_t column = kAbsent;
  Kind stored = Kind::Bool;
};

/// Binds every column of `reader` to a column of `writer`. Fails on a field whose type cannot be read.
Result<std::vector<Binding>> bind(const Schema& reader, const Schema& writer);

}  // namespace weir
