// What may be set about a replicated log. The defaults suit a coordinator on a local network.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <weir/base/time.hpp>

namespace weir {

struct LogOptions {
  std::filesystem::path directory;  // of this log alone
  std::string address;              // this member's, as others reach it

  Duration election_timeout{1000};  // silence of the leader, or of the majority towards it; drawn anew from 1 to 2 times this
  Duration heartbeat{100};          // of the leader, when it has nothing to say; less than the election timeout
  Duration catch_up{5000};          // a new voter must get ahead within this time, or it is not added

  std::uint32_t snapshot_every_entries = 1024;  // compaction after so many
  std::uint32_t kept_entries = 1024;            // behind a snapshot, for members that are only a little behind; at least 1

  std::uint64_t max_command_bytes = 8ULL << 20;
  std::uint64_t entries_per_message_bytes = 2ULL << 20;
  std::uint64_t max_message_bytes = 64ULL << 20;  // a larger one is dropped unread
  std::uint64_t max_waiting_bytes = 128ULL << 20;  // received or proposed, not handled yet; beyond it they are dropped or refused
};

}  // namespace weir
