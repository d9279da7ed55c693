// The head of a request is the first that a stranger can say, so it is looked at before a library reads it: a head that passes
// is small, has one meaning, and asks for nothing that the daemon does not do. What is refused here answers with its status, and
// the connection ends.
//
//   head    := method ' ' target ' ' version CRLF (name ':' value CRLF)* CRLF
//   target  := '/' visible ASCII*                             at most 2048 bytes
//   name    := letters, digits and !#$%&'*+-.^_`|~            at most 64 headers, each line at most 8000 bytes
//   value   := tabs and all bytes from ' ' on, except DEL
//
// A body has a Content-Length: no chunks, no compression, no several parts. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace weir {

/// What matters of a head. Absent headers are empty.
struct HttpHead {
  std::uint64_t body_bytes = 0;
  std::string authorization;
  std::string content_type;
  std::string host;
  std::string origin;
};

struct HttpRefusal {
  std::uint32_t status = 400;
  std::string why;

  friend bool operator==(const HttpRefusal&, const HttpRefusal&) = default;
};

/// `head` ends with its blank line.
std::variant<HttpHead, HttpRefusal> read_http_head(std::string_view head);

}  // namespace weir
