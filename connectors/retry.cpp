#include <weir/connectors/retry.hpp>

#include <algorithm>
#include <chrono>

namespace weir {
namespace {

constexpr Duration kFirstWait{20};
constexpr Duration kLongestWait{2000};
constexpr Duration kConnectTimeout{5000};  // of one try; a host that is gone does not answer at all

}  // namespace

std::optional<TcpSocket> connect_with_retry(const TcpAddress& address, Duration retry_for,
                                            const StopSignal& stop) {
  const auto give_up = std::chrono::steady_clock::now() + retry_for;
  for (Duration wait = kFirstWait;; wait = std::min(wait * 2, kLongestWait)) {
    auto socket = TcpSocket::connect(address, kConnectTimeout, stop);
    if (socket) return std::move(socket).or_throw();
    if (!stop.sleep(Duration(0))) return std::nullopt;
    if (std::chrono::steady_clock::now() + wait > give_up) {
      throw Failure("cannot connect to " + to_text(address) + ": " + socket.error().message);
    }
    if (!stop.sleep(wait)) return std::nullopt;
  }
}

}  // namespace weir
