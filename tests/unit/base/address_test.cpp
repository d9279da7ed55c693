#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <weir/base/address.hpp>

using namespace weir;

TEST_CASE("an address is a host and a port, and is written as it was read") {
  for (const std::string text : {"127.0.0.1:7070", "[::1]:1", "node-a.example:65535", "localhost:7070", "[fe80::1]:80", "n1:7"}) {
    CAPTURE(text);
    const auto address = parse_address(text);
    REQUIRE(address.ok());
    CHECK(to_text(*address) == text);
  }
  CHECK(parse_address("[::1]:7070").value() == Address{"::1", 7070});
}

TEST_CASE("what is no address is refused with what is wrong") {
  const auto why = [](const std::string& text) { return parse_address(text).error().message; };
  CHECK(why("7070") == "'7070' is no address: it has no port; write HOST:PORT, as in 127.0.0.1:7070, [::1]:7070 or node-a:7070");
  CHECK(parse_address("a", kHttpPort).error().message == "'a' is no address: it has no port; write HOST:PORT, as in 127.0.0.1:7071, [::1]:7071 or node-a:7071");
  CHECK(why(":7070").find("it has no host") != std::string::npos);
  CHECK(why("::1:7070").find("stands in brackets") != std::string::npos);
  CHECK(why("[::1:7070").find("no IPv6 address in the brackets") != std::string::npos);
  CHECK(why("[1.2.3.4]:7070").find("no IPv6 address in the brackets") != std::string::npos);
  for (const std::string& host : std::vector<std::string>{"300.1.1.1", "1.2.3", "-a", "a-", "a b", "a..b", "a.", "ä", "a/b", std::string(64, 'a')}) {
    CAPTURE(host);
    CHECK(why(host + ":1").find("is no host") != std::string::npos);
  }
  for (const std::string port : {"", "0", "65536", "-1", "7070x", " 7"}) {
    CAPTURE(port);
    CHECK(why("a:" + port).find("a port is a number from 1 to 65535") != std::string::npos);
  }
}

TEST_CASE("only this machine's own addresses are loopback") {
  for (const std::string text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"}) CHECK(is_loopback(parse_address(text).value()));
  for (const std::string text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "128.0.0.1:1", "node-a:1", "localhost.example:1"}) {
    CHECK_FALSE(is_loopback(parse_address(text).value()));
  }
}

TEST_CASE("a wildcard is an address to listen at, not one to be found at") {
  for (const std::string text : {"0.0.0.0:1", "[::]:1", "[0:0::0]:1"}) CHECK(is_wildcard(parse_address(text).value()));
  for (const std::string text : {"127.0.0.1:1", "[::1]:1", "10.0.0.0:1", "node-a:1"}) CHECK_FALSE(is_wildcard(parse_address(text).value()));
}
