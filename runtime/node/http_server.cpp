#include <weir/node/http_server.hpp>

#include <weir/node/http_exchange.hpp>
#include <weir/node/tls_context.hpp>

namespace weir {

namespace {

bool has_tls(const HttpServerOptions& options) { return !options.certificate.empty() || !options.key.empty(); }

HttpRoutesOptions routes_of(const HttpServerOptions& options) {
  HttpRoutesOptions routes = options.routes;
  if (has_tls(options)) routes.names = HttpRoutesOptions::Names::Any;
  return routes;
}

}  // namespace

HttpServer::HttpServer(HttpServerOptions options) : options_(std::move(options)), routes_(routes_of(options_)) {}

HttpServer::~HttpServer() { routes_.stop(); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options) {
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(options)));
  const HttpServerOptions& own = server->options_;
  if (has_tls(own)) {
    using Clients = TlsContextOptions::Clients;
    auto tls = TlsContext::open({own.certificate, own.key, own.ca, own.routes.token.empty() ? Clients::WithCertificate : Clients::Any});
    if (!tls) return tls.error();
    server->tls_ = std::move(*tls);
  }
  HttpListenerOptions listening;
  listening.address = own.address;
  listening.tls = server->tls_.get();
  listening.threads = own.threads;
  listening.connections = own.connections;
  listening.head_timeout = own.head_timeout;
  listening.idle_timeout = own.idle_timeout;
  listening.serve = [server = server.get()](HttpConnection& connection) { return server->serve(connection); };
  auto listener = HttpListener::open(std::move(listening));
  if (!listener) return listener.error();
  server->listener_ = std::move(*listener);
  return server;
}

HttpListenerOptions::Then HttpServer::serve(HttpConnection& connection) {
  return exchange(connection, routes_, {options_.body_timeout, options_.upload_timeout, options_.idle_timeout});
}

}  // namespace weir
