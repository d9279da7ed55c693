#include <weir/node/free_port.hpp>

#include <cerrno>
#include <cstring>
#include <memory>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weir {
namespace {

/// 0, or why nobody can listen there.
int try_to_listen(const addrinfo& address) {
  const int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return errno;
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool listens = ::bind(socket, address.ai_addr, address.ai_addrlen) == 0 && ::listen(socket, 1) == 0;
  const int error = listens ? 0 : errno;
  ::close(socket);
  return error;
}

}  // namespace

Result<void> check_free(const Address& address, const std::string& option) {
  const std::string cannot = "cannot listen at " + to_text(address) + ": ";
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found); error != 0) {
    return Error{cannot + ::gai_strerror(error) + "; name one of this machine's addresses by " + option};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  int error = 0;
  for (const addrinfo* one = addresses.get(); one != nullptr; one = one->ai_next) {
    error = try_to_listen(*one);
    if (error == 0) return {};
  }
  if (error == EADDRINUSE) return Error{cannot + "another program does, such as another node; name another address by " + option};
  return Error{cannot + std::strerror(error) + "; name one of this machine's addresses by " + option};
}

}  // namespace weir
