// Where a node is reached: HOST:PORT as people write it. The host is a name, an IPv4 address, or an IPv6 address in brackets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <weir/base/result.hpp>

namespace weir {

struct Address {
  std::string host;  // without brackets
  std::uint16_t port = 0;

  friend bool operator==(const Address&, const Address&) = default;
};

constexpr std::uint16_t kNodePort = 7070;  // where nodes listen for nodes, unless told otherwise
constexpr std::uint16_t kHttpPort = 7071;  // and for people

/// Reads "127.0.0.1:7070", "[::1]:7070", "node-a.example:7070". A port of 0 is refused; the error for what is no address has
/// examples with `usual_port`.
Result<Address> parse_address(std::string_view text, std::uint16_t usual_port = kNodePort);

std::string to_text(const Address& address);

/// Whether only this machine reaches the address. A name other than localhost is taken for one that others reach.
bool is_loopback(const Address& address);

/// Whether it stands for all addresses of this machine: one can listen at it, but not be found there.
bool is_wildcard(const Address& address);

/// Whether a text is a host as above: what a certificate may be made for.
bool is_host(std::string_view text);
/// Whether a text is an IP address, without brackets.
bool is_ip_address(const std::string& text);

}  // namespace weir
