#include <weir/actors/hang_guard.hpp>

#include <future>

#include <doctest/doctest.h>

using namespace weir;

TEST_CASE("a call that does not come back is told of, with the thread that makes it") {
  const auto idle = std::make_shared<CallCell>();
  const auto looping = std::make_shared<CallCell>();
  std::promise<std::pair<std::string, pthread_t>> told;
  HangGuard guard(Duration(5), [&](const std::string& what, pthread_t thread) { told.set_value({what, thread}); });
  guard.watch("idle", idle);
  guard.watch("looping", looping);
  { const CallScope over(*idle); }
  const CallScope call(*looping);
  const auto [what, thread] = told.get_future().get();
  CHECK(what == "looping");
  CHECK(pthread_equal(thread, pthread_self()));
}

TEST_CASE("without a limit nothing hangs") {
  const auto cell = std::make_shared<CallCell>();
  bool told = false;
  {
    HangGuard guard(Duration(0), [&](const std::string&, pthread_t) { told = true; });
    guard.watch("task", cell);
    const CallScope call(*cell);
  }
  CHECK(!told);
}
