#include <weir/actors/bounded_stream.hpp>

#include <random>
#include <string>

#include <doctest/doctest.h>

using namespace weir;

namespace {

std::string message(std::uint32_t announced, std::size_t payload) {
  std::string bytes(BoundedStream::kHeaderBytes, '\x05');
  for (int i = 0; i < 4; ++i) bytes[static_cast<std::size_t>(4 + i)] = static_cast<char>(announced >> (24 - 8 * i));
  return bytes + std::string(payload, '\xff');
}

bool take(BoundedStream& stream, const std::string& bytes) { return stream.take(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()); }

}  // namespace

TEST_CASE("messages pass however they are cut, and one that is too long does not") {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::string bytes = message(100, 100) + message(0, 0) + message(70'000, 70'000) + message(BoundedStream::kLongestMessage, 10);
    BoundedStream stream;
    while (!bytes.empty()) {
      const std::size_t count = 1 + random() % std::min<std::size_t>(bytes.size(), random() % 2 == 0 ? 40 : 100'000);
      REQUIRE(take(stream, bytes.substr(0, count)));
      bytes.erase(0, count);
    }
  }
  BoundedStream stream;
  CHECK(take(stream, message(10, 10)));
  CHECK(!take(stream, message(BoundedStream::kLongestMessage + 1, 0)));
}

TEST_CASE("before the handshake less is allowed") {
  BoundedStream fits;
  CHECK(take(fits, message(BoundedStream::kLongestHandshake, 0)));
  BoundedStream stream;
  CHECK(!take(stream, message(BoundedStream::kLongestHandshake + 1, 0)));
}
