// Which format a sink writes is often the choice of the program's user, made at run time, while formats are types: this
// turns one into the other, and says so when the records do not fit.
#pragma once

#include <string_view>

#include <weir/base/result.hpp>
#include <weir/connectors/csv_format.hpp>
#include <weir/connectors/json_format.hpp>
#include <weir/connectors/text_lines.hpp>

namespace weir {

/// Text: the records are std::string and are written as they are.
enum class RowFormat : std::uint8_t { Csv, Json, Text };

/// "csv", "json" or "text"; throws Failure on others.
RowFormat row_format(std::string_view name);
std::string_view name_of(RowFormat format);

namespace detail {

template <class T>
constexpr bool fits_csv() {
  if constexpr (NamedRecord<T>) return has_only_csv_fields<T>();
  return false;
}

}  // namespace detail

/// Calls use(format) with the format of T's rows. Throws Failure when T cannot be written so.
template <Record T, class Use>
auto with_format(RowFormat format, TimeStyle times, Use use) {
  if (format == RowFormat::Json) return use(JsonFormat<T>({.times = times}));
  if constexpr (std::is_same_v<T, std::string>) {
    if (format == RowFormat::Text) return use(TextFormat());
  }
  if constexpr (detail::fits_csv<T>()) {
    if (format == RowFormat::Csv) return use(CsvFormat<T>({.times = times}));
  }
  throw Failure(std::string("the records cannot be written as ") + std::string(name_of(format)) +
                (format == RowFormat::Csv ? ": CSV has columns for plain fields only; write json"
                                          : ": they are not text; write json or csv"));
}

}  // namespace weir
