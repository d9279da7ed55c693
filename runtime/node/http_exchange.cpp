#include <weir/node/http_exchange.hpp>

#include <weir/base/http_status.hpp>
#include <algorithm>
#include <array>

#include <httplib.h>

namespace weir {
namespace {

using Then = HttpListenerOptions::Then;
using Clock = HttpConnection::Clock;

constexpr std::size_t kPiece = 64 * 1024;  // bytes of a body at once

/// What the library sees of a connection: the head and nothing behind it.
class HeadStream final : public httplib::Stream {
 public:
  HeadStream(std::string head, HttpConnection& connection) : head_(std::move(head)), connection_(connection) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* into, size_t size) override {
    const std::size_t taken = head_.copy(into, size, taken_);
    taken_ += taken;
    return static_cast<ssize_t>(taken);
  }
  ssize_t write(const char* from, size_t size) override {
    failed_ = failed_ || !connection_.write({from, size});
    return failed_ ? -1 : static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override { nowhere(ip, port); }
  void get_local_ip_and_port(std::string& ip, int& port) const override { nowhere(ip, port); }
  socket_t socket() const override { return 0; }  // the library would use no other

  bool failed() const { return failed_; }

 private:
  static void nowhere(std::string& ip, int& port) {
    ip.clear();
    port = 0;
  }

  std::string head_;
  std::size_t taken_ = 0;
  HttpConnection& connection_;
  bool failed_ = false;
};

/// A body's pieces, as far as the connection still has them.
class Body {
 public:
  Body(HttpConnection& connection, std::uint64_t bytes) : connection_(connection), left_(bytes) {}

  Result<std::optional<std::string>> next() {
    if (left_ == 0) return std::optional<std::string>();
    std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(left_, kPiece)), '\0');
    const std::ptrdiff_t got = connection_.read(piece.data(), piece.size());
    if (got <= 0) return Error{"the body ended " + std::to_string(left_) + " bytes too early, or took too long"};
    piece.resize(static_cast<std::size_t>(got));
    left_ -= piece.size();
    return std::optional(std::move(piece));
  }
  bool all_read() const { return left_ == 0; }

 private:
  HttpConnection& connection_;
  std::uint64_t left_;
};

/// The library's server without its sockets and threads.
class Library final : public httplib::Server {
 public:
  using Answer = std::function<HttpAnswer(const httplib::Request&)>;

  Library(const Answer& answer, const std::function<bool()>& closes, std::chrono::milliseconds idle_timeout) {
    set_keep_alive_timeout(std::chrono::duration_cast<std::chrono::seconds>(idle_timeout).count());
    set_pre_routing_handler([&answer](const httplib::Request& request, httplib::Response& response) {
      const HttpAnswer found = answer(request);
      response.status = static_cast<int>(found.status);
      if (!found.body.empty()) response.set_content(found.body, found.type);
      if (found.retry_after) response.set_header("Retry-After", std::to_string(found.retry_after->count()));
      return HandlerResponse::Handled;
    });
    set_error_handler([](const httplib::Request&, httplib::Response& response) {
      if (!response.body.empty()) return;  // otherwise it is the library's
      const HttpAnswer error = http_error(static_cast<std::uint32_t>(response.status), "the request is not understood");
      response.set_content(error.body, error.type);
    });
    set_post_routing_handler([this, &closes](const httplib::Request& request, httplib::Response& response) {
      response.headers.erase("Keep-Alive");
      response.headers.erase("Accept-Ranges");
      response.set_header("X-Content-Type-Options", "nosniff");
      response.set_header("Cache-Control", "no-store");
      if (response.status == http::kUnauthorized) response.set_header("WWW-Authenticate", "Bearer");
      answered_ = true;
      closes_ = closes() || request.get_header_value("Connection") == "close";
      if (closes_ && !response.has_header("Connection")) response.set_header("Connection", "close");
    });
  }

  /// Whether the connection can stay open.
  bool run(HeadStream& stream) {
    bool closed = false;
    const bool written = process_request(stream, false, closed, nullptr);
    return written && answered_ && !closes_ && !closed && !stream.failed();
  }

 private:
  bool answered_ = false;
  bool closes_ = false;
};

/// `headers`: lines that end in \r\n.
void refuse(HttpConnection& connection, const HttpRefusal& refusal, const std::string& headers = "") {
  const HttpAnswer answer = http_error(refusal.status, refusal.why);
  connection.write("HTTP/1.1 " + std::to_string(refusal.status) + " Refused\r\nConnection: close\r\n" + headers + "Content-Type: " + answer.type +
                   "\r\nContent-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body);
}

Then exchange_or_throw(HttpConnection& connection, HttpRoutes& routes, const HttpExchangeOptions& options) {
  connection.set_deadline(Clock::now() + options.body_timeout);
  std::string text = connection.take_head();
  if (text.empty()) {
    refuse(connection, {http::kHeadersTooLarge, "a request's headers have at most " + std::to_string(HttpConnection::kLongestHead) + " bytes"});
    return Then::Close;
  }
  auto read = read_http_head(text);
  if (const auto* refusal = std::get_if<HttpRefusal>(&read)) {
    refuse(connection, *refusal);
    return Then::Close;
  }
  const auto& head = std::get<HttpHead>(read);
  Body body(connection, head.body_bytes);
  bool probes = false;
  const Library::Answer answer = [&](const httplib::Request& request) {
    probes = is_probe(request.path);
    if (is_upload(request.path)) connection.set_deadline(Clock::now() + options.upload_timeout);
    HttpAnswer found = routes.answer({request.method, request.path, {request.params.begin(), request.params.end()}, head, [&body] { return body.next(); }});
    connection.set_deadline(Clock::now() + (probes ? options.probe_timeout : options.body_timeout));
    return found;
  };
  // A probe's answer is small, but for a large cluster's metrics: where none is sent behind it the socket takes it at once, whether or not
  // the client reads.
  const std::function<bool()> closes = [&] { return probes || !body.all_read(); };
  HeadStream stream(std::move(text), connection);
  Library library(answer, closes, options.idle_timeout);
  return library.run(stream) ? Then::KeepOpen : Then::Close;
}

}  // namespace

Then exchange(HttpConnection& connection, HttpRoutes& routes, const HttpExchangeOptions& options) {
  try {
    return exchange_or_throw(connection, routes, options);
  } catch (...) {  // the library, over a head; memory
    return Then::Close;
  }
}

void turn_away(HttpConnection& connection) {
  try {
    connection.set_deadline(Clock::now());
    refuse(connection, {http::kUnavailable, "this node has more connections than it can serve; try again"}, "Retry-After: 1\r\n");
  } catch (...) {  // memory: then it is not told
  }
}

}  // namespace weir
