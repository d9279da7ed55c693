#include <weir/node/request_origin.hpp>

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace weir {
namespace {

bool same_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// The same work wherever two texts differ.
bool same_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = secret.empty() ? '\0' : secret[i % secret.size()];
    difference |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(other);
  }
  return difference == 0;
}

}  // namespace

bool has_token(std::string_view authorization, std::string_view token) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!same_but_for_case(authorization.substr(0, kScheme.size()), kScheme)) return false;
  return same_secret(authorization.substr(kScheme.size()), token);
}

bool is_same_origin(const HttpHead& head) {
  if (head.origin.empty()) return true;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (std::string_view(head.origin).starts_with(scheme)) return same_but_for_case(std::string_view(head.origin).substr(scheme.size()), head.host);
  }
  return false;  // "null", a browser's extension
}

bool is_own_name(std::string_view host) {
  if (host.empty()) return true;  // HTTP/1.0; no browser
  std::string name(host);
  if (name.starts_with('[')) {
    const std::size_t end = name.find(']');
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return end != name.npos && ::inet_pton(AF_INET6, name.substr(1, end - 1).c_str(), address.data()) == 1;
  }
  name = name.substr(0, name.find(':'));
  std::array<unsigned char, sizeof(in_addr)> address{};
  return same_but_for_case(name, "localhost") || ::inet_pton(AF_INET, name.c_str(), address.data()) == 1;
}

}  // namespace weir
