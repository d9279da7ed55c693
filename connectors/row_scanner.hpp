// A file comes in blocks whose ends fall anywhere: inside a row, a CRLF, a quoted field, the byte order
// mark. RowScanner turns blocks into rows and tells the exact position of each, the same for every way of
// cutting the file into blocks.
//
//   scanner.feed(block);                      // may be called again when next() has nothing more
//   while (auto row = scanner.next()) ...
//   scanner.finish();                         // end of file: next() gives the last row, if it lacks a line end
//
// A row that lies within one block is a view into it; only a row across blocks is copied. The text of a row
// is valid until the next call, a fed block must stay in place until next() returned nothing. Memory: at most
// one row, up to the limit; the rest of a longer row is dropped and the row marked as cut.
// A UTF-8 byte order mark at offset 0 is skipped. One thread.
#pragma once

#include <algorithm>
#include <concepts>
#include <string>

#include <weir/connectors/format.hpp>

namespace weir {

/// Where rows end. `row_end` takes the bytes that continue the current row and returns the index after its
/// line feed, or npos when they do not end it; `lines` is how many lines the row that ended last spans.
template <class R>
concept RowRule = std::copyable<R> && requires(R rule, std::string_view bytes) {
  { rule.row_end(bytes) } -> std::same_as<std::size_t>;
  { rule.lines() } -> std::same_as<std::uint64_t>;
  { rule.blank(bytes) } -> std::same_as<bool>;  // is such a row no row at all?
};

template <RowRule Rule>
class RowScanner {
 public:
  explicit RowScanner(Rule rule, FilePosition start = {},
                      std::uint64_t max_row_bytes = kMaxRowBytes)
      : rule_(rule),
        position_(start),
        max_row_bytes_(std::min(max_row_bytes, kMaxLimit)),
        mark_left_(start.offset == 0 ? kMark.size() : 0) {}

  void feed(std::string_view block);
  void finish();
  std::optional<Row> next();

  /// Behind the row that next() returned last: a scanner that starts here gives the rows that follow it.
  FilePosition position() const { return position_; }

 private:
  static constexpr std::string_view kMark = "\xEF\xBB\xBF";
  static constexpr std::uint64_t kMaxLimit = std::uint64_t{1}
                                             << 62;  // bytes; sums with it do not overflow

  void skip_mark();
  void give_back_mark();
  void keep(std::string_view bytes);
  Row take(std::string_view bytes, std::uint64_t size);
  void forget_kept();

  Rule rule_;
  FilePosition position_;
  std::uint64_t max_row_bytes_;
  std::size_t mark_left_;         // bytes of a byte order mark that may still come
  std::string_view block_;        // what is left of the fed block
  std::string kept_;              // the begin of a row across blocks
  std::uint64_t kept_bytes_ = 0;  // its length, more than kept_ holds when the row is too long
  bool kept_is_given_ = false;    // the last row's text lies in kept_
  bool finished_ = false;
};

template <RowRule Rule>
void RowScanner<Rule>::feed(std::string_view block) {
  WEIR_CHECK(block_.empty() && !finished_,
             "feed follows a next() that had nothing more:", block_.size());
  block_ = block;
  skip_mark();
}

template <RowRule Rule>
void RowScanner<Rule>::finish() {
  WEIR_CHECK(block_.empty(), "finish follows a next() that had nothing more:", block_.size());
  if (mark_left_ > 0) give_back_mark();
  finished_ = true;
}

template <RowRule Rule>
std::optional<Row> RowScanner<Rule>::next() {
  if (kept_is_given_) forget_kept();
  while (!block_.empty()) {
    const std::size_t end = rule_.row_end(block_);
    if (end == std::string_view::npos) {
      keep(std::exchange(block_, {}));
      break;
    }
    std::string_view bytes = block_.substr(0, end);
    std::uint64_t size = end;
    block_.remove_prefix(end);
    if (kept_bytes_ > 0) {
      keep(bytes);
      bytes = kept_;
      size = kept_bytes_;
      kept_is_given_ = true;
    }
    const Row row = take(bytes, size);
    if (!rule_.blank(row.text)) return row;
    if (kept_is_given_) forget_kept();
  }
  if (!finished_ || kept_bytes_ == 0) return std::nullopt;
  kept_is_given_ = true;
  const Row last = take(kept_, kept_bytes_);
  if (!rule_.blank(last.text)) return last;
  return std::nullopt;
}

template <RowRule Rule>
void RowScanner<Rule>::skip_mark() {
  while (mark_left_ > 0 && !block_.empty()) {
    if (block_.front() != kMark[kMark.size() - mark_left_]) return give_back_mark();
    block_.remove_prefix(1);
    if (--mark_left_ == 0) position_.offset += kMark.size();
  }
}

template <RowRule Rule>
void RowScanner<Rule>::give_back_mark() {
  const std::string_view seen = kMark.substr(0, kMark.size() - mark_left_);
  mark_left_ = 0;
  if (seen.empty()) return;
  rule_.row_end(seen);
  keep(seen);
}

template <RowRule Rule>
void RowScanner<Rule>::keep(std::string_view bytes) {
  // Two bytes more than the limit, so that a row of exactly that length may end in CRLF.
  const std::uint64_t room = max_row_bytes_ + 2 - kept_.size();
  kept_.append(bytes.substr(0, room));
  kept_bytes_ += bytes.size();
}

template <RowRule Rule>
Row RowScanner<Rule>::take(std::string_view bytes, std::uint64_t size) {
  Row row{bytes, position_};
  position_.offset += size;
  if (size == bytes.size() && bytes.back() == '\n') {
    row.text.remove_suffix(row.text.ends_with("\r\n") ? 2 : 1);
  }
  if (row.text.size() > max_row_bytes_) {
    row.text = row.text.substr(0, max_row_bytes_);
    row.cut = true;
  }
  position_.line += rule_.lines();
  return row;
}

template <RowRule Rule>
void RowScanner<Rule>::forget_kept() {
  kept_.clear();
  kept_bytes_ = 0;
  kept_is_given_ = false;
}

}  // namespace weir
