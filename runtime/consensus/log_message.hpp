// What members say to each other, as bytes. Bytes from another machine are damaged, old, foreign or hostile until shown
// otherwise, and libraft trusts what it is given: decode lets nothing through that libraft could trip over, apart from what
// depends on the receiver's state (raft_server.cpp).
//
//   bytes   = checksum (of the message, big-endian, 8 bytes) message
//   message = a LogMessage of log_message.capnp, flat and unpacked
//
// The names are those of the Raft paper: Ongaro, Ousterhout, "In Search of an Understandable Consensus Algorithm". Values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/consensus/log_entry.hpp>

namespace weir {

struct RequestVote {
  std::uint64_t last_index = 0;
  std::uint64_t last_term = 0;
  bool disrupt_leader = false;  // the leader itself asked for the election
  bool pre_vote = false;        // only asks whether it would win
  friend bool operator==(const RequestVote&, const RequestVote&) = default;
};

struct VoteResult {
  bool granted = false;
  bool pre_vote = false;
  friend bool operator==(const VoteResult&, const VoteResult&) = default;
};

struct AppendEntries {
  std::uint64_t previous_index = 0;  // of the entry before the first one here
  std::uint64_t previous_term = 0;
  std::uint64_t committed = 0;
  std::vector<LogEntry> entries;  // none in a heartbeat
  friend bool operator==(const AppendEntries&, const AppendEntries&) = default;
};

struct AppendResult {
  std::uint64_t rejected = 0;  // the index that did not fit; 0 when all was taken
  std::uint64_t last_index = 0;
  friend bool operator==(const AppendResult&, const AppendResult&) = default;
};

struct InstallSnapshot {
  LogSnapshot snapshot;
  friend bool operator==(const InstallSnapshot&, const InstallSnapshot&) = default;
};

struct TimeoutNow {
  std::uint64_t last_index = 0;
  std::uint64_t last_term = 0;
  friend bool operator==(const TimeoutNow&, const TimeoutNow&) = default;
};

struct LogMessage {
  std::uint64_t cluster = 0;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::string from_address;
  std::uint64_t term = 0;
  std::variant<RequestVote, VoteResult, AppendEntries, AppendResult, InstallSnapshot, TimeoutNow> body;
  friend bool operator==(const LogMessage&, const LogMessage&) = default;
};

Bytes encode(const LogMessage& message);

/// Fails on anything that no member would send: numbers that no log reaches, entries of unknown kind or of falling terms,
/// lists of members that are malformed, texts with an end inside.
Result<LogMessage> decode_log_message(std::span<const std::byte> bytes);

}  // namespace weir
