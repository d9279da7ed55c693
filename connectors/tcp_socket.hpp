// A TCP connection for threads that must be able to stop at any moment: every wait ends when a StopSignal is raised.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <weir/base/result.hpp>
#include <weir/base/time.hpp>

namespace weir {

/// Raised once, from any thread; ends every wait that watches it.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  void raise();
  /// False when the signal was raised before or meanwhile.
  bool sleep(Duration time) const;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

struct TcpAddress {
  std::string host;  // a name or a number
  std::uint16_t port = 0;
};

std::string to_text(const TcpAddress& address);

/// One end of a connection. A resource; one thread.
class TcpSocket {
 public:
  explicit TcpSocket(int descriptor) : descriptor_(descriptor) {}
  TcpSocket(TcpSocket&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), reads_after_end_(other.reads_after_end_) {}
  TcpSocket& operator=(TcpSocket&& other) noexcept;
  ~TcpSocket();

  /// Tries the host's addresses in turn. Only the look-up of a name cannot be stopped.
  static Result<TcpSocket> connect(const TcpAddress& address, Duration timeout,
                                   const StopSignal& stop);

  /// Waits for bytes; 0: the other end has closed. An error also when stopped.
  Result<std::size_t> receive(std::span<char> block, const StopSignal& stop);
  /// Waits until some bytes could be sent; how many. An error also when stopped, or when the other end has closed. One that
  /// has ended what it sends may still read, or have closed altogether: a single byte finds that out, and does not count
  /// as sent when it is refused.
  Result<std::size_t> send(std::string_view bytes, const StopSignal& stop);

 private:
  int descriptor_;
  bool reads_after_end_ = false;  // the other end has ended what it sends, and still reads
};

}  // namespace weir
