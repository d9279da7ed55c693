#include "support/loopback_server.hpp"

#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weir::testing {
namespace {

void require(bool worked, const char* what) {
  if (!worked) throw std::runtime_error(std::string("loopback server: cannot ") + what);
}

}  // namespace

LoopbackServer::LoopbackServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  require(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
  require(::listen(listener_, 8) == 0, "listen");
  require(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0,
          "name its port");
  port_ = ntohs(address.sin_port);
}

LoopbackServer::~LoopbackServer() {
  close();
  ::close(listener_);
}

void LoopbackServer::accept() {
  close();
  client_ = ::accept(listener_, nullptr, nullptr);
  require(client_ >= 0, "accept");
}

void LoopbackServer::send(const std::string& text) {
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t count = ::send(client_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    require(count > 0, "send");
    sent += static_cast<std::size_t>(count);
  }
}

std::string LoopbackServer::receive(std::size_t bytes) {
  std::string text(bytes, '\0');
  std::size_t got = 0;
  while (got < bytes) {
    const ssize_t count = ::recv(client_, text.data() + got, bytes - got, 0);
    if (count <= 0) break;
    got += static_cast<std::size_t>(count);
  }
  text.resize(got);
  return text;
}

std::string LoopbackServer::receive_until(const std::string& end) {
  std::string text;
  std::string block(1 << 16, '\0');
  while (!text.ends_with(end)) {
    const ssize_t count = ::recv(client_, block.data(), block.size(), 0);
    if (count <= 0) break;
    text.append(block, 0, static_cast<std::size_t>(count));
  }
  return text;
}

void LoopbackServer::end_sending() { ::shutdown(client_, SHUT_WR); }

void LoopbackServer::close() {
  if (client_ >= 0) ::close(client_);
  client_ = -1;
}

void LoopbackServer::reset() {
  const linger now{1, 0};
  ::setsockopt(client_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

}  // namespace weir::testing
