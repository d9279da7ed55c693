// JSON lines hold one value per line, and values can be anything a Record can be. JsonFormat<T> maps them:
//
//   record            object; unknown members are ignored, of a repeated one the last counts
//   optional          null or absent
//   map               object where keys are text, else array of [key, value]
//   vector            array;  pair, tuple: array of exactly that many
//   EventTime         ISO 8601 in UTC, written by option as milliseconds since 1970; both are read
//   Duration          milliseconds; a text with a unit ("10s", "5min") is read too
//   enum, char        its integer;  bool: true, false
//   integers          numbers without fraction and exponent, within the type's range
//   float, double     numbers, written in the shortest form that reads back equal; see below
//   text              string; bytes that are not UTF-8 are written as U+FFFD
//
// A member that is absent or null where the field is not optional is an error. JSON has no NaN and no
// infinity: they are written as null, and null is refused for a plain double and absent for an optional one.
// Blank lines are no rows. Errors name the file, the line, the column and the field's path: bids[3].price.
#pragma once

#include <weir/connectors/json_reading.hpp>
#include <weir/connectors/json_writing.hpp>
#include <weir/connectors/text_lines.hpp>

namespace weir {

/// Rows are lines that hold anything but blanks.
struct JsonLineRule : LineRule {
  bool blank(std::string_view text) const {
    return text.find_first_not_of(" \t\r") == std::string_view::npos;
  }
};

using JsonScanner = RowScanner<JsonLineRule>;

struct JsonOptions {
  TimeStyle times = TimeStyle::Iso;
  std::uint64_t max_row_bytes = kMaxRowBytes;
};

/// Reads the lines of one file as T.
template <Record T>
class JsonReader {
 public:
  explicit JsonReader(std::string file) : file_(std::move(file)) {}

  bool expects_header() const { return false; }
  std::optional<FormatError> bind(const Row&) { return std::nullopt; }

  Parsed<T> parse(const Row& row) {
    if (row.cut) return row_too_long(file_, row);
    if (const auto fault = document_.parse(row.text))
      return format_error(file_, row, fault->at, fault->reason);
    Parsed<T> parsed{T{}};
    detail::JsonReading reading(document_);
    if (!detail::read_json(reading, 0, *parsed)) return reading.error(file_, row);
    return parsed;
  }

 private:
  std::string file_;
  JsonDocument document_;
};

template <Record T>
class JsonFormat {
 public:
  using Record = T;

  explicit JsonFormat(const JsonOptions& options = {}) : options_(options) {}

  JsonScanner scanner(FilePosition start = {}) const {
    return JsonScanner({}, start, options_.max_row_bytes);
  }
  JsonReader<T> reader(std::string file) const { return JsonReader<T>(std::move(file)); }
  std::string header() const { return {}; }
  void append(std::string& out, const T& record) const {
    detail::append_json(out, record, options_.times);
    out += '\n';
  }

 private:
  JsonOptions options_;
};

}  // namespace weir
