#include <weir/connectors/json_reading.hpp>

#include <algorithm>
#include <cmath>

#include <weir/base/text.hpp>

namespace weir::detail {
namespace {

bool is_integer(Kind kind) { return kind >= Kind::Int8 && kind <= Kind::UInt64; }

std::string_view expectation(Kind kind) {
  switch (kind) {
    case Kind::Bool:
      return "true or false";
    case Kind::Text:
      return "a text";
    case Kind::Time:
      return "a time like \"2001-01-01T00:47:00Z\" or milliseconds since 1970";
    case Kind::Duration:
      return "a duration like \"10s\" or \"5min\", or milliseconds";
    case Kind::List:
    case Kind::Tuple:
      return "an array";
    case Kind::Map:
    case Kind::Record:
      return "an object";
    default:
      return "a number";
  }
}

}  // namespace

bool JsonReading::refuse(std::uint32_t at, JsonValueFault fault, Kind expected) {
  at_ = at;
  fault_ = fault;
  expected_ = expected;
  return false;
}

bool JsonReading::within(std::string_view member) {
  path_.insert(0, path_.empty() || path_.front() == '[' ? "" : ".").insert(0, member);
  return false;
}

bool JsonReading::within(std::size_t index) {
  path_.insert(0, path_.empty() || path_.front() == '[' ? "" : ".")
      .insert(0, "[" + std::to_string(index) + "]");
  return false;
}

bool JsonReading::within_key(std::string_view key) {
  return within(std::string_view("[" + quoted_excerpt(key) + "]"));
}

FormatError JsonReading::error(std::string_view file, const Row& row) const {
  const std::size_t at = JsonDocument::position_of(row.text, at_);
  const std::string kind = " (" + std::string(name_of(expected_)) + ")";
  const std::string target = path_.empty() ? "the line" + kind : "field '" + path_ + "'" + kind;
  const bool null = fault_ == JsonValueFault::Kind && node(at_).kind == JsonKind::Null;
  const bool real = expected_ == Kind::Float32 || expected_ == Kind::Float64;
  std::string_view advice;
  if (fault_ == JsonValueFault::Missing) advice = "; declare it std::optional to allow that";
  if (null) advice = "; declare it std::optional to allow null";
  if (null && real)
    advice = "; NaN and infinity are written as null: declare it std::optional to read that";
  return format_error(file, row, at, complaint(row.text.substr(at)) + target + std::string(advice));
}

/// What is wrong, up to the name of the field. `source` begins at the value.
std::string JsonReading::complaint(std::string_view source) const {
  switch (fault_) {
    case JsonValueFault::Missing:
      return "no member for ";
    case JsonValueFault::OutOfRange:
      return found(source) + " is out of range for ";
    case JsonValueFault::Size:
      return "an array of another size for ";
    case JsonValueFault::Kind:
      break;
  }
  const JsonNode& value = node(at_);
  if (value.kind == JsonKind::Real && is_integer(expected_)) {
    constexpr double int64_end = 9.3e18;  // integers beyond 64 bits were read as reals
    return found(source) +
           (std::abs(value.real) > int64_end ? " is out of range for " : " is not an integer for ");
  }
  return found(source) + " is not " + std::string(expectation(expected_)) + " for ";
}

std::string JsonReading::found(std::string_view source) const {
  switch (node(at_).kind) {
    case JsonKind::Text:
      return quoted_excerpt(document_.text(at_));
    case JsonKind::Array:
      return "an array";
    case JsonKind::Object:
      return "an object";
    default:
      return std::string(
          source.substr(0, std::min(source.find_first_of(" \t\r\n,:]}"), kExcerptBytes)));
  }
}

bool read_json_time(JsonReading& in, std::uint32_t at, EventTime& time) {
  const JsonNode& value = in.node(at);
  if (value.kind == JsonKind::Text) {
    const auto parsed = parse_event_time(in.document().text(at));
    if (!parsed) return in.refuse(at, JsonValueFault::Kind, Kind::Time);
    time = *parsed;
    return true;
  }
  if (value.kind == JsonKind::Integer || value.kind == JsonKind::UnsignedInteger) {
    return read_json_number(in, at, Kind::Time, time.ms);
  }
  return in.refuse(at, JsonValueFault::Kind, Kind::Time);
}

bool read_json_duration(JsonReading& in, std::uint32_t at, Duration& duration) {
  const JsonNode& value = in.node(at);
  if (value.kind == JsonKind::Text) {
    const auto read = read_duration(in.document().text(at));
    if (!read) return in.refuse(at, JsonValueFault::Kind, Kind::Duration);
    duration = *read;
    return true;
  }
  std::int64_t ms = 0;
  if (!read_json_number(in, at, Kind::Duration, ms)) return false;
  duration = Duration(ms);
  return true;
}

}  // namespace weir::detail
