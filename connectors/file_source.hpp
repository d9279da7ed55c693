// Sources that read files: CSV, JSON lines, plain lines.
//
//   pipeline.source("flights", Csv<Flight>{.path = "flights/*.csv"})
//
// Which files: file_set.hpp. Every file is a split, read by one task, which its name decides, from beginning to end. A task
// opens its files in the order of their names and reads up to `side_by_side` of them at a time, a batch from each in turn,
// so that files with overlapping times make no late records: the watermark is that of the file that is furthest behind.
// Files that are not open yet do not hold it. Where a task has more than `side_by_side`, the later ones by name should
// also be the later ones by time. Bad rows: bad_rows.hpp.
//
// Guarantee: replayable, from the byte after any row, so results are exactly once as long as the files stay what they are, and where
// they are: a program's checkpoint knows them by their absolute names, with links unresolved, a cluster's job by the names it was given,
// which must mean the same on every node. A job that is resumed refuses a file that became
// shorter than its position, and one that is gone before it was read to its end.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/connectors/bad_rows.hpp>
#include <weir/connectors/csv_format.hpp>
#include <weir/connectors/file_set.hpp>
#include <weir/connectors/input_file.hpp>
#include <weir/connectors/json_format.hpp>
#include <weir/connectors/text_lines.hpp>
#include <weir/dataflow/source.hpp>

namespace weir {

/// Reads the rows of one file. Positions are those of rows: byte and line.
template <class F>
class FileReader final : public SplitReader<typename F::Record> {
  using T = typename F::Record;
  using Scanner = decltype(std::declval<const F&>().scanner(FilePosition{}));
  using Reader = decltype(std::declval<const F&>().reader(std::string{}));

 public:
  /// `rows_per_second`: 0 for as many as it can.
  FileReader(const F& format, const std::string& path, const SplitPosition& from,
             const BadRowOptions& bad_rows, OperatorContext& context, double rows_per_second = 0)
      : context_(context),
        rows_per_second_(rows_per_second),
        began_(context.now()),
        format_(format),
        file_(path),
        scanner_(format.scanner(FilePosition{})),
        reader_(format.reader(path)),
        bad_rows_(path, bad_rows, context) {
    if (reader_.expects_header()) bind_header();
    if (from.offset == 0) return;
    const auto offset = static_cast<std::uint64_t>(from.offset);
    if (file_.size() < offset) {
      throw PermanentFailure(path + " was changed: it has " + std::to_string(file_.size()) +
                    " bytes, and reading continues at byte " + std::to_string(offset) +
                    "; restore it or start over");
    }
    start_at({offset, static_cast<std::uint64_t>(from.record)});
  }

  ReadResult read(Batch<T>& batch, std::size_t max_records) override {
    max_records = std::min(max_records, rows_due());
    if (max_records == 0) return ReadResult::wait_for(std::max(Duration(1), Duration(static_cast<std::int64_t>(1000 / rows_per_second_))));
    for (std::size_t rows = 0; rows < max_records;) {
      const std::optional<Row> row = next_row();
      if (!row) {
        bad_rows_.flush();
        bad_rows_.finish();
        return ReadResult::end();
      }
      ++rows;
      ++rows_read_;
      Parsed<T> parsed = reader_.parse(*row);
      if (!parsed) {
        leave_out(*row, parsed.error());
        continue;
      }
      if (batch.records.empty()) batch.origin.position = static_cast<std::int64_t>(row->begin.line);
      batch.records.push_back(*std::move(parsed));
    }
    bad_rows_.flush();
    return ReadResult::more();
  }

  SplitPosition position() const override {
    const FilePosition at = scanner_.position();
    return {static_cast<std::int64_t>(at.offset), static_cast<std::int64_t>(at.line)};
  }

 private:
  static constexpr std::size_t kBlockBytes = 256 << 10;  // large enough that the calls do not count

  std::size_t rows_due() const {
    if (rows_per_second_ <= 0) return std::numeric_limits<std::size_t>::max();
    const double due = static_cast<double>((context_.now() - began_).count()) * rows_per_second_ / 1000;
    return due > static_cast<double>(rows_read_) ? static_cast<std::size_t>(due) - rows_read_ : 0;
  }

  void bind_header() {
    const std::optional<Row> header = next_row();
    if (!header) return;  // an empty file has neither header nor rows
    if (const auto error = reader_.bind(*header)) throw PermanentFailure(error->message);
  }

  void leave_out(Row row, const FormatError& error) {
    const FilePosition begin = row.begin;
    const std::size_t line_end = error.swallows_lines ? row.text.find('\n') : std::string_view::npos;
    row.text = row.text.substr(0, line_end);
    bad_rows_.handle(row, error);
    if (line_end != std::string_view::npos) start_at({begin.offset + line_end + 1, begin.line + 1});
  }

  void start_at(const FilePosition& position) {
    scanner_ = format_.scanner(position);
    read_offset_ = position.offset;
    at_end_ = false;
  }

  std::optional<Row> next_row() {
    while (true) {
      if (auto row = scanner_.next()) return row;
      if (at_end_) return std::nullopt;
      const std::size_t got = file_.read(read_offset_, block_);
      read_offset_ += got;
      at_end_ = got == 0;
      if (at_end_) {
        scanner_.finish();
      } else {
        scanner_.feed({block_.data(), got});
      }
    }
  }

  OperatorContext& context_;
  const double rows_per_second_;
  const ProcessingTime began_;
  std::size_t rows_read_ = 0;
  F format_;
  InputFile file_;
  Scanner scanner_;
  Reader reader_;
  BadRowHandler bad_rows_;
  std::vector<char> block_ = std::vector<char>(kBlockBytes);
  std::uint64_t read_offset_ = 0;
  bool at_end_ = false;
};

/// Files that a task reads at a time unless it is told otherwise: few enough for their buffers to be small change.
inline constexpr std::size_t kSideBySide = 16;

/// What every file source may be told.
struct FileOptions {
  std::string path;
  Follow follow = Follow::No;
  Duration look_every{1000};  // for new files
  BadRowOptions errors;
  std::size_t side_by_side = kSideBySide;
  double rows_per_second = 0;  // of each file; 0: as many as it can
};

template <class F>
class FileSource final : public Source<typename F::Record> {
  using T = typename F::Record;

 public:
  FileSource(F format, FileOptions options)
      : format_(std::move(format)), options_(std::move(options)) {
    if (options_.side_by_side == 0) throw Failure("a file source must read at least 1 file side by side");
    if (!(options_.rows_per_second >= 0) || !std::isfinite(options_.rows_per_second))
      throw Failure("rows_per_second must be 0, for as many as it can, or more, and finite");
  }

  std::vector<std::string> discover() override {
    return find_files(options_.path, options_.follow);
  }
  /// So that a program that is continued with the path spelled differently knows which files it has read.
  std::string own_name(std::string file) const override {
    return std::filesystem::absolute(file).lexically_normal().string();
  }
  std::unique_ptr<SplitReader<T>> open(const std::string& split, const SplitPosition& from,
                                       OperatorContext& context) override {
    return std::make_unique<FileReader<F>>(format_, split, from, options_.errors, context, options_.rows_per_second);
  }
  std::optional<Duration> rediscover() const override {
    return options_.follow == Follow::NewFiles ? std::optional(options_.look_every) : std::nullopt;
  }
  std::size_t concurrent_splits() const override { return options_.side_by_side; }

 private:
  F format_;
  FileOptions options_;
};

/// Rows of T's fields; see csv_format.hpp.
template <class T>
struct Csv {
  using Record = T;
  using Rejected = BadRow;
  static constexpr bool has_event_time = false;

  std::string path;
  char delimiter = ',';
  CsvHeader header = CsvHeader::Present;
  Follow follow = Follow::No;
  Duration look_every{1000};  // for new files, when they are followed
  BadRowOptions errors = {};
  std::uint64_t max_row_bytes = kMaxRowBytes;
  std::size_t side_by_side = kSideBySide;  // files of a task that are read at a time
  double rows_per_second = 0;  // of each file; 0: as many as it can

  std::unique_ptr<Source<T>> make() const {
    const CsvFormat<T> format(
        {.delimiter = delimiter, .header = header, .max_row_bytes = max_row_bytes});
    return std::make_unique<FileSource<CsvFormat<T>>>(
        format, FileOptions{path, follow, look_every, errors, side_by_side, rows_per_second});
  }
  bool emits_rejected() const { return errors.rows == BadRows::Collect; }
  std::vector<std::string> reads() const { return {path}; }
};

/// One JSON value per line; see json_format.hpp.
template <class T>
struct JsonLines {
  using Record = T;
  using Rejected = BadRow;
  static constexpr bool has_event_time = false;

  std::string path;
  Follow follow = Follow::No;
  Duration look_every{1000};  // for new files, when they are followed
  BadRowOptions errors = {};
  std::uint64_t max_row_bytes = kMaxRowBytes;
  std::size_t side_by_side = kSideBySide;  // files of a task that are read at a time
  double rows_per_second = 0;  // of each file; 0: as many as it can

  std::unique_ptr<Source<T>> make() const {
    const JsonFormat<T> format({.max_row_bytes = max_row_bytes});
    return std::make_unique<FileSource<JsonFormat<T>>>(
        format, FileOptions{path, follow, look_every, errors, side_by_side, rows_per_second});
  }
  bool emits_rejected() const { return errors.rows == BadRows::Collect; }
  std::vector<std::string> reads() const { return {path}; }
};

/// Lines as they are.
struct TextLines {
  using Record = std::string;
  using Rejected = BadRow;
  static constexpr bool has_event_time = false;

  std::string path;
  Follow follow = Follow::No;
  Duration look_every{1000};  // for new files, when they are followed
  BadRowOptions errors = {};
  std::uint64_t max_row_bytes = kMaxRowBytes;
  std::size_t side_by_side = kSideBySide;  // files of a task that are read at a time
  double rows_per_second = 0;  // of each file; 0: as many as it can

  std::unique_ptr<Source<std::string>> make() const {
    const TextFormat format({.max_row_bytes = max_row_bytes});
    return std::make_unique<FileSource<TextFormat>>(format,
                                                    FileOptions{path, follow, look_every, errors, side_by_side, rows_per_second});
  }
  bool emits_rejected() const { return errors.rows == BadRows::Collect; }
  std::vector<std::string> reads() const { return {path}; }
};

}  // namespace weir
