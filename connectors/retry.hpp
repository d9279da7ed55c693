// A server that restarts is back in a moment: connections are made again, each time after a longer wait. So is one that is
// there and closes every connection at once, which must not become a loop without a pause.
#pragma once

#include <chrono>
#include <optional>

#include <weir/connectors/tcp_socket.hpp>

namespace weir {

/// Connections to one server, one after the other. One thread.
class Reconnection {
 public:
  /// `retry_for`: how long it may take until a connection is of use. The signal must outlive this.
  Reconnection(TcpAddress address, Duration retry_for, const StopSignal& stop)
      : address_(std::move(address)), retry_for_(retry_for), stop_(stop) {}

  /// The next connection. Empty when stopped; throws Failure when the time is up.
  std::optional<TcpSocket> next();

  /// The connection was of use: the next one comes at once.
  void used();
  /// The server is there, whatever it says: the time counts anew, but not the waits.
  void reached() { failing_since_.reset(); }

 private:
  using Clock = std::chrono::steady_clock;

  TcpAddress address_;
  Duration retry_for_;
  const StopSignal& stop_;
  Duration wait_{0};
  std::optional<Clock::time_point> failing_since_;
  std::optional<Clock::time_point> connected_at_;
};

}  // namespace weir
