#include "slow_sink.hpp"

#include <doctest/doctest.h>

using namespace weir::testing;

TEST_CASE("memory stays flat while ten minutes' worth of events pass a sink a thousand times slower than their source") {
  constexpr std::int64_t kRecords = 600'000;  // one a millisecond of event time
  const SlowSinkRun run = run_slow_sink(kRecords, std::chrono::microseconds(200));
  CHECK(run.consumed == kRecords);
  MESSAGE("resident after a tenth " << run.early_resident_bytes / 1024 << " KiB, at most " << run.most_resident_bytes / 1024
                                    << " KiB from then on; at most " << run.most_in_flight << " records in flight");
  CHECK(run.most_resident_bytes < run.early_resident_bytes + (8 << 20));  // all records are 150 MB
}
