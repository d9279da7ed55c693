// A JSON text as a flat list of nodes, so that typed code can read it without a JSON library in its headers
// and without a tree of allocations per row: parsing reuses the memory of the row before.
//
//   value  := null | boolean | integer | unsigned_integer | real | text | array | object
//   array  := ARRAY value*                 next of ARRAY: behind the last value
//   object := OBJECT (TEXT value)*         likewise; members in the order of the text
//
// The parser is nlohmann's: strict RFC 8259, UTF-8 checked, not recursive. Integers beyond 64 bits become
// reals. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

enum class JsonKind : std::uint8_t {
  Null,
  Boolean,
  Integer,
  UnsignedInteger,
  Real,
  Text,
  Array,
  Object
};

struct JsonNode {
  struct Span {
    std::uint32_t begin;
    std::uint32_t size;
  };

  JsonKind kind = JsonKind::Null;
  std::uint32_t next = 0;  // the node behind this value
  union {
    bool boolean;
    std::int64_t integer;  // negative numbers
    std::uint64_t unsigned_integer;
    double real;
    Span span;  // of text, in the document's texts
  };
};

/// Where a text stops being JSON, and why, for people.
struct JsonFault {
  std::size_t at = 0;  // index of the byte, the text's size when it ends too early
  std::string reason;
};

class JsonDocument {
 public:
  /// Replaces the content by that of `text`, which must be shorter than 4 GiB. After a fault it is undefined.
  std::optional<JsonFault> parse(std::string_view text);

  /// The root is node 0.
  const JsonNode& node(std::uint32_t index) const { return nodes_[index]; }
  std::string_view text(std::uint32_t index) const {
    const JsonNode::Span span = nodes_[index].span;
    return std::string_view(texts_).substr(span.begin, span.size);
  }

  /// Where a node begins in the text it was parsed from. Walks the text: for messages.
  static std::size_t position_of(std::string_view text, std::uint32_t index);

 private:
  class Builder;

  std::vector<JsonNode> nodes_;
  std::string texts_;
  std::vector<std::uint32_t> open_;  // arrays and objects not yet closed, while parsing
};

/// Appends a text as a JSON string. Bytes that are not UTF-8 are replaced by U+FFFD.
void append_json_text(std::string& out, std::string_view text);

}  // namespace weir
