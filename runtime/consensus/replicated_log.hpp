// The coordinator of a cluster must survive the death of its machine without forgetting or inventing a decision, and without
// an outside service. A ReplicatedLog keeps a sequence of commands on several members, of which one leads; a command that a
// majority has on disk is committed, and every member applies the committed ones in the same order. One member alone is a
// cluster too. The protocol is Raft (Ongaro, Ousterhout 2014) by libraft.
//
//   first member:    open, bootstrap, start                                              once, ever
//   another one:     open, join(cluster), start; the leader calls add_voter({self(), address})
//   after a restart: open, start
//   in a member whose directory was lost or is damaged: as another one. A new directory is a new member with a new id, since
//                    it has forgotten its votes; remove the old id first, while a majority of the voters is up.
//
// Guarantees. What was answered with Fate::Applied is durable on a majority and in every later leader's log; it is applied on
// each member in the order of the log, once per life of the log object. It says nothing about commands answered Unknown.
// Members must not be forged and disks must keep what they synced; messages may be lost, doubled or reordered, and malformed
// or foreign ones are dropped.
//
// A resource. It has one thread; all functions may be called from any thread and do not wait for it, but for open, start and
// stop. Observer, transport and Done callbacks run on that thread; from there everything but stop and destruction may be
// called. Observer and transport are borrowed and must outlive it. A failed sync of the disk ends the process, as everywhere
// in Weir; a full disk does not: the leader refuses proposals and hands over to another voter, another member reports failed().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/consensus/log_observer.hpp>
#include <weir/consensus/log_options.hpp>
#include <weir/consensus/log_transport.hpp>
#include <weir/consensus/outcome.hpp>
#include <weir/consensus/voter.hpp>

namespace weir {

class ReplicatedLog {
 public:
  /// Opens the directory, or makes it. Fails when it is damaged, in use, or not writable.
  static Result<std::unique_ptr<ReplicatedLog>> open(const LogOptions& options, LogTransport& transport, LogObserver& observer);

  ~ReplicatedLog();  // stops
  ReplicatedLog(const ReplicatedLog&) = delete;
  ReplicatedLog& operator=(const ReplicatedLog&) = delete;

  /// This member's id, drawn when its directory was made. Below 2^63.
  std::uint64_t self() const;

  /// Empty until bootstrap or join. Members of another cluster are not listened to.
  std::optional<std::uint64_t> cluster() const;

  /// Makes a new cluster with this member as its only voter. Before start; fails when the directory belongs to one already.
  Result<void> bootstrap();

  /// Makes this a member of a cluster, which knows it once its leader was told to add_voter. Before start; joining the same
  /// cluster again is no error.
  Result<void> join(std::uint64_t cluster);

  /// Reads the log, restores and applies what is known to be committed, and begins to take part; a single voter leads when
  /// this returns. Once; a log that failed to start is good for nothing but destruction.
  Result<void> start();

  /// Takes what another member's transport was given for this one.
  void receive(std::vector<std::byte> message);

  /// Adds a command to the log, if this member leads. Commands of one thread keep their order.
  void propose(std::vector<std::byte> command, Done done);

  /// Adds a voter, on the leader: it gets the log first, and its vote when it is nearly up to date. Refused, and undone, when
  /// that takes longer than catch_up. Adding one that is there already, with the same address, is no error. Changes of voters
  /// are made one after the other.
  void add_voter(Voter voter, Done done);

  /// Removes another voter, on the leader; to remove the leader, have it step down first. Removing one that is not there is no
  /// error. The removed member is not told: stop it.
  void remove_voter(std::uint64_t id, Done done);

  /// Asks the leader to let that voter lead, as soon as it is up to date; to be called before the leader is stopped on purpose.
  /// 0: any that is up to date, whether or not it can be reached. The next change of leadership tells whether it worked; until the
  /// attempt is over, an election timeout at most, commands are refused.
  void step_down(std::uint64_t successor);

  /// As of the last change this member knows of, committed or about to be.
  std::vector<Voter> voters() const;
  Leadership leadership() const;

  /// Stops the thread. What is open is answered: Unknown, or Refused when it was not begun.
  void stop();

 private:
  class Thread;
  explicit ReplicatedLog(std::unique_ptr<Thread> thread);

  std::unique_ptr<Thread> thread_;
};

}  // namespace weir
