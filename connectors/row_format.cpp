#include <weir/connectors/row_format.hpp>

namespace weir {

RowFormat row_format(std::string_view name) {
  if (name == "csv") return RowFormat::Csv;
  if (name == "json") return RowFormat::Json;
  if (name == "text") return RowFormat::Text;
  throw Failure(quoted_excerpt(name) + " is not a format; write csv, json or text");
}

std::string_view name_of(RowFormat format) {
  switch (format) {
    case RowFormat::Csv:
      return "csv";
    case RowFormat::Json:
      return "json";
    case RowFormat::Text:
      break;
  }
  return "text";
}

}  // namespace weir
