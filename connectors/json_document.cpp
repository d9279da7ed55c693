#include <weir/connectors/json_document.hpp>

#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include <weir/base/check.hpp>
#include <weir/connectors/format.hpp>

namespace weir {

/// Receives the parser's events; the names are the library's.
class JsonDocument::Builder {
 public:
  explicit Builder(JsonDocument& document) : document_(document) {}

  bool null() { return add({.kind = JsonKind::Null, .integer = 0}); }
  bool boolean(bool value) { return add({.kind = JsonKind::Boolean, .boolean = value}); }
  bool number_integer(std::int64_t value) {
    return add({.kind = JsonKind::Integer, .integer = value});
  }
  bool number_unsigned(std::uint64_t value) {
    return add({.kind = JsonKind::UnsignedInteger, .unsigned_integer = value});
  }
  bool number_float(double value, const std::string&) {
    return add({.kind = JsonKind::Real, .real = value});
  }
  bool string(const std::string& value) {
    const JsonNode::Span span{static_cast<std::uint32_t>(document_.texts_.size()),
                              static_cast<std::uint32_t>(value.size())};
    document_.texts_ += value;
    return add({.kind = JsonKind::Text, .span = span});
  }
  bool key(const std::string& value) { return string(value); }
  bool start_object(std::size_t) { return open(JsonKind::Object); }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open(JsonKind::Array); }
  bool end_array() { return close(); }
  bool binary(nlohmann::json::binary_t&) { return false; }  // only in binary formats

  bool parse_error(std::size_t bytes_read, const std::string& last,
                   const nlohmann::json::exception& error) {
    constexpr int number_overflow = 406;  // the library's id
    fault = JsonFault{bytes_read, error.id == number_overflow
                                      ? quoted_excerpt(last) + " is beyond the range of a double"
                                      : "invalid JSON near " + quoted_excerpt(last)};
    return false;
  }

  std::optional<JsonFault> fault;

 private:
  bool add(JsonNode node) {
    node.next = static_cast<std::uint32_t>(document_.nodes_.size() + 1);
    document_.nodes_.push_back(node);
    return true;
  }
  bool open(JsonKind kind) {
    document_.open_.push_back(static_cast<std::uint32_t>(document_.nodes_.size()));
    return add({.kind = kind, .integer = 0});
  }
  bool close() {
    document_.nodes_[document_.open_.back()].next =
        static_cast<std::uint32_t>(document_.nodes_.size());
    document_.open_.pop_back();
    return true;
  }

  JsonDocument& document_;
};

std::optional<JsonFault> JsonDocument::parse(std::string_view text) {
  WEIR_CHECK(text.size() < std::numeric_limits<std::uint32_t>::max(),
             "nodes count bytes in 32 bits:", text.size());
  nodes_.clear();
  texts_.clear();
  open_.clear();
  // The library takes a zero byte for the end of its input.
  if (const auto zero = text.find(char{0}); zero != std::string_view::npos) {
    return JsonFault{zero, "a zero byte is not JSON"};
  }
  Builder builder(*this);
  if (nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) return std::nullopt;
  JsonFault fault = std::move(builder.fault).value_or(JsonFault{});
  if (fault.at > text.size()) return JsonFault{text.size(), "the JSON text ends too early"};
  if (fault.at > 0) --fault.at;  // from bytes read to the last of them
  return fault;
}

std::size_t JsonDocument::position_of(std::string_view text, std::uint32_t index) {
  std::size_t at = 0;
  for (;; --index) {
    at = text.find_first_not_of(" \t\r\n,:]}", at);
    if (at == std::string_view::npos) return text.size();
    if (index == 0) return at;
    if (text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\' ? 1 : 0;
      ++at;
    } else if (text[at] == '{' || text[at] == '[') {
      ++at;
    } else {
      at = std::min(text.find_first_of(" \t\r\n,:]}", at), text.size());
    }
  }
}

void append_json_text(std::string& out, std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
  });
  if (!plain) {
    out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

}  // namespace weir
