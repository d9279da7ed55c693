#include <weir/node/http_head.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

#include <weir/base/http_status.hpp>

namespace weir {
namespace {

constexpr std::size_t kLongestTarget = 2048;
constexpr std::size_t kLongestLine = 8000;  // the library takes 8192
constexpr std::size_t kMostHeaders = 64;
constexpr std::size_t kMostLengthDigits = 18;
constexpr std::string_view kLineEnd = "\r\n";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

bool is_name(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  const auto fits = [&](char c) { return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || kMarks.find(c) != kMarks.npos; };
  return !name.empty() && std::all_of(name.begin(), name.end(), fits);
}

bool is_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f'); });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

class HeadReader {
 public:
  std::optional<HttpRefusal> request_line(std::string_view line) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == line.npos || first == last) return HttpRefusal{http::kBadRequest, "the first line is no request of HTTP"};
    const std::string_view target = line.substr(first + 1, last - first - 1);
    if (target.size() > kLongestTarget) return HttpRefusal{http::kTargetTooLong, "the path is longer than " + std::to_string(kLongestTarget) + " bytes"};
    const auto visible = [](char c) { return c > ' ' && c < '\x7f'; };
    if (!target.starts_with('/') || !std::all_of(target.begin(), target.end(), visible)) return HttpRefusal{http::kBadRequest, "the path is none"};
    return {};
  }

  std::optional<HttpRefusal> header(std::string_view line) {
    if (++headers_ > kMostHeaders) return HttpRefusal{http::kHeadersTooLarge, "there are more than " + std::to_string(kMostHeaders) + " headers"};
    if (line.size() > kLongestLine) return HttpRefusal{http::kHeadersTooLarge, "a header is longer than " + std::to_string(kLongestLine) + " bytes"};
    const std::size_t colon = std::min(line.find(':'), line.size());
    if (colon == line.size() || !is_name(line.substr(0, colon)) || !is_value(line.substr(colon + 1))) return HttpRefusal{http::kBadRequest, "a header is none"};
    return header(lower(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }

  HttpHead take() { return std::move(head_); }

 private:
  std::optional<HttpRefusal> header(const std::string& name, std::string_view value) {
    if (name == "transfer-encoding") return HttpRefusal{http::kLengthRequired, "a body needs a Content-Length; chunks are not taken"};
    if (name == "content-encoding" && lower(value) != "identity") return HttpRefusal{http::kWrongKind, "a compressed body is not taken"};
    if (name == "range") return HttpRefusal{http::kBadRequest, "there are no ranges to be had"};
    if (name == "content-length") return length(value);
    if (name == "authorization") return once(head_.authorization, name, value);
    if (name == "content-type") return once(head_.content_type, name, value);
    if (name == "host") return once(head_.host, name, value);
    if (name == "origin") return once(head_.origin, name, value);
    return {};
  }

  std::optional<HttpRefusal> length(std::string_view value) {
    const bool digits = !value.empty() && value.size() <= kMostLengthDigits && value.find_first_not_of("0123456789") == value.npos;
    if (has_length_ || !digits) return HttpRefusal{http::kBadRequest, "the Content-Length is none"};
    has_length_ = true;
    std::from_chars(value.data(), value.data() + value.size(), head_.body_bytes);
    return {};
  }

  static std::optional<HttpRefusal> once(std::string& into, const std::string& name, std::string_view value) {
    if (!into.empty()) return HttpRefusal{http::kBadRequest, "the header " + name + " is there twice"};
    into = value;
    return {};
  }

  HttpHead head_;
  std::size_t headers_ = 0;
  bool has_length_ = false;
};

}  // namespace

std::variant<HttpHead, HttpRefusal> read_http_head(std::string_view head) {
  HeadReader reader;
  bool first = true;
  while (!head.empty()) {
    const std::size_t end = head.find(kLineEnd);
    if (end == head.npos) return HttpRefusal{http::kBadRequest, "a line does not end"};
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + kLineEnd.size());
    if (!first && line.empty()) break;
    if (auto refusal = first ? reader.request_line(line) : reader.header(line)) return *refusal;
    first = false;
  }
  return reader.take();
}

}  // namespace weir
