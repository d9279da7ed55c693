// Real files have rows that no reader understands. What becomes of them is an option of the source:
//
//   Fail     the job fails with file:line:column and the reason; the default
//   Skip     the row is left out and counted; a warning per file says how many and shows the first
//   Collect  the row becomes a record of the source's second stream: source.bad_rows().sink("bad", CsvFile{…})
//
// A quote in a CSV file that is not closed makes one row of all that follows, up to the next quote or the end of the file.
// Such a row is bad with its first line only; reading goes on with the next line.
//
// Skipped and collected rows are counted in the BadRowCount that the options name, if any. A file whose header does not
// fit fails in every case: none of its rows could be read.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include <weir/connectors/format.hpp>
#include <weir/dataflow/operator.hpp>

namespace weir {

enum class BadRows : std::uint8_t { Fail, Skip, Collect };

/// A row that could not be read.
struct BadRow {
  std::string file;
  std::int64_t line = 0;    // from 1
  std::int64_t column = 0;  // bytes, from 1
  std::string message;      // begins with file:line:column
  std::string text;         // the row's first bytes, 4096 at the most
};
WEIR_RECORD(BadRow, file, line, column, message, text);

/// How many bad rows were left out since the program started; rows read again after a restart count again. Any thread.
class BadRowCount {
 public:
  std::uint64_t value() const { return count_.load(std::memory_order_relaxed); }
  void add(std::uint64_t rows) { count_.fetch_add(rows, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_ = 0;
};

struct BadRowOptions {
  BadRows rows = BadRows::Fail;
  std::shared_ptr<BadRowCount> count =
      {};  // shared by whoever reads it and all tasks of the source
};

/// What the reader of one file does with the rows that it cannot read. One thread.
class BadRowHandler {
 public:
  static constexpr std::uint32_t kPort = 1;  // of the source operator

  BadRowHandler(std::string file, BadRowOptions options, OperatorContext& context);

  /// Throws Failure unless the options say otherwise.
  void handle(const Row& row, const FormatError& error);
  /// Sends what was collected. To be called before the reader's position is asked for.
  void flush();
  /// The file has been read.
  void finish();

 private:
  std::shared_ptr<const std::string> file_;  // owned with the batches collected
  BadRowOptions options_;
  OperatorContext& context_;
  std::unique_ptr<Batch<BadRow>> collected_;
  std::uint64_t skipped_ = 0;
  std::string first_;  // message of the first one skipped
};

}  // namespace weir
