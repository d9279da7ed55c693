// What a replicated log tells its owner: the committed commands, which are the same in the same order on every member,
// and who leads.
//
// All calls come on the log's thread, one after the other. They may use the log (propose, add_voter...), which answers
// later, but not stop it. While one runs the log stands still and sends no heartbeats: it must be much shorter than the
// election timeout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weir/consensus/voter.hpp>

namespace weir {

enum class Standing {
  Follower,  // another member leads, or none
  Elected,   // this member leads, but has not applied yet all that earlier leaders committed: its state may be old
  Leader,    // this member leads and its state is the newest there is
};

/// A partitioned leader takes itself for one until its election timeout is over, so standing is a hint; what is certain
/// is only what is committed. A member that acts on being leader proves it by proposing.
struct Leadership {
  std::uint64_t term = 0;       // grows with every election; at most one leader per term
  std::optional<Voter> leader;  // who leads, as far as this member knows
  Standing standing = Standing::Follower;

  friend bool operator==(const Leadership&, const Leadership&) = default;
};

class LogObserver {
 public:
  virtual ~LogObserver() = default;

  /// A committed command, in the order of their indices, which has gaps. Once per life of the log object: after start all
  /// commands since the last snapshot come again, behind restore.
  virtual void apply(std::uint64_t index, std::span<const std::byte> command) = 0;

  /// The state after all that was applied, as bytes from which restore makes it again. Replaces the commands before it on
  /// disk and for members that are far behind. One message carries it: keep it well below max_message_bytes.
  virtual std::vector<std::byte> snapshot() = 0;

  /// Forget everything and take this state. Comes at start when there is a snapshot, and at any time on a member that was
  /// left behind.
  virtual void restore(std::span<const std::byte> state) = 0;

  virtual void leadership(const Leadership& now) = 0;

  /// The log cannot go on: its disk is full or damaged, or there is a bug. It has stopped; all that was proposed is answered.
  /// The last call. Destroy the log; when the cause is gone, another may be opened on the directory.
  virtual void failed(const std::string& why) = 0;
};

}  // namespace weir
