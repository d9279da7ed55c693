// A command goes through other machines, so there are three ends to a proposal, not two: when a leader is cut off or
// stops, nobody knows yet whether what it was given last will be committed by the next one. Whoever proposes must tell
// that from a refusal, or it does things twice.
#pragma once

#include <functional>
#include <string>

namespace weir {

enum class Fate {
  Applied,  // committed, durable on a majority, and applied by this member's observer
  Refused,  // it is in no log and never will be: propose again, to the leader
  Unknown,  // it may be committed later, or never; what is applied from now on tells
};

struct Outcome {
  Fate fate = Fate::Applied;
  std::string why;  // one line, unless applied

  bool applied() const { return fate == Fate::Applied; }
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// Called once, on the log's thread; or at once, when the log is not running.
using Done = std::function<void(Outcome)>;

}  // namespace weir
