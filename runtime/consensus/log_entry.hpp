// What a member must not forget: its term and vote, the entries of the log, and the snapshot that stands for those before.
// Values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weir/base/bytes.hpp>

namespace weir {

using Bytes = std::vector<std::byte>;

/// The numbers are those on disk and in messages.
enum class EntryKind : std::uint8_t { Command = 1, Barrier = 2, Members = 3 };

struct LogEntry {
  std::uint64_t term = 0;
  EntryKind kind = EntryKind::Command;
  Bytes content = {};  // of Members: as configuration.hpp has it

  friend bool operator==(const LogEntry&, const LogEntry&) = default;
};

struct Vote {
  std::uint64_t term = 0;
  std::uint64_t candidate = 0;  // whom this member voted for in the term; 0 is nobody

  friend bool operator==(const Vote&, const Vote&) = default;
};

struct LogSnapshot {
  std::uint64_t index = 0;  // of the last entry it stands for
  std::uint64_t term = 0;   // of that entry
  std::uint64_t members_index = 0;  // of the entry with the members of that time
  Bytes members = {};       // as configuration.hpp has it
  Bytes content = {};       // the observer's

  friend bool operator==(const LogSnapshot&, const LogSnapshot&) = default;
};

/// Who a directory belongs to.
struct LogIdentity {
  std::uint64_t self = 0;     // this member, drawn when the directory was made
  std::uint64_t cluster = 0;  // 0 until it belongs to one

  friend bool operator==(const LogIdentity&, const LogIdentity&) = default;
};

}  // namespace weir
