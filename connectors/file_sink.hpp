// Sinks for directories of part files, written by all tasks side by side:
//
//   bids.sink("archive", Files{.directory = "bids", .format = RowFormat::Json, .roll_after = 10s}
//                            .partitioned_by([](const Bid& bid) { return utc_text(bid.date_time, "%Y-%m-%d/%H-%M"); }));
//
// Guarantee: exactly once. A file appears under its name, complete, when the checkpoint that covers its last row is complete;
// from then on it does not change. Nothing is lost or doubled when the job dies at any moment. A job that is resumed
// continues, one that starts over replaces the files of the same prefix that an earlier run wrote, when its first checkpoint
// is complete. So a directory and prefix belong to one sink. How it is done: part_files.hpp. Without checkpoints files appear
// when the job has ended.
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <weir/connectors/part_files.hpp>
#include <weir/connectors/row_format.hpp>
#include <weir/dataflow/sink_writer.hpp>
#include <weir/graph/job_graph.hpp>

namespace weir {

/// A time as text by the rules of strftime, in UTC: "%Y-%m-%d/%H" is 2015-07-15/09.
std::string utc_text(EventTime time, const std::string& format);

/// All in one directory.
struct OneBucket {
  template <class T>
  std::string operator()(const T&) const {
    return {};
  }
};

template <class F, class T>
concept BucketFunction = std::copy_constructible<F> &&
    (std::is_invocable_r_v<std::string, const F&, const T&> ||
     std::is_invocable_r_v<std::string, const F&, const T&, EventTime>);

/// Writes records in a format F to part files, each to the bucket that `bucket_of` names.
template <class F, class B>
class FilesWriter final : public SinkWriter<typename F::Record> {
  using T = typename F::Record;

 public:
  FilesWriter(F format, B bucket_of, PartOptions options, FileSystem& files = real_file_system())
      : format_(std::move(format)),
        bucket_of_(std::move(bucket_of)),
        parts_(with_header(std::move(options), format_.header()), files) {}

  void open(OperatorContext& context) override { parts_.open(context); }
  void write(Batch<T>& batch) override {
    auto at = rows_.end();
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      std::string bucket = bucket_of(batch.records[i], batch.times[i]);
      if (at == rows_.end() || bucket != at->first) at = rows_.try_emplace(std::move(bucket)).first;
      format_.append(at->second, batch.records[i]);
      if (at->second.size() >= kBufferBytes) flush(*at);
    }
    for (auto& rows : rows_) flush(rows);
    rows_.clear();
  }
  void on_processing_time(ProcessingTime now) override { parts_.on_processing_time(now); }
  void before_snapshot(CheckpointId checkpoint) override { parts_.before_snapshot(checkpoint); }
  void on_complete(CheckpointId checkpoint) override { parts_.on_complete(checkpoint); }
  void finish() override { parts_.finish(); }

 private:
  static constexpr std::size_t kBufferBytes = 256 << 10;  // so that writing is few calls

  static PartOptions with_header(PartOptions options, std::string header) {
    options.header = std::move(header);
    return options;
  }
  std::string bucket_of(const T& record, EventTime time) const {
    if constexpr (std::is_invocable_v<const B&, const T&>) {
      return bucket_of_(record);
    } else {
      return bucket_of_(record, time);
    }
  }
  void flush(std::pair<const std::string, std::string>& rows) {
    parts_.write(rows.first, rows.second);
    rows.second.clear();
  }

  F format_;
  B bucket_of_;
  PartFiles parts_;
  std::map<std::string, std::string> rows_;  // of a batch, by bucket, not yet in their parts
};

template <class B>
struct PartitionedFiles;

struct Files {
  std::filesystem::path directory;
  RowFormat format = RowFormat::Csv;
  std::string prefix = "part";
  std::uint64_t roll_bytes = 128 << 20;
  Duration roll_after{60'000};
  TimeStyle times = TimeStyle::Iso;
  std::size_t max_open_parts = 64;  // per task, where files are partitioned

  /// `bucket_of(record)` or `bucket_of(record, event_time)` names the directory below `directory`: "2015-07-15/09".
  template <class B>
  PartitionedFiles<B> partitioned_by(B bucket_of) const {
    return {*this, std::move(bucket_of)};
  }

  WrittenFiles writes() const { return {WrittenFiles::Kind::Parts, directory / prefix}; }

  template <class T>
  std::unique_ptr<SinkWriter<T>> make() const {
    return make_with<T>(OneBucket{});
  }

  template <class T, class B>
  std::unique_ptr<SinkWriter<T>> make_with(const B& bucket_of) const {
    const PartOptions options{directory,  prefix,     "." + suffix(), {},
                              roll_bytes, roll_after, max_open_parts};
    return with_format<T>(format, times, [&](auto made) -> std::unique_ptr<SinkWriter<T>> {
      return std::make_unique<FilesWriter<decltype(made), B>>(std::move(made), bucket_of, options);
    });
  }

 private:
  std::string suffix() const {
    return format == RowFormat::Text ? "txt" : std::string(name_of(format));
  }
};

/// Files in a directory per bucket.
template <class B>
struct PartitionedFiles {
  Files files;
  B bucket_of;

  WrittenFiles writes() const { return files.writes(); }

  template <class T>
  std::unique_ptr<SinkWriter<T>> make() const {
    constexpr bool valid = BucketFunction<B, T>;
    static_assert(valid,
                  "partitioned_by: the function must take the stream's record (or it and its event "
                  "time) and name a directory");
    if constexpr (valid)
      return files.make_with<T>(bucket_of);
    else
      return nullptr;
  }
};

}  // namespace weir
