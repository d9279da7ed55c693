// Sources and sinks move bytes; what the bytes mean is a format's business. A format is a small value that
// a generic source or sink takes as a type: it cuts a file into rows, reads a row as a record and appends a
// record to text. CsvFormat<T>, JsonFormat<T> and TextFormat are formats.
//
//   file := header? row*                        a format with a header must see it before any row
//
// Reading is split in two so that a source can resume: the scanner is pure bytes, offsets and lines, and is
// started anew at any row's position; the reader is what a file's header says about its columns.
// Nothing here reads a file, a clock or a lock. One thread per scanner and reader.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <weir/base/check.hpp>
#include <weir/base/time.hpp>
#include <weir/record/codec.hpp>

namespace weir {

/// The place of a byte in a file. Store it in a checkpoint; seek to `offset` and start a scanner there.
struct FilePosition {
  std::uint64_t offset = 0;  // bytes
  std::uint64_t line = 1;

  friend bool operator==(const FilePosition&, const FilePosition&) = default;
};

/// One row of a file, without its line end. The text is borrowed from the scanner that found it.
struct Row {
  std::string_view text{};
  FilePosition begin{};
  bool cut = false;  // longer than the scanner's limit: the text is only its beginning
};

/// What is wrong with a row. The message is one line, begins with file:line:column and is for people.
struct FormatError {
  std::string message;
  std::uint64_t line = 0;    // from 1
  std::uint64_t column = 0;  // bytes, from 1
  bool swallows_lines = false;  // the row may hold others: only its first line is known to be bad

  friend bool operator==(const FormatError&, const FormatError&) = default;
};

/// A record or a FormatError. Reading the value of an error is a Bug.
template <class T>
class [[nodiscard]] Parsed {
 public:
  Parsed(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Parsed(FormatError error) : content_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& operator*() & { return checked(); }
  T&& operator*() && { return std::move(checked()); }
  const T& operator*() const& { return const_cast<Parsed*>(this)->checked(); }
  T* operator->() { return &checked(); }

  const FormatError& error() const {
    WEIR_CHECK(!ok(), "a parsed row has no error");
    return *std::get_if<1>(&content_);
  }

 private:
  T& checked() {
    WEIR_CHECK(ok(), "a malformed row has no record:", error().message);
    return *std::get_if<0>(&content_);
  }

  std::variant<T, FormatError> content_;
};

/// How event times are written. Both are read, whichever is chosen. Times outside the years 0 to 9999 have no
/// ISO form and are always written as milliseconds.
enum class TimeStyle { Iso, Milliseconds };

/// A row longer than this is refused: an unclosed quote must not pull a whole file into memory.
inline constexpr std::uint64_t kMaxRowBytes = 16 << 20;

/// Cuts the bytes of a file into rows. See RowScanner, the only model.
template <class S>
concept Scanner = requires(S scanner, const S& seen, std::string_view block) {
  scanner.feed(block);
  scanner.finish();
  { scanner.next() } -> std::same_as<std::optional<Row>>;
  { seen.position() } -> std::same_as<FilePosition>;
};

/// Reads the rows of one file. Where it expects a header, `bind` takes the file's first row, on resume too,
/// and returns what is wrong with it; `parse` comes after that.
template <class R, class T>
concept RowReader = requires(R reader, const R& seen, const Row& row) {
  { seen.expects_header() } -> std::same_as<bool>;
  { reader.bind(row) } -> std::same_as<std::optional<FormatError>>;
  { reader.parse(row) } -> std::same_as<Parsed<T>>;
};

/// A way to read and write records of type T as rows of text. `header` is what a file begins with (it may be
/// empty); `append` adds one record with its line end. `scanner` and `reader` are made once per file.
template <class F, class T>
concept Format = std::copyable<F> && std::same_as<typename F::Record, T> &&
    requires(const F& format, std::string file, FilePosition position, std::string& out,
             const T& record) {
  { format.scanner(position) } -> Scanner;
  { format.reader(file) } -> RowReader<T>;
  { format.header() } -> std::same_as<std::string>;
  format.append(out, record);
};

/// The error of `row` at the byte `at` of its text: prefixed with the place, lines inside the row counted.
FormatError format_error(std::string_view file, const Row& row, std::size_t at,
                         std::string_view text);

/// The error of a row whose text was cut.
FormatError row_too_long(std::string_view file, const Row& row);

/// Enough of a value to recognise it, short enough for one line.
inline constexpr std::size_t kExcerptBytes = 40;

/// The beginning of a text in quotes for a message, control characters as \xNN.
std::string quoted_excerpt(std::string_view text, std::size_t max_bytes = kExcerptBytes);

/// Appends a time; see TimeStyle.
void append_time(std::string& out, EventTime time, TimeStyle style);

/// Reads a duration with its unit, or an integer as milliseconds. Empty when it is neither.
std::optional<Duration> read_duration(std::string_view text);

namespace detail {

template <class T>
constexpr auto text_number() {
  using Stored = typename Scalar<T>::Number;
  if constexpr (std::is_floating_point_v<Stored>)
    return Stored{};
  else if constexpr (sizeof(Stored) == 1)
    return std::conditional_t<std::is_signed_v<Stored>, std::int8_t, std::uint8_t>{};
  else if constexpr (sizeof(Stored) == 2)
    return std::conditional_t<std::is_signed_v<Stored>, std::int16_t, std::uint16_t>{};
  else if constexpr (sizeof(Stored) == 4)
    return std::conditional_t<std::is_signed_v<Stored>, std::int32_t, std::uint32_t>{};
  else
    return std::conditional_t<std::is_signed_v<Stored>, std::int64_t, std::uint64_t>{};
}

/// The number as which a scalar is read and written: char and enums as integers of their width.
template <class T>
using TextNumber = decltype(text_number<T>());

/// Appends a number in its shortest form that reads back as the same number.
template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 32> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end);
}

/// The kind of a field for messages.
template <class T>
constexpr Kind kind_of() {
  if constexpr (std::is_same_v<T, std::string>)
    return Kind::Text;
  else if constexpr (IsOptional<T>::value)
    return kind_of<typename T::value_type>();
  else if constexpr (IsVector<T>::value)
    return Kind::List;
  else if constexpr (IsMap<T>::value)
    return Kind::Map;
  else if constexpr (IsTuple<T>::value)
    return Kind::Tuple;
  else if constexpr (NamedRecord<T>)
    return Kind::Record;
  else
    return Scalar<T>::kind;
}

}  // namespace detail
}  // namespace weir
