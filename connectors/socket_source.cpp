#include <weir/connectors/socket_source.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include <weir/connectors/retry.hpp>
#include <weir/connectors/text_lines.hpp>

namespace weir {

struct SocketReceiver::Shared {
  SocketLines options;
  Waker waker;
  StopSignal stop;
  std::mutex mutex;
  std::condition_variable room;
  std::deque<Event> queue;  // guarded, as all that follows
  std::size_t queued_bytes = 0;
  std::string failure;  // why the thread has ended, if it was a failure
  bool stopped = false;
  std::thread thread;  // not guarded

  void run() {
    try {
      Reconnection connection({options.host, options.port}, options.retry_for, stop);
      while (auto socket = connection.next()) {
        connection.reached();
        const Event::Kind how = receive(*socket, connection);
        if (!push({how, {}}) || options.on_close == SocketLines::OnClose::End) return;
      }
    } catch (const std::exception& exception) {
      fail(exception.what());
    }
  }

  Event::Kind receive(TcpSocket& socket, Reconnection& connection) {
    std::vector<char> block(64 << 10);  // what a socket's buffer usually has at the most
    while (true) {
      const auto got = socket.receive(block, stop);
      if (!got) return Event::Kind::Broken;
      if (*got == 0) return Event::Kind::Closed;
      connection.used();
      if (!push({Event::Kind::Bytes, std::string(block.data(), *got)})) return Event::Kind::Broken;
    }
  }

  /// Those without bytes take room too: a server may close many connections.
  static std::size_t size_of(const Event& event) { return sizeof(Event) + event.bytes.size(); }

  /// Waits for room. False when stopped.
  bool push(Event event) {
    std::unique_lock lock(mutex);
    room.wait(lock, [&] { return stopped || queued_bytes < options.queue_bytes; });
    if (stopped) return false;
    queued_bytes += size_of(event);
    queue.push_back(std::move(event));
    const bool first = queue.size() == 1;
    lock.unlock();
    if (first) waker();
    return true;
  }

  void fail(const std::string& text) {
    {
      const std::lock_guard lock(mutex);
      failure = text;
    }
    waker();
  }
};

SocketReceiver::SocketReceiver(SocketLines options, Waker waker)
    : shared_(std::make_unique<Shared>()) {
  shared_->options = std::move(options);
  shared_->waker = std::move(waker);
  shared_->thread = std::thread([shared = shared_.get()] { shared->run(); });
}

SocketReceiver::~SocketReceiver() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopped = true;
  }
  shared_->room.notify_all();
  shared_->stop.raise();
  shared_->thread.join();
}

std::optional<SocketReceiver::Event> SocketReceiver::take() {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->queue.empty()) {
    if (!shared_->failure.empty()) throw Failure(shared_->failure);
    return std::nullopt;
  }
  Event event = std::move(shared_->queue.front());
  shared_->queue.pop_front();
  shared_->queued_bytes -= Shared::size_of(event);
  shared_->room.notify_one();
  return event;
}

namespace {

class SocketReader final : public SplitReader<std::string> {
 public:
  SocketReader(const SocketLines& options, const std::string& name, std::int64_t lines,
               OperatorContext& context)
      : options_(options),
        format_({options.max_line_bytes}),
        reader_(name),
        scanner_(format_.scanner()),
        lines_(lines),
        receiver_(options, context.waker()) {}

  ReadResult read(Batch<std::string>& batch, std::size_t max_records) override {
    while (batch.records.size() < max_records) {
      if (const auto row = scanner_.next()) {
        auto line = reader_.parse(*row);
        if (!line) throw Failure(line.error().message);
        batch.records.push_back(*std::move(line));
        ++lines_;
        continue;
      }
      if (ended_) return ReadResult::end();
      auto event = receiver_.take();
      if (!event) return {ReadResult::State::Wait, {}};
      apply(std::move(*event));
    }
    return ReadResult::more();
  }

  SplitPosition position() const override { return {0, lines_}; }

 private:
  using Kind = SocketReceiver::Event::Kind;

  void apply(SocketReceiver::Event event) {
    if (event.kind == Kind::Bytes) {
      if (finished_) scanner_ = format_.scanner();
      finished_ = false;
      block_ = std::move(event.bytes);
      scanner_.feed(block_);
      return;
    }
    const bool reconnects = options_.on_close == SocketLines::OnClose::Reconnect;
    if (event.kind == Kind::Broken) {
      if (!reconnects)
        throw Failure("the connection to " + to_text(TcpAddress{options_.host, options_.port}) +
                      " broke");
      scanner_ = format_.scanner();  // the beginning of a line without its end is no line
      return;
    }
    if (!finished_) scanner_.finish();
    finished_ = true;
    ended_ = !reconnects;
  }

  SocketLines options_;
  TextFormat format_;
  TextReader reader_;
  LineScanner scanner_;
  std::string block_;      // what the scanner reads
  bool finished_ = false;  // the scanner was told the end
  bool ended_ = false;
  std::int64_t lines_;
  SocketReceiver receiver_;  // last, so that its thread ends first
};

class SocketSource final : public Source<std::string> {
 public:
  explicit SocketSource(SocketLines options) : options_(std::move(options)) {
    if (options_.host.empty() || options_.port == 0)
      throw Failure("a socket source needs a host and a port");
  }
  std::vector<std::string> discover() override {
    return {to_text(TcpAddress{options_.host, options_.port})};
  }
  std::unique_ptr<SplitReader<std::string>> open(const std::string& split,
                                                 const SplitPosition& from,
                                                 OperatorContext& context) override {
    return std::make_unique<SocketReader>(options_, split, from.record, context);
  }

 private:
  SocketLines options_;
};

}  // namespace

std::unique_ptr<Source<std::string>> SocketLines::make() const {
  return std::make_unique<SocketSource>(*this);
}

}  // namespace weir
