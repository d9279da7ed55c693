#include <weir/node/http_server.hpp>

#include <algorithm>

#include <weir/node/http_exchange.hpp>
#include <weir/node/tls_context.hpp>

namespace weir {

namespace {

bool has_tls(const HttpServerOptions& options) { return !options.certificate.empty() || !options.key.empty(); }

HttpRoutesOptions routes_of(const HttpServerOptions& options) {
  HttpRoutesOptions routes = options.routes;
  if (has_tls(options)) routes.names = HttpRoutesOptions::Names::Any;
  routes.most_uploads = std::max<std::size_t>(1, options.threads / 2);
  return routes;
}

/// A thread for each probe, behind those for the rest.
std::vector<std::size_t> pools_of(const HttpServerOptions& options) {
  std::vector<std::size_t> pools{options.threads};
  pools.resize(1 + kProbePaths.size(), 1);
  return pools;
}

std::size_t pool_of(std::string_view target) {
  const auto probe = std::find(kProbePaths.begin(), kProbePaths.end(), target);
  return probe == kProbePaths.end() ? 0 : 1 + static_cast<std::size_t>(probe - kProbePaths.begin());
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
  listening.pools = pools_of(own);
  listening.pool_of = pool_of;
  listening.connections = own.connections;
  listening.head_timeout = own.head_timeout;
  listening.idle_timeout = own.idle_timeout;
  listening.serve = [server = server.get()](HttpConnection& connection) { return server->serve(connection); };
  listening.turn_away = turn_away;
  auto listener = HttpListener::open(std::move(listening));
  if (!listener) return listener.error();
  server->listener_ = std::move(*listener);
  return server;
}

HttpListenerOptions::Then HttpServer::serve(HttpConnection& connection) {
  return exchange(connection, routes_, {options_.body_timeout, options_.upload_timeout, options_.probe_timeout, options_.idle_timeout});
}

}  // namespace weir
