#include <weir/consensus/configuration.hpp>

#include <algorithm>
#include <string_view>

namespace weir {
namespace {

constexpr char kFormat = 1;
constexpr std::size_t kPadding = 8;  // bytes

void append_little_endian(std::string& out, std::uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(number >> shift & 0xff));
}

std::uint64_t take_little_endian(std::string_view& text) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    number |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << (8 * i);
  }
  text.remove_prefix(8);
  return number;
}

Error malformed(const char* what) { return {std::string("a list of the cluster's members is malformed: ") + what}; }

}  // namespace

Result<std::vector<Member>> decode_configuration(std::span<const std::byte> bytes) {
  std::string_view text = as_text(bytes);
  if (text.size() < 9 || text.front() != kFormat) return malformed("unknown format");
  text.remove_prefix(1);
  const std::uint64_t count = take_little_endian(text);
  if (count == 0 || count > kMostMembers) return malformed("impossible number of members");
  std::vector<Member> members;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (text.size() < 8) return malformed("cut off");
    Member member{.id = take_little_endian(text)};
    const std::size_t end = text.find('\0');
    if (end == std::string_view::npos || end + 1 >= text.size()) return malformed("cut off");
    member.address = text.substr(0, end);
    const auto role = static_cast<std::uint8_t>(text[end + 1]);
    text.remove_prefix(end + 2);
    if (member.id == 0 || member.address.empty() || member.address.size() > kLongestAddress) return malformed("bad member");
    if (role > static_cast<std::uint8_t>(Role::Spare)) return malformed("unknown role");
    member.role = static_cast<Role>(role);
    const bool known = std::ranges::any_of(members, [&](const Member& other) {
      return other.id == member.id || other.address == member.address;
    });
    if (known) return malformed("a member is listed twice");
    members.push_back(std::move(member));
  }
  if (text.size() >= kPadding) return malformed("bytes are left over");
  return members;
}

Bytes encode_configuration(const std::vector<Member>& members) {
  std::string text(1, kFormat);
  append_little_endian(text, members.size());
  for (const Member& member : members) {
    append_little_endian(text, member.id);
    text += member.address;
    text.push_back('\0');
    text.push_back(static_cast<char>(member.role));
  }
  text.resize((text.size() + kPadding - 1) / kPadding * kPadding);
  const auto bytes = as_span(text);
  return Bytes(bytes.begin(), bytes.end());
}

}  // namespace weir
