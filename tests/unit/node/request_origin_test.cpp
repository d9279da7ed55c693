#include <weir/node/request_origin.hpp>

#include <doctest/doctest.h>

namespace weir {
namespace {

HttpHead from_page(std::string origin, std::string host) {
  HttpHead head;
  head.origin = std::move(origin);
  head.host = std::move(host);
  return head;
}

TEST_CASE("only the whole token is the token") {
  CHECK(has_token("Bearer secret", "secret"));
  CHECK(has_token("bearer secret", "secret"));
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer secre", "Bearer secrets", "Bearer secretsecret", "Bearer  secret", "Bearer secret ", "Basic secret", "secret", "Bearer Secret"}) {
    CAPTURE(wrong);
    CHECK_FALSE(has_token(wrong, "secret"));
  }
}

TEST_CASE("a page may ask only where it came from") {
  CHECK(is_same_origin(from_page("", "localhost:7071")));
  CHECK(is_same_origin(from_page("http://localhost:7071", "localhost:7071")));
  CHECK(is_same_origin(from_page("https://Node-A:7071", "node-a:7071")));
  CHECK_FALSE(is_same_origin(from_page("http://evil.example", "localhost:7071")));
  CHECK_FALSE(is_same_origin(from_page("http://localhost:8080", "localhost:7071")));
  CHECK_FALSE(is_same_origin(from_page("null", "localhost:7071")));
  CHECK_FALSE(is_same_origin(from_page("null", "null")));
  CHECK_FALSE(is_same_origin(from_page("http://", "localhost")));
}

TEST_CASE("a machine's own names are addresses and localhost") {
  for (const char* own : {"", "localhost", "LOCALHOST:7071", "127.0.0.1", "127.0.0.1:7071", "10.1.2.3:1", "[::1]", "[::1]:7071"}) {
    CAPTURE(own);
    CHECK(is_own_name(own));
  }
  for (const char* other : {"evil.example", "evil.example:7071", "localhost.evil.example", "127.0.0.1.evil.example", "127.1", "[evil]", "[::1", "::1"}) {
    CAPTURE(other);
    CHECK_FALSE(is_own_name(other));
  }
}

}  // namespace
}  // namespace weir
