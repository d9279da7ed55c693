#include <weir/base/crash_note.hpp>

#include <csignal>
#include <string>
#include <thread>

#include <doctest/doctest.h>

using namespace weir;

namespace {

class Site final : public CrashSite {
 public:
  explicit Site(std::string_view name) : name_(name) {}
  std::string_view crash_site() const noexcept override { return name_; }

 private:
  std::string_view name_;
};

std::string_view found;

/// As a handler of a crash would.
std::string found_by_a_signal() {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) { found = current_crash_site(); };
  ::sigaction(SIGUSR1, &action, &before);
  ::raise(SIGUSR1);
  ::sigaction(SIGUSR1, &before, nullptr);
  return std::string(found);
}

}  // namespace

TEST_CASE("a signal's handler finds what its thread is calling, the innermost of it") {
  const Site outer("outer");
  const Site inner("inner");
  CHECK(found_by_a_signal() == "");
  {
    const CrashNote note(outer);
    CHECK(found_by_a_signal() == "outer");
    {
      const CrashNote nested(inner);
      CHECK(found_by_a_signal() == "inner");
    }
    CHECK(found_by_a_signal() == "outer");
  }
  CHECK(found_by_a_signal() == "");
}

TEST_CASE("a thread does not find what another one is calling") {
  const Site site("here");
  const CrashNote note(site);
  std::string there = "not looked";
  std::thread([&] { there = current_crash_site(); }).join();
  CHECK(there == "");
}
