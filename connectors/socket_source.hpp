// Lines from a TCP server: pipeline.source("log", SocketLines{.host = "127.0.0.1", .port = 9000}).
//
// Guarantee: not replayable. A line is read at most once: lines that were read but not yet covered by a checkpoint are lost
// when the job restarts, and so are those that the server sends while nobody is connected.
//
// A thread of its own receives into a queue with a bound; when the pipeline is slower the queue fills up, the thread stops
// reading, and TCP holds the server back. All lines come from one connection, so one task reads.
#pragma once

#include <memory>
#include <string>

#include <weir/connectors/format.hpp>
#include <weir/connectors/tcp_socket.hpp>
#include <weir/dataflow/source.hpp>

namespace weir {

struct SocketLines {
  using Record = std::string;
  static constexpr bool has_event_time = false;

  /// What to do when the server closes the connection: End ends the stream, and a connection that breaks is a failure;
  /// Reconnect tries again, for `retry_for` at a time, after growing waits while connections bring nothing.
  enum class OnClose : std::uint8_t { End, Reconnect };

  std::string host;
  std::uint16_t port = 0;
  OnClose on_close = OnClose::End;
  Duration retry_for{10'000};  // to connect; then the source fails
  std::size_t queue_bytes = 1 << 20;
  std::uint64_t max_line_bytes = 1 << 20;  // a longer line is a failure

  std::unique_ptr<Source<std::string>> make() const;
};

/// The thread that receives, and its queue. The caller is one thread.
class SocketReceiver {
 public:
  /// What came of the connection, in order.
  struct Event {
    enum class Kind : std::uint8_t { Bytes, Closed, Broken };
    Kind kind = Kind::Bytes;
    std::string bytes = {};
  };

  SocketReceiver(SocketLines options, Waker waker);
  ~SocketReceiver();
  SocketReceiver(const SocketReceiver&) = delete;
  SocketReceiver& operator=(const SocketReceiver&) = delete;

  /// The next event, if there is one by now; the waker is called when there is again. Throws Failure when the server
  /// cannot be reached.
  std::optional<Event> take();

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace weir
