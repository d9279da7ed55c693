// Rows to a TCP server: results.sink("out", SocketSink{.host = "127.0.0.1", .port = 9001}).
//
// Guarantee: best effort. A thread of its own sends from a buffer with a bound; a sink whose buffer is full holds the
// pipeline back. What is in the buffer at a checkpoint is part of it, so a restart sends every row since the checkpoint once
// more: rows may be doubled. TCP does not say what the server has read: when a connection breaks, rows that were on the way
// are lost, and the row that was being sent is sent again from its beginning. For exactly once use files or a log.
//
// When the connection breaks it is made again, with growing waits; when no connection takes anything for `retry_for`, the
// task fails. A server that ends only what it sends itself is still sent to.
// Every task has a connection of its own.
#pragma once

#include <memory>
#include <string>

#include <weir/connectors/row_format.hpp>
#include <weir/connectors/tcp_socket.hpp>
#include <weir/dataflow/sink_writer.hpp>

namespace weir {

struct SocketSinkOptions {
  TcpAddress address;
  Duration retry_for{30'000};
  std::size_t buffer_bytes = 1 << 20;
};

/// The thread that sends, and its buffer. The caller is one thread. The destructor does not wait for what is unsent.
class SocketSender {
 public:
  SocketSender(SocketSinkOptions options, Waker waker);
  ~SocketSender();
  SocketSender(const SocketSender&) = delete;
  SocketSender& operator=(const SocketSender&) = delete;

  /// Whole lines. Takes them even when full. Throws Failure when the server could not be reached for too long.
  void add(std::string lines);
  /// The waker is called when a full buffer has room again.
  bool full() const;
  /// All is sent. The waker is called when that becomes true.
  bool empty() const;
  /// The lines that are not yet sent, or not wholly.
  std::string unsent() const;

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

template <class F>
class SocketWriter final : public SinkWriter<typename F::Record> {
  using T = typename F::Record;

 public:
  SocketWriter(F format, SocketSinkOptions options)
      : format_(std::move(format)), options_(std::move(options)) {}

  void open(OperatorContext& context) override {
    unsent_ = &context.state().list<std::string>("unsent", ChunkKind::Split);
    sender_ = std::make_unique<SocketSender>(options_, context.waker());
    for (std::string& lines : *unsent_) sender_->add(lines);
  }
  void write(Batch<T>& batch) override {
    std::string lines;
    for (const T& record : batch.records) format_.append(lines, record);
    sender_->add(std::move(lines));
  }
  bool accepts() const override { return !sender_->full(); }
  bool drained() const override { return sender_->empty(); }
  void before_snapshot(CheckpointId) override {
    unsent_->clear();
    if (std::string lines = sender_->unsent(); !lines.empty()) unsent_->push_back(std::move(lines));
  }

 private:
  F format_;
  SocketSinkOptions options_;
  std::vector<std::string>* unsent_ = nullptr;
  std::unique_ptr<SocketSender> sender_;
};

/// Rows without a header.
struct SocketSink {
  std::string host;
  std::uint16_t port = 0;
  RowFormat format = RowFormat::Json;
  TimeStyle times = TimeStyle::Iso;
  Duration retry_for{30'000};
  std::size_t buffer_bytes = 1 << 20;

  static constexpr bool may_refuse = true;

  template <class T>
  std::unique_ptr<SinkWriter<T>> make() const {
    if (host.empty() || port == 0) throw Failure("a socket sink needs a host and a port");
    const SocketSinkOptions options{{host, port}, retry_for, buffer_bytes};
    return with_format<T>(format, times, [&](auto made) -> std::unique_ptr<SinkWriter<T>> {
      return std::make_unique<SocketWriter<decltype(made)>>(std::move(made), options);
    });
  }
};

}  // namespace weir
