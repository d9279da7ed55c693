// The daemon's port for people and scripts: HttpRoutes behind HTTP/1.1, plain or TLS.
//
//   HttpListener   who is served when     read_http_head   what a head may be     cpp-httplib   HTTP     HttpRoutes   the answers
//
// What watches a node - /livez, /healthz and /metrics - is served by threads of its own, so that nobody's slow request makes the node
// look dead; and of the threads for all others at most half take in bundles.
//
// It takes no more than it was told to, whatever is sent: heads have 16 KiB, requests in JSON 1 MiB, bundles their limit, and they
// are put on disk as they come (one at a time is read back whole, for its mark), connections and threads are counted, and everything
// that is waited for has an end.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <weir/base/result.hpp>
#include <weir/node/http_listener.hpp>
#include <weir/node/http_routes.hpp>

namespace weir {

struct HttpServerOptions {
  std::string address = "127.0.0.1:7071";  // HOST:PORT; port 0: any that is free
  /// PEM files: certificate and key, or neither for plain HTTP. Clients may show a certificate of the authority, and must when
  /// there is no token.
  std::filesystem::path certificate;
  std::filesystem::path key;
  std::filesystem::path ca;
  HttpRoutesOptions routes;
  std::size_t threads = 16;  // half of them for uploads at most; each of kProbePaths has another
  std::size_t connections = 256;
  std::chrono::milliseconds head_timeout{10'000};
  std::chrono::milliseconds idle_timeout{15'000};
  std::chrono::milliseconds body_timeout{30'000};     // for a request in JSON to arrive, and for an answer to be taken
  std::chrono::milliseconds upload_timeout{600'000};  // for a bundle to arrive
  std::chrono::milliseconds probe_timeout{2'000};     // for the answer to a probe to be taken
};

class HttpServer {
 public:
  /// Fails when it cannot listen, or a file is not what it should be.
  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options);
  /// Ends what is being served.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// The one that it listens at.
  std::uint16_t port() const { return listener_->port(); }

 private:
  explicit HttpServer(HttpServerOptions options);

  HttpListenerOptions::Then serve(HttpConnection& connection);

  const HttpServerOptions options_;
  HttpRoutes routes_;
  std::unique_ptr<TlsContext> tls_;
  std::unique_ptr<HttpListener> listener_;  // the first to go: its threads use the others
};

}  // namespace weir
