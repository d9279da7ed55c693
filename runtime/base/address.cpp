#include <weir/base/address.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cctype>
#include <optional>

#include <arpa/inet.h>

namespace weir {
namespace {

constexpr std::size_t kLongestName = 253;   // of a host, as DNS has it
constexpr std::size_t kLongestLabel = 63;

bool is_address_of(int family, const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(family, text.c_str(), bytes.data()) == 1;
}

bool is_label(std::string_view label) {
  const auto fits = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_'; };
  return !label.empty() && label.size() <= kLongestLabel && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), fits);
}

bool is_name(std::string_view text) {
  if (text.size() > kLongestName) return false;
  bool numeric = true;  // 1.2.3.4.5 and 300.1.1.1 are mistyped addresses, not names
  for (;;) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (!is_label(label)) return false;
    numeric = std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (dot == std::string_view::npos) return !numeric;
    text.remove_prefix(dot + 1);
  }
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

bool is_ip_address(const std::string& text) { return is_address_of(AF_INET, text) || is_address_of(AF_INET6, text); }

bool is_host(std::string_view text) { return is_ip_address(std::string(text)) || is_name(text); }

Result<Address> parse_address(std::string_view text, std::uint16_t usual_port) {
  const auto refused = [&](const std::string& why) {
    const std::string port = ":" + std::to_string(usual_port);
    const std::string examples = "127.0.0.1" + port + ", [::1]" + port + " or node-a" + port;
    return Error{"'" + std::string(text) + "' is no address: " + why + "; write HOST:PORT, as in " + examples};
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refused("it has no port");
  std::string host(text.substr(0, colon));
  if (host.starts_with('[')) {
    if (!host.ends_with(']') || !is_address_of(AF_INET6, host.substr(1, host.size() - 2))) return refused("there is no IPv6 address in the brackets");
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return refused("an IPv6 address stands in brackets");
  } else if (!is_host(host)) {
    return refused(host.empty() ? "it has no host" : "'" + host + "' is no host");
  }
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return refused("a port is a number from 1 to 65535");
  return Address{std::move(host), *port};
}

std::string to_text(const Address& address) {
  const bool bracketed = address.host.find(':') != std::string::npos;
  return (bracketed ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

bool is_loopback(const Address& address) {
  if (address.host == "localhost") return true;
  in_addr four{};
  if (inet_pton(AF_INET, address.host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  return inet_pton(AF_INET6, address.host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

bool is_wildcard(const Address& address) {
  in_addr four{};
  if (inet_pton(AF_INET, address.host.c_str(), &four) == 1) return four.s_addr == INADDR_ANY;
  in6_addr six{};
  return inet_pton(AF_INET6, address.host.c_str(), &six) == 1 && IN6_IS_ADDR_UNSPECIFIED(&six);
}

}  // namespace weir
