// The untyped half of CSV (RFC 4180): where rows end, given that quoted fields may hold line ends, and which
// fields a row has.
//
//   row   := field (delimiter field)*
//   field := plain | '"' (any byte but '"' | '""')* '"'
//   plain := bytes without delimiter and line feed; a quote that is not its first byte stands for itself
//
// Blank lines are no rows. CR counts only as part of CRLF. Bytes are not checked to be UTF-8.
#pragma once

#include <cstring>

#include <weir/connectors/row_scanner.hpp>

namespace weir {

/// Rows are lines, except that quoted fields may span lines. A value; keeps the state between blocks.
class CsvRule {
 public:
  explicit CsvRule(char delimiter) : delimiter_(delimiter) {}

  std::size_t row_end(std::string_view bytes) {
    if (state_ == State::RowBegin) {
      // Nearly all rows: a line without a quote.
      if (const void* found = std::memchr(bytes.data(), '\n', bytes.size())) {
        const auto length =
            static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
        if (!std::memchr(bytes.data(), '"', length)) {
          lines_ = 1;
          return length + 1;
        }
      }
    }
    return find_end(bytes);
  }
  std::uint64_t lines() const { return lines_; }
  bool blank(std::string_view text) const { return text.empty(); }

 private:
  enum class State { RowBegin, FieldBegin, Plain, Quoted, QuoteInQuoted };

  std::size_t find_end(std::string_view bytes);

  char delimiter_;
  State state_ = State::RowBegin;
  std::uint64_t lines_ = 1;
};

using CsvScanner = RowScanner<CsvRule>;

/// One field: its text without quotes, and where it begins in the row (at its quote, if it has one).
struct CsvField {
  std::string_view text;
  std::size_t begin = 0;
  bool quoted = false;
};

/// Why a row's fields cannot be told apart.
enum class CsvRowFault { None, OpenQuote, TextAfterQuote };

/// Walks the fields of one row. The text of a field is a view into the row, or, where it holds doubled
/// quotes, into the given scratch string: valid until the next call.
class CsvFields {
 public:
  CsvFields(std::string_view row, char delimiter, std::string& scratch)
      : row_(row), delimiter_(delimiter), scratch_(scratch) {}

  /// Nothing after the last field or at a fault.
  std::optional<CsvField> next() {
    if (at_ > row_.size()) return std::nullopt;
    const std::size_t begin = at_;
    if (begin < row_.size() && row_[begin] == '"') return next_quoted();
    std::size_t end = begin;
    while (end < row_.size() && row_[end] != delimiter_) ++end;
    at_ = end + 1;
    return CsvField{row_.substr(begin, end - begin), begin, false};
  }

  CsvRowFault fault() const { return fault_; }
  std::size_t fault_at() const { return fault_at_; }  // index in the row

 private:
  std::optional<CsvField> next_quoted();
  std::optional<CsvField> fail(CsvRowFault fault, std::size_t at);

  std::string_view row_;
  char delimiter_;
  std::string& scratch_;
  std::size_t at_ = 0;  // of the next field; beyond the row's size after the last
  CsvRowFault fault_ = CsvRowFault::None;
  std::size_t fault_at_ = 0;
};

/// Appends text as a CSV field, in quotes only where it must be.
void append_csv_text(std::string& out, std::string_view text, char delimiter);

}  // namespace weir
