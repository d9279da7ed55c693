#include "slow_sink.hpp"

#include <doctest/doctest.h>

using namespace weir::testing;

TEST_CASE("a slow sink has no more records waiting for it than credit allows") {
  constexpr std::int64_t kRecords = 100'000;  // without credit most of them would wait at once
  const SlowSinkRun run = run_slow_sink(kRecords, std::chrono::microseconds(20));
  CHECK(run.consumed == kRecords);
  constexpr std::int64_t kChannels = 4;         // two from the source, two to the sink
  constexpr std::int64_t kBatches = 8 + 1 + 1;  // of a channel: its window, one being collected, one being worked on
  CHECK(run.most_in_flight <= kChannels * kBatches * 1024);
}
