#include <weir/connectors/retry.hpp>

#include <algorithm>

namespace weir {
namespace {

constexpr Duration kFirstWait{20};
constexpr Duration kLongestWait{2000};    // a connection that lasts longer was none that closes at once
constexpr Duration kConnectTimeout{5000};  // of one try; a host that is gone does not answer at all

}  // namespace

void Reconnection::used() {
  wait_ = Duration(0);
  failing_since_.reset();
}

std::optional<TcpSocket> Reconnection::next() {
  if (connected_at_ && Clock::now() > *connected_at_ + kLongestWait) used();
  while (true) {
    if (!stop_.sleep(wait_)) return std::nullopt;
    auto socket = TcpSocket::connect(address_, kConnectTimeout, stop_);
    if (!stop_.sleep(Duration(0))) return std::nullopt;
    const auto now = Clock::now();
    const bool first = !failing_since_;
    if (first) failing_since_ = now;
    wait_ = std::clamp(wait_ * 2, kFirstWait, kLongestWait);
    const bool in_time = now + wait_ <= *failing_since_ + retry_for_;
    if (socket && (first || in_time)) {
      connected_at_ = now;
      return std::move(socket).or_throw();
    }
    if (!in_time) {
      throw Failure("cannot connect to " + to_text(address_) + ": " +
                    (socket ? "it closes every connection" : socket.error().message));
    }
  }
}

}  // namespace weir
