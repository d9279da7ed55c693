#include <doctest/doctest.h>

#include <weir/consensus/configuration.hpp>

using namespace weir;

namespace {

const std::vector<Member> kThree = {{1, "a:7070", Role::Voter}, {~0ULL, "host.example:1", Role::Standby}, {3, "c", Role::Spare}};

}  // namespace

TEST_CASE("members are read as they were written") {
  const Bytes bytes = encode_configuration(kThree);
  CHECK(bytes.size() % 8 == 0);
  CHECK(decode_configuration(bytes).or_throw() == kThree);
}

TEST_CASE("a list of members that is cut off anywhere is refused") {
  const Bytes bytes = encode_configuration(kThree);
  const std::size_t content = 1 + 8 + 3 * 10 + 6 + 14 + 1;
  for (std::size_t length = 0; length < content; ++length) {
    CHECK_FALSE(decode_configuration(std::span(bytes).first(length)).ok());
  }
}

TEST_CASE("members that contradict each other are refused") {
  const auto refused = [](const std::vector<Member>& members) { return !decode_configuration(encode_configuration(members)).ok(); };
  CHECK(refused({}));
  CHECK(refused({{0, "a", Role::Voter}}));
  CHECK(refused({{1, "", Role::Voter}}));
  CHECK(refused({{1, std::string(513, 'a'), Role::Voter}}));
  CHECK(refused({{1, "a", Role::Voter}, {1, "b", Role::Voter}}));
  CHECK(refused({{1, "a", Role::Voter}, {2, "a", Role::Voter}}));
  CHECK(refused({{1, "a", static_cast<Role>(3)}}));
  Bytes longer = encode_configuration({{1, "a", Role::Voter}});
  longer.resize(longer.size() + 8);
  CHECK_FALSE(decode_configuration(longer).ok());
  Bytes many = encode_configuration({{1, "a", Role::Voter}});
  many[8] = std::byte{0xff};  // 2^56 and more members
  CHECK_FALSE(decode_configuration(many).ok());
}
