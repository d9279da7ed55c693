#include <doctest/doctest.h>

#include <weir/consensus/configuration.hpp>
#include <weir/consensus/log_message.hpp>

using namespace weir;

namespace {

Bytes bytes_of(std::string_view text) {
  const auto bytes = as_span(text);
  return Bytes(bytes.begin(), bytes.end());
}

const Bytes kMembers = encode_configuration({{7, "a:1", Role::Voter}, {8, "b:1", Role::Spare}});

template <class Body>
LogMessage with(Body body) {
  return {.cluster = 5, .from = 7, .to = 8, .from_address = "a:1", .term = 9, .body = std::move(body)};
}

bool passes(const LogMessage& message) {
  auto decoded = decode_log_message(encode(message));
  return decoded.ok() && *decoded == message;
}

}  // namespace

TEST_CASE("every message is read as it was written") {
  CHECK(passes(with(RequestVote{11, 9, true, false})));
  CHECK(passes(with(RequestVote{0, 0, false, true})));
  CHECK(passes(with(VoteResult{true, true})));
  CHECK(passes(with(AppendEntries{0, 0, 0, {}})));
  CHECK(passes(with(AppendEntries{10, 3, 12, {{3, EntryKind::Command, bytes_of("x")}, {9, EntryKind::Barrier, {}}, {9, EntryKind::Members, kMembers}}})));
  CHECK(passes(with(AppendResult{4, 10})));
  CHECK(passes(with(InstallSnapshot{{.index = 10, .term = 3, .members_index = 4, .members = kMembers, .content = bytes_of("state")}})));
  CHECK(passes(with(TimeoutNow{10, 9})));
}

TEST_CASE("a message that no member would send is refused") {
  constexpr std::uint64_t kHuge = 1ULL << 62;
  CHECK_FALSE(passes(with(RequestVote{1, 10, false, false})));   // an entry of a later term than the message
  CHECK_FALSE(passes(with(RequestVote{0, 3, false, false})));    // the term of no entry
  CHECK_FALSE(passes(with(RequestVote{kHuge, 3, false, false})));
  CHECK_FALSE(passes(with(AppendEntries{1, 0, 0, {}})));
  CHECK_FALSE(passes(with(AppendEntries{10, 3, kHuge, {}})));
  CHECK_FALSE(passes(with(AppendEntries{10, 3, 0, {{2, EntryKind::Command, {}}}})));                       // terms fall
  CHECK_FALSE(passes(with(AppendEntries{10, 3, 0, {{10, EntryKind::Command, {}}}})));                      // from the future
  CHECK_FALSE(passes(with(AppendEntries{10, 3, 0, {{3, static_cast<EntryKind>(4), {}}}})));
  CHECK_FALSE(passes(with(AppendEntries{10, 3, 0, {{3, EntryKind::Members, bytes_of("\1\377\377\377")}}})));
  CHECK_FALSE(passes(with(AppendEntries{0, 0, 0, {{1, EntryKind::Command, {}}}})));                        // a log begins with members
  CHECK_FALSE(passes(with(AppendResult{kHuge, 1})));
  CHECK_FALSE(passes(with(InstallSnapshot{{.index = 0, .term = 0, .members_index = 0, .members = kMembers}})));
  CHECK_FALSE(passes(with(InstallSnapshot{{.index = 3, .term = 1, .members_index = 4, .members = kMembers}})));
  CHECK_FALSE(passes(with(InstallSnapshot{{.index = 3, .term = 1, .members_index = 1}})));
  LogMessage message = with(VoteResult{});
  message.term = kHuge;
  CHECK_FALSE(passes(message));
  message = with(VoteResult{});
  message.from_address.clear();
  CHECK_FALSE(passes(message));
  message.from_address = std::string("a\0b", 3);
  CHECK_FALSE(passes(message));
  message.from_address = std::string(513, 'a');
  CHECK_FALSE(passes(message));
}

TEST_CASE("a changed bit or a missing end is noticed") {
  const Bytes good = encode(with(AppendEntries{10, 3, 12, {{3, EntryKind::Command, bytes_of("a command")}}}));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= std::byte{static_cast<unsigned char>(1 << bit % 8)};
    CHECK_FALSE(decode_log_message(bad).ok());
  }
  for (std::size_t length = 0; length < good.size(); ++length) CHECK_FALSE(decode_log_message(std::span(good).first(length)).ok());
}
