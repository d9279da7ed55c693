// A node as the binary `weir` sees it: an HTTP server on this machine that answers as it was told and remembers what it was
// asked. Its own thread answers; everything else is for the test's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::testing {

struct ApiRequest {
  std::string method;
  std::string path;   // with the query
  std::string body;
  std::string authorization;
};

struct ApiReply {
  std::string body;
  int status = 200;
};

class ApiServer {
 public:
  using Answer = std::function<ApiReply(const ApiRequest&)>;

  /// PEM files; with them it speaks TLS.
  struct Tls {
    std::string certificate;
    std::string key;
  };

  /// Listens on a port that the system chose until it is destroyed.
  explicit ApiServer(Answer answer);
  ApiServer(Answer answer, const Tls& tls);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  std::uint16_t port() const;
  /// "127.0.0.1:PORT".
  std::string address() const { return "127.0.0.1:" + std::to_string(port()); }
  /// What it was asked so far, in that order.
  std::vector<ApiRequest> requests() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::testing
