// Who leads the cluster, as far as one node knows. Members of the log hear it from the log, the other nodes in the heartbeats of
// those, and all pass it on. What decides between two that are named is the term: each has one leader at most, and a newer one
// ends all before it. So a leader is known together with its term, and never apart from it: a member that is in a newer term already
// and has not heard who leads there still names the last leader it knows, with the term of that one. Did it name the new term,
// the others would take it for news, believe it more than the new leader itself, and send what is for the leader into the void.
//
// A value.
#pragma once

#include <cstdint>
#include <string>

namespace weir {

class KnownLeader {
 public:
  enum class Standing : std::uint8_t { Follows, Leads };

  /// The address of the node that knows.
  explicit KnownLeader(std::string self) : self_(std::move(self)) {}

  /// What this node's own log says; an empty address: it knows of none in that term.
  void log_says(const std::string& address, std::uint64_t term, Standing standing);
  /// What another node's heartbeat says.
  void heard(const std::string& address, std::uint64_t term);

  /// Of the newest leader that is known; empty: of none. It may be gone, and another one not known yet.
  const std::string& address() const { return address_; }
  std::uint64_t term() const { return term_; }
  /// Whether it is this node, and its state is the newest there is.
  bool here() const { return here_; }

 private:
  std::string self_;
  std::string address_;
  std::uint64_t term_ = 0;
  bool here_ = false;
};

}  // namespace weir
