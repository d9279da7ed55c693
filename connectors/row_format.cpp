#include <weir/connectors/row_format.hpp>

namespace weir {

RowFormat row_format(std::string_view name) {
  if (name == "csv") return RowFormat::csv;
  if (name == "json") return RowFormat::json;
  if (name == "text") return RowFormat::text;
  throw Failure(quoted_excerpt(name) + " is not a format; write csv, json or text");
}

std::string_view name_of(RowFormat format) {
  switch (format) {
    case RowFormat::csv:
      return "csv";
    case RowFormat::json:
      return "json";
    case RowFormat::text:
      break;
  }
  return "text";
}

}  // namespace weir
