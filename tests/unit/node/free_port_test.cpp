// Whether an address can be had is known before anything is begun.
#include <doctest/doctest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/node/free_port.hpp>

using namespace weir;

namespace {

/// Listens at any port of loopback while it lives.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* general = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(socket_, general, size) == 0);
    REQUIRE(::listen(socket_, 1) == 0);
    REQUIRE(::getsockname(socket_, general, &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { ::close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

}  // namespace

TEST_CASE("a port is refused while another program listens there, and can be had again afterwards") {
  std::uint16_t port = 0;
  {
    const Listener other;
    port = other.port();
    const auto taken = check_free({"127.0.0.1", port}, "--http");
    REQUIRE_FALSE(taken.ok());
    CHECK(taken.error().message == "cannot listen at 127.0.0.1:" + std::to_string(port) +
                                       ": another program does, such as another node; name another address by --http");
  }
  CHECK(check_free({"127.0.0.1", port}, "--http").ok());
  CHECK(check_free({"127.0.0.1", port}, "--http").ok());
}

TEST_CASE("an address of another machine is refused") {
  const auto refused = check_free({"192.0.2.1", 0}, "--listen");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("name one of this machine's addresses by --listen") != std::string::npos);
}
