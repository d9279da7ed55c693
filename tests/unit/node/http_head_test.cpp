#include <weir/node/http_head.hpp>

#include <doctest/doctest.h>

namespace weir {
namespace {

std::string head_with(const std::string& headers) { return "GET / HTTP/1.1\r\n" + headers + "\r\n"; }

std::uint32_t refused_with(const std::string& head) {
  const auto read = read_http_head(head);
  return std::holds_alternative<HttpRefusal>(read) ? std::get<HttpRefusal>(read).status : 0;
}

HttpHead accepted(const std::string& head) {
  const auto read = read_http_head(head);
  REQUIRE(std::holds_alternative<HttpHead>(read));
  return std::get<HttpHead>(read);
}

TEST_CASE("what matters of a head is read, whatever the case of its names") {
  const HttpHead head = accepted(head_with("HOST: a:1\r\nContent-Length:  12 \r\ncontent-type:application/json\r\nAuthorization: Bearer x y\r\nOrigin: http://a:1\r\nX-Other: \xc3\xbc\r\nX-Empty:\r\n"));
  CHECK(head.host == "a:1");
  CHECK(head.body_bytes == 12);
  CHECK(head.content_type == "application/json");
  CHECK(head.authorization == "Bearer x y");
  CHECK(head.origin == "http://a:1");
  CHECK(accepted(head_with("")).body_bytes == 0);
}

TEST_CASE("a body has one length, in digits, and comes as it is") {
  CHECK(refused_with(head_with("Content-Length: 1\r\nContent-Length: 1\r\n")) == 400);
  CHECK(refused_with(head_with("Content-Length: 0\r\nContent-Length: 5\r\n")) == 400);
  CHECK(refused_with(head_with("Content-Length: -1\r\n")) == 400);
  CHECK(refused_with(head_with("Content-Length: +1\r\n")) == 400);
  CHECK(refused_with(head_with("Content-Length: 0x10\r\n")) == 400);
  CHECK(refused_with(head_with("Content-Length: 1, 1\r\n")) == 400);
  CHECK(refused_with(head_with("Content-Length:\r\n")) == 400);
  CHECK(refused_with(head_with("Content-Length: 9999999999999999999\r\n")) == 400);
  CHECK(accepted(head_with("Content-Length: 999999999999999999\r\n")).body_bytes == 999'999'999'999'999'999U);
  CHECK(refused_with(head_with("Transfer-Encoding: chunked\r\n")) == 411);
  CHECK(refused_with(head_with("Content-Length: 3\r\ntransfer-encoding: identity\r\n")) == 411);
  CHECK(refused_with(head_with("Content-Encoding: gzip\r\n")) == 415);
  CHECK(refused_with(head_with("Content-Encoding: Identity\r\n")) == 0);
  CHECK(refused_with(head_with("Range: bytes=0-0,0-0\r\n")) == 400);
}

TEST_CASE("headers that would have two meanings are refused") {
  CHECK(refused_with(head_with("Authorization: Bearer a\r\nauthorization: Bearer b\r\n")) == 400);
  CHECK(refused_with(head_with("Host: a\r\nHost: b\r\n")) == 400);
  CHECK(refused_with(head_with("Host : a\r\n")) == 400);
  CHECK(refused_with(head_with("Host: a\r\n folded\r\n")) == 400);
  CHECK(refused_with(head_with("no colon\r\n")) == 400);
  CHECK(refused_with(head_with(": no name\r\n")) == 400);
  CHECK(refused_with(head_with("X: a\nY: b\r\n")) == 400);
  CHECK(refused_with(head_with("X: a\rY: b\r\n")) == 400);
  CHECK(refused_with(head_with(std::string("X: a\0b\r\n", 9))) == 400);
  CHECK(refused_with(head_with("X\xc3\xbc: a\r\n")) == 400);
}

TEST_CASE("the first line is a method, a path and a version") {
  for (const char* line : {"GET", "GET /", "", " ", "  ", "GET  HTTP/1.1", "GET x HTTP/1.1", "GET http://a/ HTTP/1.1", "GET * HTTP/1.1", "GET /a b HTTP/1.1", "GET /\x01 HTTP/1.1", "GET /\xc3\xbc HTTP/1.1", "GET /\t HTTP/1.1"}) {
    CAPTURE(line);
    CHECK(refused_with(std::string(line) + "\r\n\r\n") == 400);
  }
  CHECK(refused_with("GET / HTTP/1.1") == 400);
}

TEST_CASE("a head has an end: long paths, long headers and many of them") {
  CHECK(refused_with("GET /" + std::string(2047, 'a') + " HTTP/1.1\r\n\r\n") == 0);
  CHECK(refused_with("GET /" + std::string(2048, 'a') + " HTTP/1.1\r\n\r\n") == 414);
  CHECK(refused_with(head_with("X: " + std::string(7997, 'a') + "\r\n")) == 0);
  CHECK(refused_with(head_with("X: " + std::string(7998, 'a') + "\r\n")) == 431);
  std::string many;
  for (int i = 0; i < 64; ++i) many += "X: a\r\n";
  CHECK(refused_with(head_with(many)) == 0);
  CHECK(refused_with(head_with(many + "X: a\r\n")) == 431);
}

}  // namespace
}  // namespace weir
