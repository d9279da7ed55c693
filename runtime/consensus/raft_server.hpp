// One member's part in the Raft protocol, without threads, clock or network: it is told the time and what arrives, and says
// what to send and what is committed. So a whole cluster runs in one thread under a seed (tests/sim), and ReplicatedLog only
// adds a thread and a clock. The protocol itself is libraft's; here are its disk, its network and the care it needs:
//
// - What libraft asks of its disk is done at once, and answered when the call that asked has returned. So its memory
//   never runs ahead of the disk while it handles the next thing, which is where older versions of it go wrong.
// - A new leader commits a barrier before anything else; only then it is reported as Standing::Leader. libraft before 0.17
//   would count replicas of older terms' entries as committed, which the Raft paper forbids (section 5.4.2); since the
//   barrier is stored before any other message is looked at, that never decides anything.
// - A member that accepts entries acknowledges those alone. libraft acknowledges all that is in its log, also what an earlier
//   leader left there and this one never saw, which would then count for what this leader has at the same places.
// - Entries that a member has applied are taken out of what it is sent. libraft would add those that a late message brings
//   from before its snapshot to the end of its log. Nor does it commit by a message more than the message reaches.
// - A member that finds itself the only voter leads, for libraft, in the term it is in, where another may have led: it is moved
//   to a new term first.
// - A member votes also when its own log does not say yet that it may. libraft refuses, and a member that has just added a
//   second one, and restarts before the other knows, would wait for its vote forever. Such a member also notices when its
//   leader falls silent. For the same reason a leader does not remove itself.
// - A snapshot is not taken while a change of members is uncommitted, and after a restart such a change is known to be
//   uncommitted: without that libraft before 0.17 keeps or rolls back to the wrong members.
// - Messages that contradict what this member knows (a second leader in its own term) are dropped, and so are votes for who is no
//   candidate, and late refusals of what a member has taken since.
// - What libraft says wrongly is put right: the term in a refused vote, which else keeps a cluster without a leader, and how much
//   it has when it refuses entries.
// - libraft never hears that its disk failed: it would go on regardless, free twice, or end the process. Nothing more is done or
//   said, and the log stops when libraft has returned. So commands are stored before libraft is given them: for those there must
//   be an answer when the disk is full.
// - Whether something is done is read from what is applied: 0.22 calls nobody back but those who use its own disk and network.
// - A message with a list of members is cut before it, and the list before it is known to be committed: 0.22 would take
//   another place for the list's, and neither commit nor undo the right one.
//
// A resource; one thread at a time. Observer, transport and answers are called from within its functions, which they must not
// call back. What they throw ends the log. Times are milliseconds of a clock that never goes back.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/consensus/configuration.hpp>
#include <weir/consensus/log_message.hpp>
#include <weir/consensus/log_observer.hpp>
#include <weir/consensus/log_options.hpp>
#include <weir/consensus/log_storage.hpp>
#include <weir/consensus/log_transport.hpp>
#include <weir/consensus/outcome.hpp>

namespace weir {

struct Proposal {
  Bytes command;
  Done done;
};

struct VoterChange {
  enum class Kind { Add, Remove } kind = Kind::Add;
  Voter voter;  // of one to remove only the id counts
  Done done;
};

class RaftServer {
 public:
  /// Opens the directory, or makes it. The seed draws the election timeouts.
  static Result<std::unique_ptr<RaftServer>> open(const LogOptions& options, LogTransport& transport,
                                                  LogObserver& observer, std::uint64_t seed);
  ~RaftServer();  // without answers to what was proposed: as if the process died
  RaftServer(const RaftServer&) = delete;
  RaftServer& operator=(const RaftServer&) = delete;

  const LogIdentity& identity() const { return storage_->identity(); }

  /// See ReplicatedLog. Before start.
  Result<void> bootstrap();
  Result<void> join(std::uint64_t cluster);

  Result<void> start(std::uint64_t now_ms);

  /// To be called once per heartbeat interval.
  void tick(std::uint64_t now_ms);
  void receive(std::uint64_t now_ms, std::span<const std::byte> message);
  void propose(std::uint64_t now_ms, std::vector<Proposal> proposals);
  void change(std::uint64_t now_ms, VoterChange wanted);
  void step_down(std::uint64_t now_ms, std::uint64_t successor = 0);

  /// Answers what is open, Unknown or Refused, and takes no more part. What is asked for afterwards is refused.
  void stop(const std::string& why);

  const Leadership& leadership() const { return reported_; }
  std::vector<Voter> voters() const;
  std::uint64_t applied_index() const;
  std::uint64_t dropped_messages() const { return dropped_messages_; }  // that were malformed, foreign or contradictory
  bool running() const { return running_; }
  const std::string& stopped() const { return stopped_; }  // why it does nothing, while not running

 private:
  struct Raft;       // libraft's structs; raft_library.hpp
  struct Callbacks;  // what libraft calls; raft_callbacks.cpp
  struct Change {
    VoterChange wanted;
    std::optional<Outcome> given_up = {};  // the outcome, once the member is out again
    std::uint64_t begun_in = 0;            // the term in which libraft was last asked for one of its steps
    bool promoting = false;                // that step is the new member's vote, for which it must catch up
  };
  /// libraft's answer to the next step of a change, unless the change is over.
  struct Submitted {
    int code = 0;
    std::optional<Outcome> over = {};
  };
  enum class Verdict { Handle, Drop };

  RaftServer(LogOptions options, LogTransport& transport, LogObserver& observer, std::uint64_t seed,
             std::unique_ptr<LogStorage> storage);

  void step(std::uint64_t now_ms, const std::function<void()>& doing);
  void settle();
  void complete();
  void follow_leadership();
  void answer_open_proposals(const std::string& why);
  void submit(std::vector<LogEntry> commands, std::vector<Done> waiting);
  void hand_leadership_over(std::uint64_t successor = 0);
  void next_change();
  Submitted submit_add(Change& change);
  Submitted submit_remove(const Change& change);
  void finish_change(Outcome outcome);
  void answer(Done done, Outcome outcome);
  void give_answers();
  void call(const std::function<void()>& users);
  void fail(const std::string& why);
  void close();

  Verdict judge(LogMessage& message);
  Verdict judge_result(std::uint64_t from, std::uint64_t term, AppendResult& result);
  bool contradicts_committed(const LogMessage& message) const;
  void hand_over(LogMessage message);
  void hand_over_in_parts(const LogMessage& message, const AppendEntries& append);
  void hand_over_part(const LogMessage& message);
  Result<void> skip_applied(const LogMessage& message, AppendEntries& append) const;
  bool votes() const;
  bool alone(const std::vector<Member>& members) const;
  Result<void> vote_alone();
  void store_vote(const Vote& vote);
  void settle_restored_members(const StoredLog& log);
  void let_vote(const std::function<void()>& receive);
  Result<void> prepare_rollback(const LogMessage& message);

  std::vector<Member> members() const;
  std::string last_error(int code) const;
  bool leads() const;

  const LogOptions options_;
  LogTransport& transport_;
  LogObserver& observer_;
  std::mt19937_64 random_;
  std::unique_ptr<LogStorage> storage_;
  std::unique_ptr<Raft> raft_;
  std::deque<std::function<void()>> completions_;    // answers that libraft waits for
  std::vector<std::pair<Done, Outcome>> answers_;    // to be given when libraft has returned
  std::map<std::uint64_t, Done> open_proposals_;     // by index; all of the term in which this member leads
  std::deque<Change> changes_;                       // of members; the first one is under way
  Vote vote_;
  std::optional<std::string> failure_;
  std::string stopped_ = "the cluster's log is not started";  // why nothing is done, while not running
  Leadership reported_;
  std::uint64_t led_term_ = 0;  // in which this member last heard of a leader
  std::uint64_t acknowledged_term_ = 0;                  // in which this member leads, and others said what they have:
  std::map<std::uint64_t, std::uint64_t> acknowledgments_;  // by member, up to which index
  std::uint64_t acknowledged_ = 0;  // how far the message that is being handled reaches
  std::uint64_t stored_ahead_ = 0;  // entries that are on disk before libraft knows of them
  std::uint64_t barrier_term_ = 0;  // in which a barrier was appended
  std::uint64_t settled_term_ = 0;  // in which that barrier was applied
  std::uint64_t now_ms_ = 0;
  std::uint64_t dropped_messages_ = 0;
  bool running_ = false;
};

}  // namespace weir
