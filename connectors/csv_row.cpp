#include <weir/connectors/csv_row.hpp>

#include <algorithm>

namespace weir {

std::size_t CsvRule::find_end(std::string_view bytes) {
  if (state_ == State::RowBegin) {
    state_ = State::FieldBegin;
    lines_ = 1;
  }
  for (std::size_t i = 0; i < bytes.size();) {
    const char c = bytes[i];
    switch (state_) {
      case State::RowBegin:
      case State::FieldBegin:
        state_ = c == '"' ? State::Quoted : State::Plain;
        if (c == '"') ++i;
        break;
      case State::Quoted: {
        const std::size_t quote = std::min(bytes.find('"', i), bytes.size());
        lines_ += static_cast<std::uint64_t>(
            std::count(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                       bytes.begin() + static_cast<std::ptrdiff_t>(quote), '\n'));
        if (quote == bytes.size()) return std::string_view::npos;
        state_ = State::QuoteInQuoted;
        i = quote + 1;
        break;
      }
      case State::QuoteInQuoted:
        // Doubled, or the closing one; whatever follows that is for the reader of the row to refuse.
        state_ = c == '"' ? State::Quoted : State::Plain;
        if (c == '"') ++i;
        break;
      case State::Plain:
        while (i < bytes.size() && bytes[i] != delimiter_ && bytes[i] != '\n') ++i;
        if (i == bytes.size()) return std::string_view::npos;
        state_ = bytes[i++] == '\n' ? State::RowBegin : State::FieldBegin;
        if (state_ == State::RowBegin) return i;
        break;
    }
  }
  return std::string_view::npos;
}

std::optional<CsvField> CsvFields::next_quoted() {
  const std::size_t begin = at_;
  std::size_t from = begin + 1;
  bool doubled = false;
  for (;;) {
    const std::size_t quote = row_.find('"', from);
    if (quote == std::string_view::npos) return fail(CsvRowFault::OpenQuote, begin);
    const bool doubles = quote + 1 < row_.size() && row_[quote + 1] == '"';
    if (!doubles && !doubled) {
      from = quote + 1;
      break;
    }
    if (!doubled) scratch_.clear();
    doubled = true;
    const std::size_t text_begin = from;
    scratch_.append(row_.substr(text_begin, quote - text_begin + (doubles ? 1 : 0)));
    from = quote + (doubles ? 2 : 1);
    if (!doubles) break;
  }
  if (from < row_.size() && row_[from] != delimiter_)
    return fail(CsvRowFault::TextAfterQuote, from);
  at_ = from + 1;
  if (doubled) return CsvField{scratch_, begin, true};
  return CsvField{row_.substr(begin + 1, from - begin - 2), begin, true};
}

std::optional<CsvField> CsvFields::fail(CsvRowFault fault, std::size_t at) {
  fault_ = fault;
  fault_at_ = at;
  at_ = row_.size() + 1;
  return std::nullopt;
}

void append_csv_text(std::string& out, std::string_view text, char delimiter) {
  bool quote =
      text.starts_with("\xEF\xBB\xBF");  // unquoted it would be taken for a byte order mark
  for (const char c : text) quote |= c == delimiter || c == '"' || c == '\n' || c == '\r';
  if (!quote) {
    out += text;
    return;
  }
  out += '"';
  for (std::size_t from = 0;;) {
    const std::size_t found = text.find('"', from);
    out += text.substr(from, found - from);
    if (found == std::string_view::npos) break;
    out += "\"\"";
    from = found + 1;
  }
  out += '"';
}

}  // namespace weir
