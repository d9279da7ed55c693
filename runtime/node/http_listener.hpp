// Takes connections and has their requests served. One thread watches all connections that wait: new ones, idle ones, those of
// which half a request is there. Only a request whose head is complete gets one of the few threads that serve, so that clients
// that say nothing, or a byte now and then, cost a socket and no more.
//
//   accepted -> waits for a head -> waits for a thread -> is served -> waits for the next head ...       head_timeout, idle_timeout
//                     |                   |                 `------> lingers: what is still sent is thrown away -> closed
//                     `-> closed          `-> closed
//
// A client can also be slow with a body, or in taking its answer, and then it holds the thread that serves it. So the threads are in
// several pools, and what must be answered whatever else goes on gets a pool of its own: a head is looked at for its path before it
// is handed over, and requests wait for a thread of their pool only.
//
// When there are too many connections, one makes room for the next: of those that wait for the same - for their client, or for a
// thread of the same pool - the largest crowd loses the one that has waited longest. One whose request was there is told so.
//
// A resource. Its threads live as long as it does.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/node/http_connection.hpp>

namespace weir {

struct HttpListenerOptions {
  std::string address = "127.0.0.1:0";  // HOST:PORT; port 0: any that is free
  TlsContext* tls = nullptr;            // outlives the listener; null: plain
  std::vector<std::size_t> pools = {16};  // the threads of each
  /// The pool for a request, by its path as it was sent; empty: it is none. On the thread that watches.
  std::function<std::size_t(std::string_view target)> pool_of = [](std::string_view) { return std::size_t{0}; };
  std::size_t connections = 256;  // open at once; more than there are threads
  std::chrono::milliseconds head_timeout{10'000};    // from the first byte to the end of a head, and for a new connection's first
  std::chrono::milliseconds idle_timeout{15'000};    // between requests
  std::chrono::milliseconds linger_timeout{1'000};   // for the client to close first, so that it reads what it was told

  enum class Then : std::uint8_t { KeepOpen, Close };
  /// Serves one request, whose head is there to be taken (empty: it is too long). On a thread of its pool; throws nothing.
  std::function<Then(HttpConnection&)> serve;
  /// Tells a client that its request, whose head is there, makes room for others. On the thread that watches: it neither waits nor throws.
  std::function<void(HttpConnection&)> turn_away = [](HttpConnection&) {};
};

class HttpListener {
 public:
  /// Fails when it cannot listen there.
  static Result<std::unique_ptr<HttpListener>> open(HttpListenerOptions options);
  /// Requests that are being served lose their connections; what else they wait for is the caller's to end, before.
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  std::uint16_t port() const;

 private:
  class Threads;
  explicit HttpListener(std::unique_ptr<Threads> threads);

  std::unique_ptr<Threads> threads_;
};

}  // namespace weir
