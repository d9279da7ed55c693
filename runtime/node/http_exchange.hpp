// One request and its answer on a connection: the library reads a head that was found good, and writes the answer.
#pragma once

#include <chrono>

#include <weir/node/http_connection.hpp>
#include <weir/node/http_listener.hpp>
#include <weir/node/http_routes.hpp>

namespace weir {

struct HttpExchangeOptions {
  std::chrono::milliseconds body_timeout;
  std::chrono::milliseconds upload_timeout;
  std::chrono::milliseconds probe_timeout;
  std::chrono::milliseconds idle_timeout;  // told to the client
};

/// Takes the head that the connection has gathered and answers. The connection can stay open only when the whole body was read.
/// Throws nothing.
HttpListenerOptions::Then exchange(HttpConnection& connection, HttpRoutes& routes, const HttpExchangeOptions& options);

/// Answers instead that there is no room for the request. Waits for nothing, so that one who does not read is not told. Throws nothing.
void turn_away(HttpConnection& connection);

}  // namespace weir
