#include <weir/node/http_listener.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weir {
namespace {

using Clock = HttpConnection::Clock;
using Then = HttpListenerOptions::Then;

constexpr int kBacklog = 128;
constexpr std::size_t kAcceptedAtOnce = 16;             // then those that wait are looked at
constexpr std::chrono::milliseconds kAcceptPause{100};  // when the process has no descriptor left

/// A connection that nobody serves.
struct Waiting {
  enum class For : std::uint8_t { FirstHead, NextHead, RestOfHead, End };

  std::unique_ptr<HttpConnection> connection;
  For what = For::FirstHead;
  Clock::time_point deadline;
  short events = POLLIN;
};

struct Returned {
  std::unique_ptr<HttpConnection> connection;
  Then then = Then::Close;
};

Result<int> listen_at(const std::string& address) {
  const auto refused = [&](const std::string& why) { return Error{"cannot listen at " + address + " for HTTP: " + why}; };
  const std::size_t colon = address.rfind(':');
  std::uint16_t port = 0;
  const char* end = address.data() + address.size();
  const char* digits = colon == std::string::npos ? end : address.data() + colon + 1;
  const auto read = std::from_chars(digits, end, port);
  if (read.ec != std::errc() || read.ptr != end) return refused("HOST:PORT is wanted");
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), digits, &hints, &found); error != 0) return refused(::gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);

  const int listening = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listening < 0) return refused(std::strerror(errno));
  const int on = 1;
  ::setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listening, found->ai_addr, found->ai_addrlen) != 0 || ::listen(listening, kBacklog) != 0) {
    const int error = errno;
    ::close(listening);
    return refused(std::strerror(error));
  }
  return listening;
}

}  // namespace

class HttpListener::Threads {
 public:
  Threads(HttpListenerOptions options, int listening)
      : options_(std::move(options)), listening_(listening), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), pools_(options_.pools.size()) {
    for (std::size_t i = 0; i < pools_.size(); ++i) {
      for (std::size_t k = 0; k < options_.pools[i]; ++k) servers_.emplace_back([this, &pool = pools_[i]] { serve(pool); });
    }
    watcher_ = std::thread([this] { watch(); });
  }

  ~Threads() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      for (HttpConnection* connection : serving_) connection->abort();
    }
    for (Pool& pool : pools_) pool.work.notify_all();
    wake();
    watcher_.join();
    for (std::thread& server : servers_) server.join();
    ::close(listening_);
    ::close(wake_);
  }

  std::uint16_t port() const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  }

 private:
  /// Requests whose heads are there, and the threads that wait for them.
  struct Pool {
    std::condition_variable work;
    std::deque<std::unique_ptr<HttpConnection>> ready;  // the one that has waited longest first
  };

  // ---- the threads that serve ----

  void serve(Pool& pool) {
    while (auto connection = next(pool)) {
      const Then then = options_.serve(*connection);
      if (then == Then::Close) connection->end_sending();
      {
        const std::lock_guard lock(mutex_);
        serving_.erase(connection.get());
        returned_.push_back({std::move(connection), then});
      }
      wake();
    }
  }

  std::unique_ptr<HttpConnection> next(Pool& pool) {
    std::unique_lock lock(mutex_);
    pool.work.wait(lock, [&] { return stopping_ || !pool.ready.empty(); });
    if (stopping_) return nullptr;
    auto connection = std::move(pool.ready.front());
    pool.ready.pop_front();
    serving_.insert(connection.get());
    return connection;
  }

  // ---- the thread that watches ----

  void watch() {
    std::vector<pollfd> polled;
    while (take_returned()) {
      polled.assign({{wake_, POLLIN, 0}, {listening_, static_cast<short>(may_accept() ? POLLIN : 0), 0}});
      for (const Waiting& one : waiting_) polled.push_back({one.connection->socket(), one.events, 0});
      if (::poll(polled.data(), polled.size(), timeout()) < 0 && errno != EINTR) std::this_thread::sleep_for(kAcceptPause);
      drain_wake();
      auto one = waiting_.begin();
      for (std::size_t i = 2; i < polled.size(); ++i) {
        const auto next = std::next(one);
        if (polled[i].revents != 0) advance(one);
        one = next;
      }
      expire();
      if (polled[1].revents != 0) accept_some();
    }
  }

  /// False when all is to end.
  bool take_returned() {
    std::vector<Returned> returned;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return false;
      returned.swap(returned_);
      handed_over_ -= returned.size();
    }
    for (Returned& one : returned) {
      const bool stays = one.then == Then::KeepOpen;
      wait_for(std::move(one.connection), stays ? Waiting::For::NextHead : Waiting::For::End, stays ? options_.idle_timeout : options_.linger_timeout);
    }
    return true;
  }

  void wait_for(std::unique_ptr<HttpConnection> connection, Waiting::For what, std::chrono::milliseconds timeout) {
    waiting_.push_back({std::move(connection), what, Clock::now() + timeout, POLLIN});
    advance(std::prev(waiting_.end()));  // TLS may have read already what the socket then does not show
  }

  /// Goes on with a connection as far as that needs no waiting.
  void advance(std::list<Waiting>::iterator one) {
    if (one->what == Waiting::For::End) {
      if (!one->connection->discard()) waiting_.erase(one);
      return;
    }
    switch (one->connection->gather_head()) {
      case HttpConnection::Progress::Over: waiting_.erase(one); return;
      case HttpConnection::Progress::Complete:
      case HttpConnection::Progress::TooLong: hand_over(one); return;
      case HttpConnection::Progress::WantsRead: one->events = POLLIN; break;
      case HttpConnection::Progress::WantsWrite: one->events = POLLOUT; break;
    }
    if (one->what == Waiting::For::NextHead && one->connection->begun()) {
      one->what = Waiting::For::RestOfHead;
      one->deadline = Clock::now() + options_.head_timeout;
    }
  }

  void hand_over(std::list<Waiting>::iterator one) {
    Pool& pool = pools_.at(options_.pool_of(one->connection->target()));
    {
      const std::lock_guard lock(mutex_);
      pool.ready.push_back(std::move(one->connection));
    }
    ++handed_over_;
    waiting_.erase(one);
    pool.work.notify_one();
  }

  void expire() {
    const auto now = Clock::now();
    std::erase_if(waiting_, [&](const Waiting& one) { return one.deadline <= now; });
  }

  bool may_accept() const { return Clock::now() >= accept_again_; }

  void accept_some() {
    for (std::size_t i = 0; i < kAcceptedAtOnce && may_accept(); ++i) {
      const int socket = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (socket < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) return pause();
      if (socket < 0) return;
      std::unique_ptr<HttpConnection> connection;
      try {
        connection = std::make_unique<HttpConnection>(socket, options_.tls);
      } catch (const std::bad_alloc&) {
        ::close(socket);
        return pause();
      }
      if (waiting_.size() + handed_over_ >= options_.connections) make_room();
      wait_for(std::move(connection), Waiting::For::FirstHead, options_.head_timeout);
    }
  }

  void pause() {
    make_room();
    accept_again_ = Clock::now() + kAcceptPause;
  }

  void make_room() {
    if (const auto request = take_from_largest_pool()) {
      options_.turn_away(*request);
      return request->end_sending();
    }
    const auto sooner = [](const Waiting& a, const Waiting& b) { return a.deadline < b.deadline; };
    const auto longest_waited = std::min_element(waiting_.begin(), waiting_.end(), sooner);
    if (longest_waited != waiting_.end()) waiting_.erase(longest_waited);
  }

  /// The request that has waited longest in the pool that has most of them. Null: more wait for their clients.
  std::unique_ptr<HttpConnection> take_from_largest_pool() {
    const std::lock_guard lock(mutex_);
    const auto fewer = [](const Pool& a, const Pool& b) { return a.ready.size() < b.ready.size(); };
    auto& ready = std::max_element(pools_.begin(), pools_.end(), fewer)->ready;
    if (ready.size() <= waiting_.size()) return nullptr;
    auto taken = std::move(ready.front());
    ready.pop_front();
    --handed_over_;
    return taken;
  }

  /// For poll: until the next deadline.
  int timeout() const {
    const auto now = Clock::now();
    std::optional<Clock::time_point> next;
    if (accept_again_ > now) next = accept_again_;
    for (const Waiting& one : waiting_) next = next ? std::min(*next, one.deadline) : one.deadline;
    if (!next) return -1;
    return static_cast<int>(std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(*next - now).count()));
  }

  void wake() const {
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof one);
  }
  void drain_wake() const {
    std::uint64_t count = 0;
    (void)!::read(wake_, &count, sizeof count);
  }

  const HttpListenerOptions options_;
  const int listening_;
  const int wake_;

  // The watching thread's.
  std::list<Waiting> waiting_;
  std::size_t handed_over_ = 0;  // and not taken back yet
  Clock::time_point accept_again_;

  std::mutex mutex_;
  bool stopping_ = false;
  std::vector<Pool> pools_;
  std::set<HttpConnection*> serving_;
  std::vector<Returned> returned_;

  std::vector<std::thread> servers_;
  std::thread watcher_;
};

HttpListener::HttpListener(std::unique_ptr<Threads> threads) : threads_(std::move(threads)) {}
HttpListener::~HttpListener() = default;

Result<std::unique_ptr<HttpListener>> HttpListener::open(HttpListenerOptions options) {
  const auto listening = listen_at(options.address);
  if (!listening) return listening.error();
  return std::unique_ptr<HttpListener>(new HttpListener(std::make_unique<Threads>(std::move(options), *listening)));
}

std::uint16_t HttpListener::port() const { return threads_->port(); }

}  // namespace weir
