// Watches what comes on a connection of CAF's: a header of a message that is too long is not let through. It announces the length
// of what follows it, which CAF would make room for.
//
//   connection := (header payload)*      header: 32 bytes, of which bytes 4 to 7 are the payload's length, big-endian
//
// The first message is the handshake, which is short. Plain.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace weir {

class BoundedStream {
 public:
  static constexpr std::size_t kHeaderBytes = 32;
  static constexpr std::uint32_t kLongestHandshake = 64 << 10;
  static constexpr std::uint32_t kLongestMessage = 256 << 20;  // parts of checkpoints are the longest, with one large value in them

  /// The next bytes of the connection; false when it must be closed.
  bool take(const unsigned char* bytes, std::size_t count) {
    while (count > 0) {
      const std::size_t taken = payload_left_ > 0 ? skip(count) : take_header(*bytes);
      bytes += taken;
      count -= taken;
      if (payload_left_ > longest_) return false;
    }
    return true;
  }

 private:
  std::size_t skip(std::size_t count) {
    const std::size_t skipped = std::min<std::size_t>(count, payload_left_);
    payload_left_ -= static_cast<std::uint32_t>(skipped);
    return skipped;
  }

  std::size_t take_header(unsigned char byte) {
    if (position_ >= 4 && position_ < 8) length_ = length_ << 8 | byte;
    if (++position_ < kHeaderBytes) return 1;
    longest_ = messages_++ == 0 ? kLongestHandshake : kLongestMessage;
    payload_left_ = length_;
    position_ = 0;
    length_ = 0;
    return 1;
  }

  std::size_t position_ = 0;  // in the header
  std::uint32_t length_ = 0;  // as far as it is known
  std::uint32_t payload_left_ = 0;
  std::uint32_t longest_ = kLongestHandshake;
  std::uint64_t messages_ = 0;
};

}  // namespace weir
