#include <weir/connectors/socket_sink.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <weir/connectors/retry.hpp>

namespace weir {

struct SocketSender::Shared {
  SocketSinkOptions options;
  Waker waker;
  StopSignal stop;
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> chunks;  // guarded, as all that follows; the thread alone removes
  std::size_t sent = 0;            // bytes of the first chunk
  std::size_t bytes = 0;           // of all chunks
  std::string failure;
  bool stopped = false;
  std::thread thread;  // not guarded

  void run() {
    try {
      // Connected before there is anything to send, so that a server that is not there is found out at once.
      Reconnection connection(options.address, options.retry_for, stop);
      while (auto socket = connection.next()) {
        rewind();
        if (!send_all(*socket, connection)) return;
      }
    } catch (const std::exception& exception) {
      {
        const std::lock_guard lock(mutex);
        failure = exception.what();
      }
      waker();
    }
  }

  /// On a new connection: back to the beginning of the line that was being sent.
  void rewind() {
    const std::lock_guard lock(mutex);
    sent = line_begin();
  }

  std::size_t line_begin() const {
    if (sent == 0) return 0;
    const std::size_t end = chunks.front().rfind('\n', sent - 1);
    return end == std::string::npos ? 0 : end + 1;
  }

  /// True when the connection broke; false when stopped.
  bool send_all(TcpSocket& socket, Reconnection& connection) {
    while (true) {
      std::string_view rest;
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return stopped || !chunks.empty(); });
        if (stopped) return false;
        rest = std::string_view(chunks.front())
                   .substr(sent);  // stays where it is: others only add chunks
      }
      const auto done = socket.send(rest, stop);
      if (!done) return true;
      connection.used();
      advance(*done);
    }
  }

  void advance(std::size_t count) {
    bool wake = false;
    {
      const std::lock_guard lock(mutex);
      sent += count;
      if (sent < chunks.front().size()) return;
      const bool was_full = bytes >= options.buffer_bytes;
      bytes -= chunks.front().size();
      sent = 0;
      chunks.pop_front();
      wake = chunks.empty() || (was_full && bytes < options.buffer_bytes);
    }
    if (wake) waker();
  }
};

SocketSender::SocketSender(SocketSinkOptions options, Waker waker)
    : shared_(std::make_unique<Shared>()) {
  shared_->options = std::move(options);
  shared_->waker = std::move(waker);
  shared_->thread = std::thread([shared = shared_.get()] { shared->run(); });
}

SocketSender::~SocketSender() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopped = true;
  }
  shared_->changed.notify_all();
  shared_->stop.raise();
  shared_->thread.join();
}

void SocketSender::add(std::string lines) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->failure.empty()) throw Failure(shared_->failure);
    if (lines.empty()) return;
    shared_->bytes += lines.size();
    shared_->chunks.push_back(std::move(lines));
  }
  shared_->changed.notify_one();
}

bool SocketSender::full() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->bytes >= shared_->options.buffer_bytes && shared_->failure.empty();
}

bool SocketSender::empty() const {
  const std::lock_guard lock(shared_->mutex);
  if (!shared_->chunks.empty() && !shared_->failure.empty()) throw Failure(shared_->failure);
  return shared_->chunks.empty();
}

std::string SocketSender::unsent() const {
  const std::lock_guard lock(shared_->mutex);
  std::string lines;
  const std::size_t begin = shared_->line_begin();
  for (const std::string& chunk : shared_->chunks)
    lines += lines.empty() ? chunk.substr(begin) : chunk;
  return lines;
}

}  // namespace weir
