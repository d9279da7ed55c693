#include <support/http_wire.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace weir::testing {
namespace {

constexpr timeval kPatience{30, 0};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

struct HttpWire::Tls {
  explicit Tls(const WireTls& files, int socket) : context(SSL_CTX_new(TLS_client_method())), ssl(nullptr) {
    SSL_CTX_load_verify_locations(context, files.ca.c_str(), nullptr);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (!files.certificate.empty()) {
      SSL_CTX_use_certificate_file(context, files.certificate.c_str(), SSL_FILETYPE_PEM);
      SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM);
    }
    ssl = SSL_new(context);
    SSL_set_fd(ssl, socket);
    connected = SSL_connect(ssl) == 1;
  }
  ~Tls() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  SSL_CTX* context;
  SSL* ssl;
  bool connected = false;
};

HttpWire::HttpWire(std::uint16_t port, const std::optional<WireTls>& tls) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("cannot connect");
  if (tls) tls_ = std::make_unique<Tls>(*tls, socket_);
}

HttpWire::~HttpWire() {
  tls_.reset();
  ::close(socket_);
}

bool HttpWire::send(std::string_view bytes) {
  if (tls_) return tls_->connected && (bytes.empty() || SSL_write(tls_->ssl, bytes.data(), static_cast<int>(bytes.size())) > 0);
  while (!bytes.empty()) {
    const ssize_t put = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

bool HttpWire::fill() {
  std::array<char, 16384> piece;
  const auto got = tls_ ? (tls_->connected ? SSL_read(tls_->ssl, piece.data(), piece.size()) : 0) : ::recv(socket_, piece.data(), piece.size(), 0);
  if (got <= 0) return false;
  buffer_.append(piece.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<HttpReply> HttpWire::receive(Expects expects) {
  std::size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return {};
  }
  HttpReply reply;
  std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  if (!head.starts_with("HTTP/1.1 ")) throw std::runtime_error("no answer of HTTP: " + head);
  reply.status = std::stoi(head.substr(9));
  head.erase(0, head.find("\r\n") + 2);
  while (!head.empty()) {
    const std::size_t line = head.find("\r\n");
    const std::size_t colon = head.find(": ");
    if (colon == head.npos || colon > line) throw std::runtime_error("no header: " + head);
    if (!reply.headers.emplace(lower(head.substr(0, colon)), head.substr(colon + 2, line - colon - 2)).second) throw std::runtime_error("a header twice: " + head);
    head.erase(0, line + 2);
  }
  if (reply.status == 100) return receive(expects);
  const std::size_t size = reply.headers.contains("content-length") ? std::stoull(reply.headers["content-length"]) : 0;
  while (expects == Expects::Body && buffer_.size() < size) {
    if (!fill()) return {};
  }
  if (expects == Expects::Body) {
    reply.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
  }
  return reply;
}

bool HttpWire::told_to_go_on() {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  while (buffer_.size() < kContinue.size()) {
    if (!fill()) return false;
  }
  if (!buffer_.starts_with(kContinue)) return false;
  buffer_.erase(0, kContinue.size());
  return true;
}

bool HttpWire::closed() {
  while (fill()) {}
  std::array<char, 1> one;
  return ::recv(socket_, one.data(), one.size(), MSG_DONTWAIT) == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

void HttpWire::end_sending() { ::shutdown(socket_, SHUT_WR); }

std::string text_of(const WireRequest& request) {
  std::string text = request.method + " " + request.path + " HTTP/1.1\r\n";
  if (lower(request.headers).find("host:") == std::string::npos) text += "Host: localhost\r\n";
  if (!request.body.empty()) text += "Content-Length: " + std::to_string(request.body.size()) + "\r\nContent-Type: " + request.type + "\r\n";
  return text + request.headers + "\r\n" + request.body;
}

HttpReply exchange(std::uint16_t port, const WireRequest& request, const std::optional<WireTls>& tls) {
  HttpWire wire(port, tls);
  wire.send(text_of(request));
  auto reply = wire.receive(request.method == "HEAD" ? HttpWire::Expects::HeadOnly : HttpWire::Expects::Body);
  if (!reply) throw std::runtime_error("no answer to " + request.method + " " + request.path);
  return *reply;
}

}  // namespace weir::testing
