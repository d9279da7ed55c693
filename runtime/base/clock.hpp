// Everything below the actors must be replayable, so nothing there reads a clock: time comes in as an
// argument or through this interface, which tests and the simulator replace.
#pragma once

#include <weir/base/time.hpp>

namespace weir {

/// Tells processing time. Implementations are safe to read from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual ProcessingTime now() const = 0;
};

/// The machine's wall clock.
class SystemClock final : public Clock {
 public:
  ProcessingTime now() const override;
};

/// A reading of the machine's clock that is never set, for intervals; its zero means nothing.
ProcessingTime steady_now();

/// A clock that moves only when told to. One thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(ProcessingTime start = {}) : now_(start) {}
  ProcessingTime now() const override { return now_; }
  void advance(Duration by) { now_ = now_ + by; }
  void set(ProcessingTime now) { now_ = now; }

 private:
  ProcessingTime now_;
};

}  // namespace weir
