#include <weir/connectors/csv_format.hpp>

#include <algorithm>
#include <numeric>

namespace weir::detail {
namespace {

constexpr std::size_t kHeaderExcerptBytes =
    400;  // people need to see the names, not an endless line

std::string field_text(const CsvFieldInfo& field) {
  return "field '" + std::string(field.name) + "' (" + std::string(name_of(field.kind)) + ")";
}

bool is_integer(Kind kind) { return kind >= Kind::Int8 && kind <= Kind::UInt64; }

/// What the text of a field of this kind should have been.
std::string_view expectation(Kind kind, std::string_view text) {
  switch (kind) {
    case Kind::Bool:
      return "true, false, 1 or 0";
    case Kind::Time:
      return "a time like 2001-01-01T00:47:00Z or milliseconds since 1970";
    case Kind::Duration:
      return "a duration like 10s or 5min, or milliseconds";
    default:
      break;
  }
  if (!is_integer(kind)) return "a number";
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? "an integer" : "a number";
}

std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace

CsvBinding::CsvBinding(std::string file, std::span<const CsvFieldInfo> fields,
                       const CsvOptions& options)
    : file_(std::move(file)),
      fields_(fields),
      delimiter_(options.delimiter),
      expects_header_(options.header == CsvHeader::Present) {
  if (expects_header_) return;
  columns_.resize(fields.size());
  std::iota(columns_.begin(), columns_.end(), 0);
}

std::optional<FormatError> CsvBinding::bind(const Row& header) {
  if (header.cut) return cut_row(header);
  std::string scratch;
  std::vector<std::string> names;
  CsvFields walk(header.text, delimiter_, scratch);
  while (const auto name = walk.next()) names.emplace_back(name->text);
  if (walk.fault() != CsvRowFault::None) return bad_row(header, walk);
  return bind_names(header, names);
}

std::optional<FormatError> CsvBinding::bind_names(const Row& header,
                                                  const std::vector<std::string>& names) {
  columns_.assign(names.size(), kIgnored);
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const CsvFieldInfo& field = fields_[i];
    const auto found = std::find(names.begin(), names.end(), field.name);
    if (found == names.end()) {
      if (field.optional) continue;
      return format_error(file_, header, 0,
                          "no column for " + field_text(field) + "; the header is " +
                              quoted_excerpt(header.text, kHeaderExcerptBytes));
    }
    if (std::find(found + 1, names.end(), field.name) != names.end()) {
      return format_error(file_, header, 0,
                          "column '" + std::string(field.name) + "' appears twice in the header");
    }
    columns_[static_cast<std::size_t>(found - names.begin())] = static_cast<std::int32_t>(i);
  }
  return std::nullopt;
}

FormatError CsvBinding::cut_row(const Row& row) const {
  FormatError error = row_too_long(file_, row);
  error.message += " or close an open quote";
  error.swallows_lines = true;
  return error;
}

FormatError CsvBinding::bad_field(const Row& row, const CsvField& field, std::int32_t index,
                                  CsvFault fault) const {
  const CsvFieldInfo& info = fields_[static_cast<std::size_t>(index)];
  std::string text;
  switch (fault) {
    case CsvFault::Empty:
      text = "no value for " + field_text(info) + "; declare it std::optional to allow that";
      break;
    case CsvFault::OutOfRange:
      text = quoted_excerpt(field.text) + " is out of range for " + field_text(info);
      break;
    default:
      text = quoted_excerpt(field.text) + " is not " +
             std::string(expectation(info.kind, field.text)) + " for " + field_text(info);
  }
  return format_error(file_, row, field.begin, text);
}

FormatError CsvBinding::bad_row(const Row& row, const CsvFields& walk) const {
  FormatError error = format_error(
      file_, row, walk.fault_at(),
      walk.fault() == CsvRowFault::OpenQuote
          ? "the quote that opens here is never closed"
          : "text after a closing quote; a quote inside a quoted field is written twice");
  error.swallows_lines = true;
  return error;
}

FormatError CsvBinding::wrong_width(const Row& row) const {
  std::string scratch;
  CsvFields walk(row.text, delimiter_, scratch);
  std::size_t width = 0;
  while (walk.next()) ++width;
  if (walk.fault() != CsvRowFault::None) return bad_row(row, walk);
  const std::string expected = expects_header_
                                   ? "the header has " + std::to_string(columns_.size())
                                   : "the record has " + counted(columns_.size(), "field");
  return format_error(file_, row, 0, "row has " + counted(width, "column") + ", " + expected);
}

void require_usable(const CsvOptions& options) {
  const char c = options.delimiter;
  const bool printable = c == '\t' || (c >= ' ' && c <= '~');
  const bool alphanumeric =
      (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  if (!printable || alphanumeric || std::string_view("\"+-.:_").find(c) != std::string_view::npos) {
    throw Failure(quoted_excerpt({&c, 1}) + " cannot be a CSV delimiter; use , ; | or tab");
  }
}

std::string csv_header(std::span<const CsvFieldInfo> fields, const CsvOptions& options) {
  if (options.header == CsvHeader::None) return {};
  std::string line;
  for (const CsvFieldInfo& field : fields) {
    if (!line.empty()) line += options.delimiter;
    line += field.name;
  }
  return line + '\n';
}

}  // namespace weir::detail
