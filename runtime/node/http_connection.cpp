#include <weir/node/http_connection.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <new>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weir/node/tls_context.hpp>

namespace weir {
namespace {

constexpr std::size_t kPiece = 4096;          // bytes read at once of a head
constexpr std::string_view kBlankLine = "\r\n\r\n";

}  // namespace

HttpConnection::HttpConnection(int socket, TlsContext* tls) : socket_(socket) {
  ::fcntl(socket_, F_SETFL, O_NONBLOCK);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (tls == nullptr) return;
  tls_ = SSL_new(tls->get());
  if (tls_ == nullptr) throw std::bad_alloc();
  if (SSL_set_fd(tls_, socket_) != 1) abort();  // the handshake fails then
  SSL_set_accept_state(tls_);
}

HttpConnection::~HttpConnection() {
  SSL_free(tls_);
  ::close(socket_);
}

HttpConnection::Progress HttpConnection::gather_head() {
  std::array<char, kPiece> piece;
  while (!head_ends_in(0)) {
    if (buffer_.size() > kLongestHead) return Progress::TooLong;
    const std::ptrdiff_t got = try_read(piece.data(), piece.size());
    if (got == 0) return Progress::Over;
    if (got < 0 && want_ == Want::Nothing) return Progress::Over;
    if (got < 0) return want_ == Want::Read ? Progress::WantsRead : Progress::WantsWrite;
    const std::size_t from = buffer_.size();
    buffer_.append(piece.data(), static_cast<std::size_t>(got));
    if (head_ends_in(from)) break;
  }
  return head_end_ > kLongestHead ? Progress::TooLong : Progress::Complete;
}

/// Looks for the blank line in what begins at `from`, or up to three bytes before.
bool HttpConnection::head_ends_in(std::size_t from) {
  if (head_end_ != 0) return true;
  const std::size_t place = buffer_.find(kBlankLine, from - std::min(from, kBlankLine.size() - 1));
  if (place != std::string::npos) head_end_ = place + kBlankLine.size();
  return head_end_ != 0;
}

std::string_view HttpConnection::target() const {
  if (head_end_ == 0 || head_end_ > kLongestHead) return {};
  const std::string_view line(buffer_.data(), buffer_.find('\r'));
  const std::size_t space = line.find(' ');
  if (space == line.npos) return {};
  const std::string_view rest = line.substr(space + 1);
  return rest.substr(0, rest.find(' '));
}

std::string HttpConnection::take_head() {
  if (head_end_ == 0 || head_end_ > kLongestHead) return {};
  std::string head = buffer_.substr(0, head_end_);
  buffer_.erase(0, head_end_);
  head_end_ = 0;
  return head;
}

bool HttpConnection::discard() {
  buffer_.clear();
  constexpr int kPiecesAtOnce = 16;  // other connections wait meanwhile
  std::array<char, kPiece> piece;
  for (int i = 0; i < kPiecesAtOnce; ++i) {
    const std::ptrdiff_t got = ::recv(socket_, piece.data(), piece.size(), 0);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  }
  return true;
}

std::ptrdiff_t HttpConnection::read(char* into, std::size_t size) {
  if (!buffer_.empty()) {
    const std::size_t taken = buffer_.copy(into, size);
    buffer_.erase(0, taken);
    return static_cast<std::ptrdiff_t>(taken);
  }
  while (true) {
    const std::ptrdiff_t got = try_read(into, size);
    if (got >= 0) return got;
    if (want_ == Want::Nothing || !wait()) return -1;
  }
}

bool HttpConnection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::ptrdiff_t put = try_write(bytes.data(), bytes.size());
    if (put > 0) bytes.remove_prefix(static_cast<std::size_t>(put));
    else if (put == 0 || want_ == Want::Nothing || !wait()) return false;
  }
  return true;
}

/// As recv has it; -1 with what it wants, or with Nothing when it failed.
std::ptrdiff_t HttpConnection::try_read(char* into, std::size_t size) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    return tls_result(SSL_read(tls_, into, static_cast<int>(std::min<std::size_t>(size, INT_MAX))));
  }
  const std::ptrdiff_t got = ::recv(socket_, into, size, 0);
  want_ = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? Want::Read : Want::Nothing;
  return got;
}

std::ptrdiff_t HttpConnection::try_write(const char* from, std::size_t size) {
  if (tls_ != nullptr) {
    ERR_clear_error();
    return tls_result(SSL_write(tls_, from, static_cast<int>(std::min<std::size_t>(size, INT_MAX))));
  }
  const std::ptrdiff_t put = ::send(socket_, from, size, MSG_NOSIGNAL);
  want_ = put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? Want::Write : Want::Nothing;
  return put;
}

std::ptrdiff_t HttpConnection::tls_result(int result) {
  want_ = Want::Nothing;
  if (result > 0) return result;
  switch (SSL_get_error(tls_, result)) {
    case SSL_ERROR_WANT_READ: want_ = Want::Read; return -1;
    case SSL_ERROR_WANT_WRITE: want_ = Want::Write; return -1;
    case SSL_ERROR_ZERO_RETURN: return 0;
    default: return -1;
  }
}

/// Until the socket is as the last try wanted it.
bool HttpConnection::wait() {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    if (left <= 0) return false;
    pollfd one{socket_, static_cast<short>(want_ == Want::Write ? POLLOUT : POLLIN), 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left, INT_MAX)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

void HttpConnection::end_sending() {
  if (tls_ != nullptr) {
    ERR_clear_error();
    SSL_shutdown(tls_);
    ERR_clear_error();
  }
  ::shutdown(socket_, SHUT_WR);
}

void HttpConnection::abort() { ::shutdown(socket_, SHUT_RDWR); }

}  // namespace weir
