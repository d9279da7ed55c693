#include <weir/connectors/tcp_socket.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weir {
namespace {

constexpr const char* kStopped = "stopped";

Error system_error(int code) { return Error{std::strerror(code)}; }

/// How long the other end may take to refuse what it does not read any more: a round trip to most servers.
constexpr Duration kRefusal{200};

/// Waits until one of `events` holds for a socket, or it is broken; which ones. None when the time is up.
Result<short> wait(int descriptor, short events, int timeout_ms, const StopSignal& stop) {
  std::array<pollfd, 2> watched{pollfd{descriptor, events, 0},
                                pollfd{stop.descriptor(), POLLIN, 0}};
  while (true) {
    const int ready = ::poll(watched.data(), watched.size(), timeout_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return system_error(errno);
    if (watched[1].revents != 0) return Error{kStopped};
    return watched[0].revents;
  }
}

Result<void> connect_one(int descriptor, const addrinfo& address, int timeout_ms,
                         const StopSignal& stop) {
  if (::connect(descriptor, address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return system_error(errno);
  const auto ready = wait(descriptor, POLLOUT, timeout_ms, stop);
  if (!ready) return ready.error();
  if (*ready == 0) return system_error(ETIMEDOUT);
  int code = 0;
  socklen_t size = sizeof code;
  ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size);
  if (code != 0) return system_error(code);
  return {};
}

}  // namespace

StopSignal::StopSignal() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw Failure(std::string("cannot make an event: ") + std::strerror(errno));
}

StopSignal::~StopSignal() { ::close(descriptor_); }

void StopSignal::raise() {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, that is, when it was raised before.
  [[maybe_unused]] const ssize_t written = ::write(descriptor_, &one, sizeof one);
}

bool StopSignal::sleep(Duration time) const {
  pollfd watched{descriptor_, POLLIN, 0};
  return ::poll(&watched, 1, static_cast<int>(time.count())) == 0;
}

std::string to_text(const TcpAddress& address) {
  return address.host + ":" + std::to_string(address.port);
}

TcpSocket& TcpSocket::operator=(TcpSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(reads_after_end_, other.reads_after_end_);
  return *this;
}

TcpSocket::~TcpSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<TcpSocket> TcpSocket::connect(const TcpAddress& address, Duration timeout,
                                     const StopSignal& stop) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status =
      ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (status != 0) return Error{::gai_strerror(status)};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, ::freeaddrinfo);
  Error error{"no address"};
  for (const addrinfo* entry = list.get(); entry != nullptr; entry = entry->ai_next) {
    const int descriptor = ::socket(
        entry->ai_family, entry->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, entry->ai_protocol);
    if (descriptor < 0) {
      error = system_error(errno);
      continue;
    }
    TcpSocket socket(descriptor);
    const auto connected = connect_one(descriptor, *entry, static_cast<int>(timeout.count()), stop);
    if (connected) return socket;
    error = connected.error();
  }
  return error;
}

Result<std::size_t> TcpSocket::receive(std::span<char> block, const StopSignal& stop) {
  while (true) {
    const auto ready = wait(descriptor_, POLLIN, -1, stop);
    if (!ready) return ready.error();
    const ssize_t got = ::recv(descriptor_, block.data(), block.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EAGAIN && errno != EINTR) return system_error(errno);
  }
}

Result<std::size_t> TcpSocket::send(std::string_view bytes, const StopSignal& stop) {
  while (true) {
    const short watched = reads_after_end_ ? POLLOUT : POLLOUT | POLLRDHUP;
    const auto ready = wait(descriptor_, watched, -1, stop);
    if (!ready) return ready.error();
    const bool unclear = (*ready & POLLRDHUP) != 0;
    if (unclear) bytes = bytes.substr(0, 1);
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (sent < 0) return system_error(errno);
    if (unclear) {
      const auto refused = wait(descriptor_, 0, static_cast<int>(kRefusal.count()), stop);
      if (!refused) return refused.error();
      if (*refused != 0) return Error{"the other end has closed the connection"};
      reads_after_end_ = true;
    }
    return static_cast<std::size_t>(sent);
  }
}

}  // namespace weir
