// A server that restarts is back in a moment: connections are tried again, each time after a longer wait.
#pragma once

#include <optional>

#include <weir/connectors/tcp_socket.hpp>

namespace weir {

/// Connects, trying again for `retry_for`. Empty when stopped; throws Failure when the time is up.
std::optional<TcpSocket> connect_with_retry(const TcpAddress& address, Duration retry_for,
                                            const StopSignal& stop);

}  // namespace weir
