// The simplest format, and the rule by which text and JSON files are cut: a line ends in LF or CRLF, the
// last one may end with the file. Every line is a record, empty ones too; bytes are taken as they are.
#pragma once

#include <cstring>

#include <weir/connectors/row_scanner.hpp>

namespace weir {

/// Rows are lines.
struct LineRule {
  std::size_t row_end(std::string_view bytes) const {
    const void* end = std::memchr(bytes.data(), '\n', bytes.size());
    if (!end) return std::string_view::npos;
    return static_cast<std::size_t>(static_cast<const char*>(end) - bytes.data()) + 1;
  }
  std::uint64_t lines() const { return 1; }
  bool blank(std::string_view) const { return false; }
};

using LineScanner = RowScanner<LineRule>;

struct TextOptions {
  std::uint64_t max_row_bytes = kMaxRowBytes;
};

/// Reads the lines of one file; only a line beyond the limit is an error.
class TextReader {
 public:
  explicit TextReader(std::string file) : file_(std::move(file)) {}

  bool expects_header() const { return false; }
  std::optional<FormatError> bind(const Row&) { return std::nullopt; }
  Parsed<std::string> parse(const Row& row) const {
    if (row.cut) return row_too_long(file_, row);
    return std::string(row.text);
  }

 private:
  std::string file_;
};

/// Lines as std::string. A record that holds a line feed is written as two lines.
class TextFormat {
 public:
  using Record = std::string;

  explicit TextFormat(TextOptions options = {}) : options_(options) {}

  LineScanner scanner(FilePosition start = {}) const {
    return LineScanner({}, start, options_.max_row_bytes);
  }
  TextReader reader(std::string file) const { return TextReader(std::move(file)); }
  std::string header() const { return {}; }
  void append(std::string& out, const std::string& line) const { (out += line) += '\n'; }

 private:
  TextOptions options_;
};

static_assert(Format<TextFormat, std::string>);

}  // namespace weir
