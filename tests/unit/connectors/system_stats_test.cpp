#include <doctest/doctest.h>

#include <fstream>

#include "support/task_harness.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

constexpr const char* kStat =
    "cpu  345487 10 85387 537347 3488 5 786 333 40 0\n"
    "cpu0 169475 0 45078 270783 912 0 42 155 0 0\n"
    "cpu1 176011 0 40308 266564 2576 0 744 178 0 0\n"
    "intr 56786784 0 0\nctxt 1234\nbtime 1700000000\n";

constexpr const char* kMemory =
    "MemTotal:       24684096 kB\nMemFree:        21499184 kB\nMemAvailable:   22636972 "
    "kB\nBuffers:           12500 kB\n";

void put(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("the processors' time is read from /proc/stat") {
  CHECK(*parse_cpu_ticks(kStat) == CpuTicks{345487 + 10 + 85387 + 5 + 786 + 333,
                                            345487 + 10 + 85387 + 537347 + 3488 + 5 + 786 + 333});
  CHECK(*parse_cpu_ticks("cpu  1 2 3 4") == CpuTicks{6, 10});  // as old kernels write it
  CHECK_FALSE(parse_cpu_ticks("cpu0 1 2 3 4\n").ok());
  CHECK_FALSE(parse_cpu_ticks("cpu  1 2 3\n").ok());
  CHECK_FALSE(parse_cpu_ticks("cpu  1 x 3 4\n").ok());
  CHECK_FALSE(parse_cpu_ticks("").ok());
}

TEST_CASE("memory in use is what is not available") {
  CHECK(*parse_memory(kMemory) == MemoryUse{(24684096LL - 22636972) * 1024, 24684096LL * 1024});
  CHECK_FALSE(parse_memory("MemTotal: 5 kB\n").ok());
  CHECK_FALSE(parse_memory("MemTotal: 5 kB\nMemAvailable: many kB\n").ok());
  CHECK_FALSE(parse_memory("MemTotal: 5 MB\nMemAvailable: 1 MB\n").ok());
}

TEST_CASE("the busy share lies between 0 and 1 whatever the counters do") {
  CHECK(busy_share({10, 100}, {35, 150}) == 0.5);
  CHECK(busy_share({10, 100}, {10, 100}) == 0);
  CHECK(busy_share({10, 100}, {5, 150}) == 0);
  CHECK(busy_share({10, 100}, {40, 110}) == 1);
}

TEST_CASE("a sample is taken every interval, of the time since the last one") {
  const TemporaryDirectory proc;
  put(proc / "meminfo", kMemory);
  put(proc / "stat", "cpu  100 0 0 100\n");
  const SystemStats source{
      .every = std::chrono::seconds(5), .samples = 2, .host = "here", .proc = proc.path()};
  TaskHarness task([source] { return std::make_unique<ReadSource<SystemSample>>(source.make()); },
                   {.now_ms = 1000});
  task.run();
  CHECK(task.take<SystemSample>().empty());
  put(proc / "stat", "cpu  130 0 0 110\n");
  task.advance(Duration(5000));
  put(proc / "stat", "cpu  130 0 0 120\n");
  task.advance(Duration(5000));
  const auto samples = task.take<SystemSample>();
  REQUIRE(samples.size() == 2);
  CHECK(samples[0].record.host == "here");
  CHECK(samples[0].record.cpu == 0.75);
  CHECK(samples[0].record.memory_total_bytes == 24684096LL * 1024);
  CHECK(samples[0].record.at == EventTime{6000});
  CHECK(samples[1].record.cpu == 0);
  CHECK(samples[1].record.at == EventTime{11000});
  CHECK(task.finished());
}

TEST_CASE("this machine has statistics") {
  const SystemStats source{.every = Duration(10), .samples = 1};
  TaskHarness task([source] { return std::make_unique<ReadSource<SystemSample>>(source.make()); });
  task.run();
  task.advance(Duration(10));
  const auto samples = task.take<SystemSample>();
  REQUIRE(samples.size() == 1);
  CHECK(samples[0].record.memory_used_bytes > 0);
  CHECK(samples[0].record.memory_used_bytes < samples[0].record.memory_total_bytes);
  CHECK_FALSE(samples[0].record.host.empty());
}
