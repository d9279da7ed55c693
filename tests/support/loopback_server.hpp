// The other end of a connector's TCP connection, on this machine and a port that the system chose. Every call blocks until
// it is done; the kernel's buffers let one thread play both ends as long as little is sent. One thread.
#pragma once

#include <cstdint>
#include <string>

namespace weir::testing {

class LoopbackServer {
 public:
  LoopbackServer();
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  std::uint16_t port() const { return port_; }
  /// Waits for the next client, leaving the one before.
  void accept();
  void send(const std::string& text);
  /// Waits until the client has sent this many bytes, or has closed.
  std::string receive(std::size_t bytes);
  /// Waits until what the client has sent ends like this, or it has closed.
  std::string receive_until(const std::string& end);
  /// Sends no more, but still receives.
  void end_sending();
  /// The orderly end of what is sent.
  void close();
  /// The connection breaks: what was on the way is lost.
  void reset();

 private:
  int listener_ = -1;
  int client_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace weir::testing
