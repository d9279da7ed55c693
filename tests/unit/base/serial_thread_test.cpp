#include <weir/base/serial_thread.hpp>

#include <future>
#include <vector>

#include <doctest/doctest.h>

using namespace weir;

TEST_CASE("work is done in the order in which it was given") {
  std::vector<int> done;
  std::promise<void> last;
  SerialThread thread;
  for (int i = 0; i < 100; ++i) thread.run([&done, i] { done.push_back(i); });
  thread.run([&last] { last.set_value(); });
  last.get_future().wait();
  for (int i = 0; i < 100; ++i) CHECK(done.at(static_cast<std::size_t>(i)) == i);
}

TEST_CASE("stopping waits for the work at hand, and nothing is done afterwards") {
  std::promise<void> begun;
  std::promise<void> go_on;
  bool done = false;
  int done_later = 0;
  SerialThread thread;
  thread.run([&] {
    begun.set_value();
    go_on.get_future().wait();
    done = true;
  });
  begun.get_future().wait();
  auto stopped = std::async(std::launch::async, [&] { thread.stop(); });
  go_on.set_value();
  stopped.wait();
  CHECK(done);
  thread.run([&] { ++done_later; });
  thread.stop();
  CHECK(done_later == 0);
}
