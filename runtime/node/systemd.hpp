// Tells systemd, when it started this process, that it is ready, alive, and about to end: sd_notify(3) is a datagram to a socket
// that the environment names.
#pragma once

#include <string>

#include <weir/base/time.hpp>

namespace weir {

class Watchdog {
 public:
  Watchdog();

  void ready() const { tell("READY=1"); }
  void alive() const { tell("WATCHDOG=1"); }
  void stopping() const { tell("STOPPING=1"); }
  /// How often to say alive(): half of what systemd waits for, or some seconds when it does not wait.
  Duration interval() const { return interval_; }

 private:
  void tell(const std::string& state) const;

  std::string socket_;  // empty: nobody listens
  Duration interval_{5000};
};

}  // namespace weir
