// People want to see results: stream.sink("report", Console{}) prints them to standard output, as a table, or as CSV or
// JSON lines for other programs.
//
//   origin  departures  mean_delay        named records: a column per field, the names once, above the first rows
//   ------  ----------  ----------        pairs and tuples: a column per part; all others: one column
//   ATL           1042      12.339        numbers to the right, fractions rounded for reading
//
// Columns are as wide as what they have held so far. Values that are lists, maps or records are shown as JSON.
//
// Guarantee: at least once. Rows are printed as they come, and again when a restart produces them again. Lines of tasks side
// by side do not mix; their order is free.
#pragma once

#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <weir/connectors/row_format.hpp>
#include <weir/dataflow/sink_writer.hpp>

namespace weir {

enum class ConsoleStyle : std::uint8_t { Table, Csv, Json };

/// The cells of one row, and on which side each is filled up.
struct TableCell {
  enum class Align : std::uint8_t { Left, Right };
  std::string text;
  Align align = Align::Left;
};
using TableRow = std::vector<TableCell>;

/// An output stream that several tasks print to. Any thread. Throws Failure when it cannot be written.
class ConsoleScreen {
 public:
  explicit ConsoleScreen(std::FILE* out = stdout) : out_(out) {}

  /// Whole lines, with `header` above the first ones ever printed.
  void print(std::string_view header, std::string_view lines);
  /// Aligned; `names` may be empty.
  void print(const std::vector<std::string>& names, const std::vector<TableRow>& rows);

 private:
  void write(std::string_view text);
  void widen(const TableRow& row);
  void append_line(std::string& text, const TableRow& row) const;

  std::mutex mutex_;
  std::FILE* out_;
  bool begun_ = false;
  std::vector<std::size_t> widths_;
};

namespace detail {

/// A number for people: at most six digits where that needs a fraction.
std::string rounded(double number);
/// Text in one line: control characters as \n, \t, \xNN.
std::string in_one_line(std::string_view text);

template <Record T>
TableCell table_cell(const T& value, TimeStyle times) {
  if constexpr (IsOptional<T>::value) {
    return value ? table_cell<typename T::value_type>(*value, times) : TableCell{};
  } else if constexpr (std::is_same_v<T, std::string>) {
    return {in_one_line(value)};
  } else if constexpr (std::is_floating_point_v<T>) {
    return {rounded(value), TableCell::Align::Right};
  } else if constexpr (std::is_same_v<T, EventTime>) {
    TableCell cell;
    append_time(cell.text, value, times);
    return cell;
  } else if constexpr (std::is_same_v<T, Duration>) {
    return {to_text(value), TableCell::Align::Right};
  } else {
    constexpr bool number =
        (std::is_integral_v<T> && !std::is_same_v<T, bool>) || std::is_enum_v<T>;
    TableCell cell{{}, number ? TableCell::Align::Right : TableCell::Align::Left};
    append_json(cell.text, value, times);
    return cell;
  }
}

template <Record T>
TableRow table_row(const T& record, TimeStyle times) {
  TableRow row;
  if constexpr (NamedRecord<T>) {
    for_each_field<T>([&](const auto& field) {
      row.push_back(table_cell<std::remove_cvref_t<decltype(record.*field.member)>>(
          record.*field.member, times));
    });
  } else if constexpr (IsTuple<T>::value) {
    std::apply([&]<class... Part>(
                   const Part&... part) { (row.push_back(table_cell<Part>(part, times)), ...); },
               record);
  } else {
    row.push_back(table_cell<T>(record, times));
  }
  return row;
}

template <Record T>
std::vector<std::string> column_names() {
  std::vector<std::string> names;
  if constexpr (NamedRecord<T>) {
    for_each_field<T>([&](const auto& field) { names.emplace_back(field.name); });
  }
  return names;
}

}  // namespace detail

template <class T>
class TableWriter final : public SinkWriter<T> {
 public:
  TableWriter(std::shared_ptr<ConsoleScreen> screen, TimeStyle times)
      : screen_(std::move(screen)), times_(times) {}

  void write(Batch<T>& batch) override {
    std::vector<TableRow> rows;
    rows.reserve(batch.records.size());
    for (const T& record : batch.records) rows.push_back(detail::table_row<T>(record, times_));
    screen_->print(names_, rows);
  }

 private:
  std::shared_ptr<ConsoleScreen> screen_;  // with the description and the writers of all tasks
  TimeStyle times_;
  std::vector<std::string> names_ = detail::column_names<T>();
};

template <class F>
class LineWriter final : public SinkWriter<typename F::Record> {
 public:
  LineWriter(F format, std::shared_ptr<ConsoleScreen> screen)
      : format_(std::move(format)), screen_(std::move(screen)) {}

  void write(Batch<typename F::Record>& batch) override {
    std::string lines;
    for (const auto& record : batch.records) format_.append(lines, record);
    screen_->print(format_.header(), lines);
  }

 private:
  F format_;
  std::shared_ptr<ConsoleScreen> screen_;  // with the description and the writers of all tasks
};

struct Console {
  ConsoleStyle style = ConsoleStyle::Table;
  TimeStyle times = TimeStyle::Iso;
  std::shared_ptr<ConsoleScreen> screen =
      std::make_shared<ConsoleScreen>();  // with the writers of all tasks

  template <class T>
  std::unique_ptr<SinkWriter<T>> make() const {
    if (style == ConsoleStyle::Table) return std::make_unique<TableWriter<T>>(screen, times);
    const RowFormat format = style == ConsoleStyle::Csv ? RowFormat::Csv : RowFormat::Json;
    return with_format<T>(format, times, [&](auto made) -> std::unique_ptr<SinkWriter<T>> {
      return std::make_unique<LineWriter<decltype(made)>>(std::move(made), screen);
    });
  }
};

}  // namespace weir
