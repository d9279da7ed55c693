// How messages reach other members. The log does not care: messages may be lost, doubled, late and out of order.
// They must not be forged: whoever can write to the transport is a member. Keeping strangers out is its business.
#pragma once

#include <cstddef>
#include <vector>

#include <weir/consensus/voter.hpp>

namespace weir {

class LogTransport {
 public:
  virtual ~LogTransport() = default;

  /// Takes a message for another member, to be given to its ReplicatedLog::receive. Must not block; may drop it. Called on
  /// the log's thread. Messages are about as large as what they carry: entries up to entries_per_message_bytes, unless a
  /// single command is larger, or a whole snapshot.
  virtual void send(const Voter& to, std::vector<std::byte> message) = 0;
};

}  // namespace weir
