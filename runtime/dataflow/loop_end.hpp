// When has a loop come to its end? Records go round in it, so its inputs' end says little: some may still be on their way
// round. The head of the loop finds out by probes, exactly and without looking at the clock.
//
//   head: outside has ended -> Probe(disturbed) -> body … -> head     disturbed: yes for the first; then whether a
//                  ^                                       |          record came round since the probe before
//                  +---------------- disturbed ------------+
//                                                          +---- not disturbed: the loop is empty
//
// Why it is exact. A probe passes no record and no record passes it: channels are first in, first out, a task sends it on
// when it has come on every channel, and not before its operators are drained(). So when probe n is back at a head, every
// record that the head sent before probe n is back too, or has left the loop. A head that saw none come round between its
// probes n-1 and n therefore had nothing in the loop at probe n-1 and has put nothing into it since. With several
// heads, a probe carries whether *any* of those it comes from was disturbed; a head waits for the probe on all
// channels that close its loop. An outside stream that joins the body ends before a probe can pass.
//
// The end of time, too, waits until the loop is empty: records going round would all be late. What it sets free may go round
// again, so the loop is probed anew after it.
//
// A value of the head's task. One thread.
#pragma once

#include <utility>

#include <weir/dataflow/element.hpp>

namespace weir {

class LoopEnd {
 public:
  /// A batch came round.
  void on_batch() { disturbed_ = true; }

  /// Everything from outside has been taken, or the end of time was told: whatever the loop holds is unknown.
  void start() { disturbed_ = true; }
  /// The probe that leaves now. The loop is empty when it comes back undisturbed.
  Probe next() { return Probe{std::exchange(disturbed_, false)}; }

  void hold_end_of_time() { holds_end_of_time_ = true; }
  bool holds_end_of_time() const { return holds_end_of_time_; }
  /// Whether it was held and is to be told now.
  bool release_end_of_time() { return std::exchange(holds_end_of_time_, false); }

 private:
  bool disturbed_ = false;
  bool holds_end_of_time_ = false;
};

}  // namespace weir
