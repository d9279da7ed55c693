// A source that is a thousand times faster than its sink, and what the process holds meanwhile.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>

#include <weir/actors/embedded_job.hpp>
#include <weir/connectors/generator.hpp>
#include <weir/weir.hpp>

namespace weir::testing {

struct SlowSinkRun {
  std::int64_t consumed = 0;
  std::int64_t most_in_flight = 0;        // records made and not yet consumed
  std::int64_t early_resident_bytes = 0;  // after the first tenth of the records
  std::int64_t most_resident_bytes = 0;   // from then on
};

inline std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t size = 0;
  std::int64_t resident = 0;
  file >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

/// Takes `per_record` for each record, and keeps account.
struct SlowSink {
  struct Account {
    std::atomic<std::int64_t> made = 0;
    std::int64_t records = 0;
    SlowSinkRun run;
  };
  std::shared_ptr<Account> account;  // shared by the source's function, the writer and the test
  std::chrono::microseconds per_record;

  template <class T>
  class Writer;
  template <class T>
  std::unique_ptr<SinkWriter<T>> make() const {
    return std::make_unique<Writer<T>>(*this);
  }
};

template <class T>
class SlowSink::Writer final : public SinkWriter<T> {
 public:
  explicit Writer(SlowSink sink) : sink_(std::move(sink)) {}
  void write(Batch<T>& batch) override {
    SlowSinkRun& run = sink_.account->run;
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      const auto end = std::chrono::steady_clock::now() + sink_.per_record;
      while (std::chrono::steady_clock::now() < end) {
      }
      run.most_in_flight = std::max(run.most_in_flight, sink_.account->made.load() - run.consumed);
      ++run.consumed;
    }
    if (run.consumed < sink_.account->records / 10) return;
    const std::int64_t now = resident_bytes();
    if (run.early_resident_bytes == 0) run.early_resident_bytes = now;
    run.most_resident_bytes = std::max(run.most_resident_bytes, now);
  }

 private:
  SlowSink sink_;
};

struct Line {
  std::int64_t number = 0;
  std::string text;
  EventTime at;
};
WEIR_RECORD(Line, number, text, at);

/// Sends `records`, one a millisecond of event time, through three tasks.
inline SlowSinkRun run_slow_sink(std::int64_t records, std::chrono::microseconds per_record) {
  auto account = std::make_shared<SlowSink::Account>();
  account->records = records;
  Pipeline pipeline("slow_sink");
  const auto make = [account](std::int64_t number) {
    ++account->made;
    return Line{number, std::string(200, 'x'), {number}};
  };
  pipeline.source("lines", Generate<Line>{.record = make, .count = records})
      .event_time(&Line::at, {})
      .key_by([](const Line& line) { return line.number % 100; })
      .reduce("last", [](const Line&, const Line& line) { return line; }, {.parallelism = 2})
      .rebalance()
      .sink("slow", SlowSink{account, per_record}, {.parallelism = 1});
  EmbeddedJob job(Plan::make(std::move(pipeline.graph()), {}), {}, nullptr);
  const auto outcome = job.wait_for(std::chrono::minutes(20));
  if (!outcome || outcome->state != JobOutcome::State::Finished) throw Failure("the job did not finish");
  return account->run;
}

}  // namespace weir::testing
