#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include <weir/connectors/retry.hpp>

#include "support/loopback_server.hpp"
#include "support/task_harness.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

OperatorFactory source(SocketLines lines) {
  return [lines] { return std::make_unique<ReadSource<std::string>>(lines.make()); };
}

OperatorFactory sink(SocketSink options) {
  return
      [options] { return std::make_unique<WriteSink<std::string>>(options.make<std::string>()); };
}

using Lines = std::vector<std::string>;

/// Runs the task, woken by the connection, until so many lines have come.
Lines read_lines(TaskHarness& task, std::size_t count) {
  Lines lines;
  task.run();
  while (true) {
    for (const auto& row : task.take<std::string>()) lines.push_back(row.record);
    if (lines.size() >= count) return lines;
    task.await_wake();
  }
}

void run_to_end(TaskHarness& task) {
  while (!task.finished()) task.await_wake();
}

std::string long_line(std::size_t number) {
  return std::to_string(number) + std::string(1000, '.') + "\n";
}

}  // namespace

TEST_CASE("lines from a socket come as they were sent, the last one without its end too") {
  LoopbackServer server;
  TaskHarness task(source({.host = "127.0.0.1", .port = server.port()}));
  task.run();
  server.accept();
  server.send("one\r\nt");
  CHECK(read_lines(task, 1) == Lines{"one"});
  server.send("wo\n\nlast");
  CHECK(read_lines(task, 2) == Lines{"two", ""});
  server.close();
  run_to_end(task);
  CHECK(read_lines(task, 1) == Lines{"last"});
}

TEST_CASE("a server that nobody runs is told in one line") {
  std::uint16_t port = 0;
  {
    const LoopbackServer gone;
    port = gone.port();
  }
  TaskHarness task(source({.host = "127.0.0.1", .port = port, .retry_for = Duration(0)}));
  CHECK_THROWS_WITH_AS(
      read_lines(task, 1),
      ("cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused").c_str(),
      Failure);
  CHECK_THROWS_AS(SocketLines{}.make(), Failure);
}

TEST_CASE("a connection that breaks is a failure, or made again") {
  LoopbackServer server;
  {
    TaskHarness task(source({.host = "127.0.0.1", .port = server.port()}));
    task.run();
    server.accept();
    server.send("one\n");
    CHECK(read_lines(task, 1) == Lines{"one"});
    server.reset();
    CHECK_THROWS_WITH_AS(read_lines(task, 1), doctest::Contains("broke"), Failure);
  }
  TaskHarness task(source(
      {.host = "127.0.0.1", .port = server.port(), .on_close = SocketLines::OnClose::Reconnect}));
  task.run();
  server.accept();
  server.send("whole\nha");
  CHECK(read_lines(task, 1) == Lines{"whole"});
  server.reset();
  server.accept();
  server.send("new\n");
  CHECK(read_lines(task, 1) == Lines{"new"});
  server.close();
  server.accept();
  server.send("again\n");
  CHECK(read_lines(task, 1) == Lines{"again"});
}

TEST_CASE("a slow pipeline holds the server back through a queue with a bound") {
  LoopbackServer server;
  constexpr std::size_t kLines = 20'000;  // 20 MB, more than the kernel's buffers take
  TaskHarness task(source({.host = "127.0.0.1", .port = server.port(), .queue_bytes = 10'000}),
                   {.credit = 0});
  task.run();
  server.accept();
  std::atomic<std::size_t> sent = 0;
  std::thread sender([&] {
    for (std::size_t n = 0; n < kLines; ++n) {
      server.send(long_line(n));
      ++sent;
    }
    server.close();
  });
  while (sent == 0) std::this_thread::yield();
  task.run();
  CHECK(sent < kLines);
  task.grant(1 << 20);
  run_to_end(task);
  sender.join();
  const auto lines = task.take<std::string>();
  REQUIRE(lines.size() == kLines);
  for (std::size_t n = 0; n < kLines; ++n) REQUIRE(lines[n].record + "\n" == long_line(n));
}

TEST_CASE("a source that waits for its server ends at once when its task does") {
  const TaskHarness task(source({.host = "127.0.0.1",
                                 .port = LoopbackServer().port(),
                                 .on_close = SocketLines::OnClose::Reconnect,
                                 .retry_for = std::chrono::hours(1)}));
}

TEST_CASE("connections that are of no use come after growing waits, and for a limited time") {
  const LoopbackServer server;  // the system takes connections for it
  const StopSignal stop;
  Reconnection connection({"127.0.0.1", server.port()}, Duration(100), stop);
  for (int i = 0; i < 3; ++i) {
    CHECK(connection.next());
    connection.used();
  }
  int useless = 0;
  const auto try_on = [&] {
    while (connection.next()) ++useless;
  };
  CHECK_THROWS_WITH_AS(try_on(), doctest::Contains("it closes every connection"), Failure);
  CHECK(useless <= 3);  // at once, after 20 ms, after 60 ms
}

TEST_CASE("connections that bring nothing fill no queue") {
  LoopbackServer server;
  TaskHarness task(source({.host = "127.0.0.1",
                           .port = server.port(),
                           .on_close = SocketLines::OnClose::Reconnect,
                           .queue_bytes = 1}));
  task.run();
  for (int i = 0; i < 3; ++i) {
    server.accept();
    server.close();
    task.await_wake();
  }
  server.accept();
  server.send("one\n");
  CHECK(read_lines(task, 1) == Lines{"one"});
}

TEST_CASE("a server that has ended what it sends itself is still sent to") {
  LoopbackServer server;
  TaskHarness task(sink({.host = "127.0.0.1", .port = server.port(), .format = RowFormat::Text}));
  server.accept();
  server.end_sending();
  task.push<std::string>({{"one", 1}, {"two", 2}});
  CHECK(server.receive(8) == "one\ntwo\n");
}

TEST_CASE("a server that has closed gets its rows when it is back") {
  LoopbackServer server;
  TaskHarness task(sink({.host = "127.0.0.1", .port = server.port(), .format = RowFormat::Text}));
  server.accept();
  server.close();
  task.push<std::string>({{"one", 1}, {"two", 2}});
  server.accept();
  CHECK(server.receive(8) == "one\ntwo\n");
}

TEST_CASE("a socket sink sends rows in its format and finishes when all are sent") {
  LoopbackServer server;
  TaskHarness task(sink({.host = "127.0.0.1", .port = server.port(), .format = RowFormat::Text}));
  server.accept();
  task.push<std::string>({{"one", 1}, {"two", 2}});
  CHECK(server.receive(8) == "one\ntwo\n");
  task.push<std::string>({{"three", 3}});
  task.end_of_input();
  CHECK(server.receive(6) == "three\n");
  run_to_end(task);
}

TEST_CASE("after a connection broke, the row that was being sent is sent from its beginning") {
  LoopbackServer server;
  SocketSender sender({{"127.0.0.1", server.port()}}, [] {});
  server.accept();
  std::string lines;
  for (std::size_t n = 0; n < 20'000; ++n) lines += long_line(n);
  sender.add(lines);
  const std::string first = server.receive(1'000'000);
  CHECK(lines.starts_with(first));
  server.reset();
  server.accept();
  const std::string rest = server.receive_until(long_line(19'999));
  REQUIRE(rest.size() < lines.size());
  CHECK(lines.ends_with(rest));
  CHECK(lines[lines.size() - rest.size() - 1] == '\n');
}

TEST_CASE("what is not yet sent is part of the checkpoint") {
  const std::uint16_t nobody = LoopbackServer().port();
  TaskHarness task(sink({.host = "127.0.0.1", .port = nobody, .format = RowFormat::Text}));
  task.push<std::string>({{"one", 1}});
  task.push<std::string>({{"two", 2}});
  const Snapshot stored = task.snapshot();
  LoopbackServer server;
  TaskHarness restored(
      sink({.host = "127.0.0.1", .port = server.port(), .format = RowFormat::Text}), {}, {&stored});
  server.accept();
  CHECK(server.receive(8) == "one\ntwo\n");
}

TEST_CASE("a socket sink whose buffer is full refuses batches until there is room") {
  LoopbackServer server;
  TaskHarness task(sink({.host = "127.0.0.1",
                         .port = server.port(),
                         .format = RowFormat::Text,
                         .buffer_bytes = 50'000}));
  server.accept();
  std::string all;
  for (std::size_t n = 0; n < 20'000; ++n) {
    const std::string line = long_line(n);
    all += line;
    task.push<std::string>({{line.substr(0, line.size() - 1), 0}});
  }
  CHECK(task.task().gate().queued_batches(0) > 0);
  std::string got;
  std::thread reader([&] { got = server.receive(all.size()); });
  task.end_of_input();
  run_to_end(task);
  reader.join();
  CHECK(got == all);
}

TEST_CASE("a socket sink that cannot reach its server for too long fails") {
  const std::uint16_t nobody = LoopbackServer().port();
  TaskHarness task(sink(
      {.host = "127.0.0.1", .port = nobody, .format = RowFormat::Text, .retry_for = Duration(0)}));
  task.await_wake();
  CHECK_THROWS_WITH_AS(task.push<std::string>({{"one", 1}}),
                       doctest::Contains("Connection refused"), Failure);

  Pipeline pipeline("job");
  pipeline.source("rows", collection<std::string>({}))
      .sink("out", SocketSink{.host = "x", .port = 1, .format = RowFormat::Text});
  CHECK(pipeline.graph().nodes.back().starts_task);
}
