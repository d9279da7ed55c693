// Delayed messages that cannot be taken back.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include <weir/actors/alarms.hpp>

using namespace weir;

TEST_CASE("a message is sent for a time only when none that comes as early is on its way") {
  Alarms alarms;
  CHECK(alarms.set({100}));
  CHECK(!alarms.set({100}));
  CHECK(!alarms.set({200}));
  CHECK(alarms.set({50}));
  alarms.rang({50});
  CHECK(!alarms.set({100}));
  alarms.rang({100});
  CHECK(alarms.set({200}));
}

TEST_CASE("two wishes that are renewed whenever either comes true keep two messages on their way") {
  Alarms alarms;
  std::vector<std::int64_t> sent;
  std::size_t most = 0;
  const auto wish = [&](std::int64_t ms) {
    if (alarms.set({ms})) sent.push_back(ms);
  };
  wish(1'000'000);
  wish(10);
  for (int i = 0; i < 1000; ++i) {
    const auto next = std::min_element(sent.begin(), sent.end());
    const std::int64_t now = *next;
    sent.erase(next);
    alarms.rang({now});
    wish(1'000'000);
    wish(now + 10);
    most = std::max(most, alarms.under_way());
  }
  CHECK(most == 2);
  CHECK(sent.size() == 2);
}
