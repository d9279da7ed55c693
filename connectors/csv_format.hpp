// CSV files hold records whose columns are named in a header or go by position; both ends must agree on what
// a value looks like. CsvFormat<T> reads and writes any WEIR_RECORD of plain fields:
//
//   numbers       as from_chars reads them, doubles written in the shortest form that reads back equal
//   bool          true false 1 0; written true, false
//   enum          its integer
//   EventTime     ISO 8601, in UTC or with an offset, or milliseconds since 1970, as digits alone always are (20240101 is
//                 in 1970); written by option, in UTC
//   Duration      with its unit, as 250ms, 10s, 5min, 2h, 7d, or milliseconds as digits alone; written as the latter
//   text          any bytes, quoted only where needed
//   optional      empty is absent; "" in quotes is a present, empty text
//
// Reading with a header: columns find their fields by name, in any order; columns without a field are
// ignored; a field without a column must be optional. Without one: exactly the record's fields, in order.
// Lists, maps and nested records do not compile.
// Caveat: a blank line is no row, so a record whose only field is an absent optional is written as "" (and
// if that field is text, it comes back as present and empty).
#pragma once

#include <span>
#include <vector>

#include <weir/base/text.hpp>
#include <weir/connectors/csv_row.hpp>

namespace weir {

enum class CsvHeader { Present, None };

struct CsvOptions {
  char delimiter = ',';
  CsvHeader header = CsvHeader::Present;
  TimeStyle times = TimeStyle::Iso;
  std::uint64_t max_row_bytes = kMaxRowBytes;
};

namespace detail {

/// What can be wrong with the text of one field.
enum class CsvFault : std::uint8_t { None, Empty, Malformed, OutOfRange };

/// What messages and the header need to know of a field.
struct CsvFieldInfo {
  std::string_view name;
  Kind kind;
  bool optional;
};

template <class T>
concept CsvScalar = std::is_arithmetic_v<T> || std::is_enum_v<T> ||
    std::is_same_v<T, std::string> || std::is_same_v<T, EventTime> ||
    std::is_same_v<T, Duration>;

template <class T>
concept CsvValue = CsvScalar<T> ||
    (IsOptional<T>::value&& requires { requires CsvScalar<typename T::value_type>; });

template <NamedRecord T>
constexpr bool has_only_csv_fields() {
  return std::apply(
      []<class... F>(const F&...) {
        return sizeof...(F) > 0 && (CsvValue<typename F::type> && ...);
      },
      fields_of<T>());
}

template <CsvScalar T>
CsvFault read_csv(const CsvField& field, T& value) {
  const std::string_view text = field.text;
  if constexpr (std::is_same_v<T, std::string>) {
    value.assign(text);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (text == "1" || text == "true")
      value = true;
    else if (text == "0" || text == "false")
      value = false;
    else
      return text.empty() ? CsvFault::Empty : CsvFault::Malformed;
  } else if constexpr (std::is_same_v<T, EventTime>) {
    const auto time = parse_event_time(text);
    if (!time) return text.empty() ? CsvFault::Empty : CsvFault::Malformed;
    value = *time;
  } else if constexpr (std::is_same_v<T, Duration>) {
    const auto duration = read_duration(text);
    if (!duration) return text.empty() ? CsvFault::Empty : CsvFault::Malformed;
    value = *duration;
  } else {
    TextNumber<T> number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (end != text.data() + text.size()) return CsvFault::Malformed;
    if (error == std::errc::result_out_of_range) return CsvFault::OutOfRange;
    if (error != std::errc{}) return text.empty() ? CsvFault::Empty : CsvFault::Malformed;
    value = static_cast<T>(number);
  }
  return CsvFault::None;
}

template <CsvScalar T>
CsvFault read_csv(const CsvField& field, std::optional<T>& value) {
  if (field.text.empty() && !(std::is_same_v<T, std::string> && field.quoted)) {
    value.reset();
    return CsvFault::None;
  }
  return read_csv(field, value.emplace());
}

template <CsvScalar T>
void append_csv(std::string& out, const T& value, const CsvOptions& options) {
  if constexpr (std::is_same_v<T, std::string>)
    append_csv_text(out, value, options.delimiter);
  else if constexpr (std::is_same_v<T, bool>)
    out += value ? "true" : "false";
  else if constexpr (std::is_same_v<T, EventTime>)
    append_time(out, value, options.times);
  else if constexpr (std::is_same_v<T, Duration>)
    append_number(out, value.count());
  else
    append_number(out, static_cast<TextNumber<T>>(value));
}

template <CsvScalar T>
void append_csv(std::string& out, const std::optional<T>& value, const CsvOptions& options) {
  if (!value) return;
  const std::size_t before = out.size();
  append_csv(out, *value, options);
  if (out.size() == before) out += "\"\"";
}

/// The fields of T for code that does not know T: their names and kinds, and how each reads its text.
template <NamedRecord T>
struct CsvTable {
  using Reader = CsvFault (*)(const CsvField&, T&);

  static constexpr auto fields = fields_of<T>();
  static constexpr std::size_t size = std::tuple_size_v<std::remove_const_t<decltype(fields)>>;

  template <std::size_t I>
  static CsvFault read(const CsvField& field, T& record) {
    auto& value = record.*std::get<I>(fields).member;
    if constexpr (CsvValue<std::remove_reference_t<decltype(value)>>)
      return read_csv(field, value);
    else
      return CsvFault::Malformed;  // does not compile; CsvFormat says so in one line
  }
  template <std::size_t... I>
  static constexpr std::array<Reader, size> make_readers(std::index_sequence<I...>) {
    return {&read<I>...};
  }

  static constexpr std::array<Reader, size> readers =
      make_readers(std::make_index_sequence<size>());
  static constexpr std::array<CsvFieldInfo, size> infos = std::apply(
      []<class... F>(const F&... field) {
        return std::array<CsvFieldInfo, size>{CsvFieldInfo{field.name, kind_of<typename F::type>(),
                                                           IsOptional<typename F::type>::value}...};
      },
      fields);
};

/// Which column feeds which field, and the messages when one does not. The untyped part of CsvReader.
class CsvBinding {
 public:
  static constexpr std::int32_t kIgnored = -1;

  CsvBinding(std::string file, std::span<const CsvFieldInfo> fields, const CsvOptions& options);

  bool expects_header() const { return expects_header_; }
  std::optional<FormatError> bind(const Row& header);

  /// Per column of the file: the index of its field, or kIgnored.
  std::span<const std::int32_t> columns() const { return columns_; }

  FormatError cut_row(const Row& row) const;
  FormatError bad_field(const Row& row, const CsvField& field, std::int32_t index,
                        CsvFault fault) const;
  FormatError bad_row(const Row& row, const CsvFields& walk) const;
  FormatError wrong_width(const Row& row) const;

 private:
  std::optional<FormatError> bind_names(const Row& header, const std::vector<std::string>& names);

  std::string file_;
  std::span<const CsvFieldInfo> fields_;  // of static storage
  char delimiter_;
  bool expects_header_;
  std::vector<std::int32_t> columns_;
};

/// Throws Failure when numbers, times or quotes could not be told from the delimiter.
void require_usable(const CsvOptions& options);

std::string csv_header(std::span<const CsvFieldInfo> fields, const CsvOptions& options);

}  // namespace detail

/// Reads the rows of one file as T. Made by CsvFormat; outlives it.
template <NamedRecord T>
class CsvReader {
  using Table = detail::CsvTable<T>;

 public:
  CsvReader(std::string file, const CsvOptions& options)
      : binding_(std::move(file), Table::infos, options), delimiter_(options.delimiter) {}

  bool expects_header() const { return binding_.expects_header(); }
  std::optional<FormatError> bind(const Row& header) { return binding_.bind(header); }

  Parsed<T> parse(const Row& row) {
    if (row.cut) return binding_.cut_row(row);
    Parsed<T> parsed{T{}};
    T& record = *parsed;
    CsvFields walk(row.text, delimiter_, scratch_);
    const auto columns = binding_.columns();
    std::size_t column = 0;
    while (const auto field = walk.next()) {
      if (column == columns.size()) [[unlikely]]
        return binding_.wrong_width(row);
      const std::int32_t index = columns[column++];
      if (index == detail::CsvBinding::kIgnored) continue;
      const auto fault = Table::readers[static_cast<std::size_t>(index)](*field, record);
      if (fault != detail::CsvFault::None) [[unlikely]]
        return binding_.bad_field(row, *field, index, fault);
    }
    if (walk.fault() != CsvRowFault::None) [[unlikely]]
      return binding_.bad_row(row, walk);
    if (column != columns.size()) [[unlikely]]
      return binding_.wrong_width(row);
    return parsed;
  }

 private:
  detail::CsvBinding binding_;
  char delimiter_;
  std::string scratch_;
};

template <NamedRecord T>
class CsvFormat {
  static constexpr bool fits = detail::has_only_csv_fields<T>();
  static_assert(fits, "a CSV record has only numbers, bool, enums, text, event times, durations and "
                      "optionals of these; use JSON for others");

 public:
  using Record = T;

  explicit CsvFormat(const CsvOptions& options = {}) : options_(options) {
    detail::require_usable(options);
  }

  CsvScanner scanner(FilePosition start = {}) const {
    return CsvScanner(CsvRule(options_.delimiter), start, options_.max_row_bytes);
  }
  CsvReader<T> reader(std::string file) const { return CsvReader<T>(std::move(file), options_); }

  std::string header() const { return detail::csv_header(detail::CsvTable<T>::infos, options_); }

  void append(std::string& out, const T& record) const {
    const std::size_t begin = out.size();
    bool first = true;
    for_each_field<T>([&](const auto& field) {
      if (!std::exchange(first, false)) out += options_.delimiter;
      const auto& value = record.*field.member;
      if constexpr (detail::CsvValue<std::remove_cvref_t<decltype(value)>>)
        detail::append_csv(out, value, options_);
    });
    if (out.size() == begin) out += "\"\"";
    out += '\n';
  }

 private:
  CsvOptions options_;
};

}  // namespace weir
