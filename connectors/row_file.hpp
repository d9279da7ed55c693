// Sinks for one named file: stream.sink("result", CsvFile{.path = options.get("output")}).
//
// Guarantee: exactly once. A row is in the file, once, when the checkpoint that covers it is complete; without checkpoints,
// when the job has ended. A job that is resumed continues the file, one that starts over replaces it. The file begins with
// the format's header, also when there are no rows. How it is done: committed_file.hpp.
//
// They run as one task. For several tasks, files that roll, and partitions: Files in file_sink.hpp.
#pragma once

#include <weir/connectors/committed_file.hpp>
#include <weir/connectors/csv_format.hpp>
#include <weir/connectors/json_format.hpp>
#include <weir/dataflow/sink_writer.hpp>

namespace weir {

/// Writes records in a format to a CommittedFile.
template <class F>
class RowFileWriter final : public SinkWriter<typename F::Record> {
  using T = typename F::Record;

 public:
  RowFileWriter(F format, const std::filesystem::path& path, FileSystem& files = real_file_system())
      : format_(std::move(format)), file_(path, format_.header(), files) {}

  void open(OperatorContext& context) override { file_.open(context); }
  void write(Batch<T>& batch) override {
    for (const T& record : batch.records) {
      format_.append(rows_, record);
      if (rows_.size() >= kBufferBytes) flush();
    }
  }
  void before_snapshot(CheckpointId checkpoint) override {
    flush();
    file_.before_snapshot(checkpoint);
  }
  void on_complete(CheckpointId checkpoint) override { file_.on_complete(checkpoint); }

 private:
  static constexpr std::size_t kBufferBytes = 256 << 10;  // so that writing is few calls

  void flush() {
    file_.write(rows_);
    rows_.clear();
  }

  F format_;
  CommittedFile file_;
  std::string rows_;  // not yet in the file's open segment
};

/// Which format a file has, where that is known at run time only.
enum class RowFormat : std::uint8_t { csv, json };

/// "csv" or "json"; throws Failure on others.
RowFormat row_format(std::string_view name);

namespace detail {

template <class T>
constexpr bool csv_writable() {
  if constexpr (NamedRecord<T>) return has_only_csv_fields<T>();
  return false;
}

/// Calls use(format) with the CSV format of T. Throws Failure when T's fields do not fit into columns.
template <class T, class Use>
auto with_csv_format(const CsvOptions& options, Use use) {
  if constexpr (csv_writable<T>()) {
    return use(CsvFormat<T>(options));
  } else {
    throw Failure("the records have lists, maps or nested records, which CSV has no columns for; write JSON");
    return use(JsonFormat<T>());  // for the type
  }
}

}  // namespace detail

struct CsvFile {
  std::filesystem::path path;
  CsvOptions csv = {};

  static constexpr std::uint32_t max_parallelism = 1;

  template <class T>
  std::unique_ptr<SinkWriter<T>> make() const {
    return std::make_unique<RowFileWriter<CsvFormat<T>>>(CsvFormat<T>(csv), path);
  }
};

/// JSON lines.
struct JsonFile {
  std::filesystem::path path;
  JsonOptions json = {};

  static constexpr std::uint32_t max_parallelism = 1;

  template <class T>
  std::unique_ptr<SinkWriter<T>> make() const {
    return std::make_unique<RowFileWriter<JsonFormat<T>>>(JsonFormat<T>(json), path);
  }
};

/// CSV or JSON lines, as the program's user says: RowFile{options.get("output"), row_format(options.get("format"))}.
struct RowFile {
  std::filesystem::path path;
  RowFormat format = RowFormat::csv;
  TimeStyle times = TimeStyle::iso;

  static constexpr std::uint32_t max_parallelism = 1;

  template <class T>
  std::unique_ptr<SinkWriter<T>> make() const {
    if (format == RowFormat::json) return JsonFile{path, {.times = times}}.make<T>();
    if constexpr (detail::csv_writable<T>()) {
      return CsvFile{path, {.times = times}}.make<T>();
    } else {
      throw Failure("the records for " + path.string() + " have lists, maps or nested records, which CSV has no columns for; write JSON");
    }
  }
};

}  // namespace weir
