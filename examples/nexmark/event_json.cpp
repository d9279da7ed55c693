#include "event_json.hpp"

#include <cstdint>
#include <string_view>

namespace nexmark {
namespace {

void append(std::string& line, std::int64_t number) { line += std::to_string(number); }
void append(std::string& line, weir::EventTime time) { append(line, time.ms); }

void append(std::string& line, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  line += '"';
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (code < 0x20) {
      line += "\\u00";
      line += hex[code >> 4];
      line += hex[code & 15];
    } else {
      line += c;
    }
  }
  line += '"';
}

template <class T>
std::string line_of(std::string_view type, const T& record) {
  std::string line = "{\"type\":\"";
  line += type;
  line += '"';
  weir::for_each_field<T>([&](const auto& field) {
    line += ",\"";
    line += field.name;
    line += "\":";
    append(line, record.*field.member);
  });
  line += '}';
  return line;
}

}  // namespace

std::string to_json(const Event& event) {
  if (event.bid) return line_of("bid", *event.bid);
  if (event.auction) return line_of("auction", *event.auction);
  if (event.person) return line_of("person", *event.person);
  return "{}";
}

}  // namespace nexmark
