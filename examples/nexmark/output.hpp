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
      : path_(options.get("output", {.help = "file to write the result to", .fallback = ""})),
        format_(options.get("format", {.help = "of the result, none: count and drop",
                                       .fallback = "csv",
                                       .choices = {"csv", "json", "none"}})),
        final_(options.flag("final", "of rows that replace each other, write the last only")) {}

  /// Writes rows that stay.
  template <class Row>
  void append(const weir::Stream<Row>& rows) const {
    if (format_ == "none") return rows.sink("result", weir::Blackhole{});
    rows.sink("result", weir::RowFile{path_, weir::row_format(format_)});
  }

  /// Writes rows of which the newest with a key takes the place of those before it.
  template <class Row, class KeyOf>
  void update(const weir::Stream<Row>& rows, KeyOf key_of) const {
    append(final_ ? rows.key_by(key_of).materialize("final") : rows);
  }

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::string format_;
  bool final_;
};

}  // namespace nexmark
