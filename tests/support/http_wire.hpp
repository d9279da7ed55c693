// A client that says exactly what it is told, byte for byte, and reads what comes back: what HTTP libraries do not do. Every
// call waits half a minute at most. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir::testing {

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

/// What a client trusts and shows; PEM files.
struct WireTls {
  std::filesystem::path ca;
  std::filesystem::path certificate;  // empty: none is shown
  std::filesystem::path key;
};

class HttpWire {
 public:
  explicit HttpWire(std::uint16_t port, const std::optional<WireTls>& tls = {});
  ~HttpWire();
  HttpWire(const HttpWire&) = delete;
  HttpWire& operator=(const HttpWire&) = delete;

  /// False when the server does not take it: it has closed, or TLS failed.
  bool send(std::string_view bytes);
  /// The next answer; nothing when the server closed first. Without `Expects::Body` none follows, whatever the headers say: HEAD.
  enum class Expects : std::uint8_t { Body, HeadOnly };
  std::optional<HttpReply> receive(Expects expects = Expects::Body);
  /// Waits for the answer to `Expect: 100-continue`: a thread of the server has the request, and now wants its body.
  bool told_to_go_on();
  /// Waits until the server has closed, and throws away what it sends before.
  bool closed();
  void end_sending();

 private:
  struct Tls;
  /// False at the end.
  bool fill();

  int socket_ = -1;
  std::unique_ptr<Tls> tls_;
  std::string buffer_;
};

/// One request on a connection of its own. Adds Host and, for a body, Content-Length and its type.
struct WireRequest {
  std::string method = "GET";
  std::string path;
  std::string body = {};
  std::string type = "application/json";
  std::string headers = {};  // lines that end in \r\n
};
std::string text_of(const WireRequest& request);
HttpReply exchange(std::uint16_t port, const WireRequest& request, const std::optional<WireTls>& tls = {});

}  // namespace weir::testing
