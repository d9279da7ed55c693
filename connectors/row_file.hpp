// Sinks for one named file: stream.sink("result", CsvFile{.path = options.get("output")}).
//
// Guarantee: exactly once. A row is in the file, once, when the checkpoint that covers it is complete; without checkpoints,
// when the job has ended. A job that is resumed continues the file; one that starts over replaces it, then and not before. The
// file begins with the format's header, also when there are no rows. How it is done: committed_file.hpp.
//
// They run as one task. For several tasks, files that roll, and partitions: Files in file_sink.hpp.
#pragma once

#include <weir/connectors/committed_file.hpp>
#include <weir/connectors/row_format.hpp>
#include <weir/dataflow/sink_writer.hpp>
#include <weir/graph/job_graph.hpp>

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

struct CsvFile {
  std::filesystem::path path;
  CsvOptions csv = {};

  static constexpr std::uint32_t max_parallelism = 1;
  WrittenFiles writes() const { return {WrittenFiles::Kind::One, path}; }

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
  WrittenFiles writes() const { return {WrittenFiles::Kind::One, path}; }

  template <class T>
  std::unique_ptr<SinkWriter<T>> make() const {
    return std::make_unique<RowFileWriter<JsonFormat<T>>>(JsonFormat<T>(json), path);
  }
};

/// In a format chosen at run time, as the program's user says: RowFile{options.get("output"), row_format(options.get("format"))}.
struct RowFile {
  std::filesystem::path path;
  RowFormat format = RowFormat::Csv;
  TimeStyle times = TimeStyle::Iso;

  static constexpr std::uint32_t max_parallelism = 1;
  WrittenFiles writes() const { return {WrittenFiles::Kind::One, path}; }

  template <class T>
  std::unique_ptr<SinkWriter<T>> make() const {
    return with_format<T>(format, times, [&](auto made) -> std::unique_ptr<SinkWriter<T>> {
      return std::make_unique<RowFileWriter<decltype(made)>>(std::move(made), path);
    });
  }
};

}  // namespace weir
