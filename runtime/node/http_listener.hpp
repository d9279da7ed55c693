// Takes connections and has their requests served. One thread watches all connections that wait: new ones, idle ones, those of
// which half a request is there. Only a request whose head is complete gets one of the few threads that serve, so that clients
// that say nothing, or a byte now and then, cost a socket and no more; and when there are too many of those, the one that has
// been waited for longest makes room.
//
//   accepted -> waits for a head -> is served -> waits for the next head ...       head_timeout, idle_timeout
//                     |                 `------> lingers: what is still sent is thrown away -> closed
//                     `-> closed
//
// A resource. Its threads live as long as it does.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <weir/base/result.hpp>
#include <weir/node/http_connection.hpp>

namespace weir {

struct HttpListenerOptions {
  std::string address = "127.0.0.1:0";  // HOST:PORT; port 0: any that is free
  TlsContext* tls = nullptr;            // outlives the listener; null: plain
  std::size_t threads = 16;             // that serve
  std::size_t connections = 256;        // open at once
  std::chrono::milliseconds head_timeout{10'000};    // from the first byte to the end of a head, and for a new connection's first
  std::chrono::milliseconds idle_timeout{15'000};    // between requests
  std::chrono::milliseconds linger_timeout{1'000};   // for the client to close first, so that it reads what it was told

  enum class Then : std::uint8_t { KeepOpen, Close };
  /// Serves one request, whose head is there to be taken (empty: it is too long). On one of the threads; throws nothing.
  std::function<Then(HttpConnection&)> serve;
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
