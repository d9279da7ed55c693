// Where the rows of a query go: --output, --format and --final.
//
// Some queries cannot know an answer until the input has ended: a higher bid may always come. They
// write every change as it happens, a row that takes the place of the row with the same key before it;
// with --final only the rows that hold in the end.
#pragma once

#include <filesystem>
#include <string>

#include <weir/weir.hpp>

namespace nexmark {

class Output {
 public:
  explicit Output(const weir::Options& options)
      : path_(options.get("output", {.help = "file to write the result to; otherwise it is printed",
                                     .fallback = ""})),
        format_(options.get("format", {.help = "of the result, none: count and drop",
                                       .fallback = "csv",
                                       .choices = {"csv", "json", "none"}})),
        final_(options.flag("final", "of rows that replace each other, write the last only")) {}

  /// Rows that stay.
  template <class Row>
  void append(const weir::Stream<Row>& rows) const {
    if (format_ == "none") {
      rows.sink("result", weir::Blackhole{});
    } else if (path_.empty()) {
      rows.sink("result", weir::Console{.style = format_ == "csv" ? weir::ConsoleStyle::Csv
                                                                  : weir::ConsoleStyle::Json});
    } else {
      rows.sink("result", weir::RowFile{path_, weir::row_format(format_)});
    }
  }

  /// Rows of which the newest with a key takes the place of those before it.
  template <class Row, class KeyOf>
  void update(const weir::Stream<Row>& rows, KeyOf key_of) const {
    append(final_ ? rows.key_by(key_of).materialize("final") : rows);
  }

  /// Rows that stay, in the files of a directory: that of --output.
  template <class Row, class BucketOf>
  void files(const weir::Stream<Row>& rows, BucketOf bucket_of) const {
    if (format_ == "none") return rows.sink("result", weir::Blackhole{});
    if (path_.empty())
      throw weir::Failure("this query writes files: give a directory with --output");
    rows.sink("result",
              weir::Files{.directory = path_, .format = weir::row_format(format_)}.partitioned_by(
                  bucket_of));
  }

 private:
  std::filesystem::path path_;
  std::string format_;
  bool final_;
};

}  // namespace nexmark
