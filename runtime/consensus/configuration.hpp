// The members of the cluster, as an entry of the log carries them. libraft reads this form without looking where it ends,
// so whatever comes from a disk or another machine is checked here first.
//
//   configuration = 1 (format, 1 byte) count (8 bytes) member{count} zero*     padded to 8 bytes
//   member        = id (8 bytes) address 0 (1 byte) role (1 byte)              numbers are little-endian
//
// Source: libraft's configuration entries, the same in all its versions from 0.9 to 0.22.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/consensus/log_entry.hpp>

namespace weir {

constexpr std::size_t kLongestAddress = 512;  // bytes; a host name has at most 253
constexpr std::size_t kMostMembers = 256;     // a majority of more would be slow

/// The numbers are libraft's.
enum class Role : std::uint8_t { Standby = 0, Voter = 1, Spare = 2 };

struct Member {
  std::uint64_t id = 0;
  std::string address = {};
  Role role = Role::Spare;

  friend bool operator==(const Member&, const Member&) = default;
};

/// Fails unless there is at least one member, ids and addresses are unique and not empty, and nothing is left over.
Result<std::vector<Member>> decode_configuration(std::span<const std::byte> bytes);

Bytes encode_configuration(const std::vector<Member>& members);

}  // namespace weir
