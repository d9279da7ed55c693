// One client's connection, as bytes in and out, plain or TLS. Anyone may connect, and most of what a client can do to a server is
// to be slow; so the head of a request is gathered without waiting, by the one thread that watches all connections, and whoever
// serves a request waits no longer than a deadline says.
//
// A resource; one thread at a time, except abort().
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

struct ssl_st;

namespace weir {

class TlsContext;

class HttpConnection {
 public:
  using Clock = std::chrono::steady_clock;

  /// The most that a request's line and headers may have together, in bytes.
  static constexpr std::size_t kLongestHead = 16 * 1024;

  /// Takes the socket over, unless it throws. Without TLS the context is null; otherwise it outlives the connection.
  HttpConnection(int socket, TlsContext* tls);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // ---- without waiting ----

  enum class Progress : std::uint8_t {
    WantsRead,   // nothing more can be done until the socket is readable
    WantsWrite,  // or writable: TLS
    Complete,    // a head can be taken
    TooLong,
    Over,        // the client is gone, or speaks no TLS
  };
  /// Reads until a head is complete. Never reads on once it is.
  Progress gather_head();
  /// Throws away what the client still sends. False when it has closed.
  bool discard();
  /// What the gathered head asks for, as it was sent: the second word of its first line. Empty when it has none, or is too long.
  std::string_view target() const;
  /// The head, with the blank line that ends it; empty when it is too long.
  std::string take_head();
  /// Whether the client has sent anything of the next request.
  bool begun() const { return !buffer_.empty(); }

  // ---- waiting, until the deadline ----

  void set_deadline(Clock::time_point deadline) { deadline_ = deadline; }
  /// At least one byte; 0 at the end; -1 when the connection failed or the time is over.
  std::ptrdiff_t read(char* into, std::size_t size);
  bool write(std::string_view bytes);

  /// The client sees the end of what is sent to it.
  void end_sending();
  /// Ends whatever waits on the connection. Any thread.
  void abort();
  int socket() const { return socket_; }

 private:
  enum class Want : std::uint8_t { Nothing, Read, Write };

  std::ptrdiff_t try_read(char* into, std::size_t size);
  std::ptrdiff_t try_write(const char* from, std::size_t size);
  std::ptrdiff_t tls_result(int result);
  bool wait();
  bool head_ends_in(std::size_t from);

  int socket_;
  ssl_st* tls_ = nullptr;
  std::string buffer_;        // read and not yet taken
  std::size_t head_end_ = 0;  // in the buffer, behind the blank line; 0: not there yet
  Want want_ = Want::Nothing; // why the last try did nothing
  Clock::time_point deadline_;
};

}  // namespace weir
