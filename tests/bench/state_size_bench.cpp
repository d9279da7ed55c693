// What a key costs in memory: counts of int64 by int64, by the engine's own account and by the growth of the process, beside
// a std::unordered_map of the same.
#include <gperftools/malloc_extension.h>
#include <unistd.h>

#include <fstream>
#include <unordered_map>

#include "cases.hpp"
#include "engine.hpp"
#include "records.hpp"

namespace bench {
namespace {

/// The process's resident memory, with what malloc keeps in reserve given back.
double resident_bytes() {
  MallocExtension::instance()->ReleaseFreeMemory();
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  file >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// A source that makes key after key, so that the run holds no records.
weir::Generate<std::int64_t> keys(std::int64_t count) {
  return {.record = [](std::int64_t number) { return static_cast<std::int64_t>(weir::hash_integer(static_cast<std::uint64_t>(number) + 1)); },
          .count = count};
}

/// A sink that waits for the last record, looks at the memory, and only then lets the job end.
struct Weigh {
  std::shared_ptr<double> resident;  // shared with who reads it when the job has ended

  template <class T>
  class Writer final : public weir::SinkWriter<T> {
   public:
    explicit Writer(std::shared_ptr<double> resident) : resident_(std::move(resident)) {}
    void write(weir::Batch<T>&) override {}
    void finish() override { *resident_ = resident_bytes(); }

   private:
    std::shared_ptr<double> resident_;
  };

  template <class T>
  std::unique_ptr<weir::SinkWriter<T>> make() const {
    return std::make_unique<Writer<T>>(resident);
  }
};

void measure_engine(std::int64_t count, benchmark::UserCounters& counters) {
  const auto resident = std::make_shared<double>(0);
  weir::Pipeline pipeline("bench");
  pipeline.source("keys", keys(count)).key_by([](const std::int64_t& key) { return key; }).count("counts").sink("out", Weigh{resident});
  const double before = resident_bytes();
  const auto job = run_to_end(pipeline);
  double state = 0;
  for (std::size_t i = 0; i < job->board().task_count; ++i) state += static_cast<double>(job->board().tasks[i].state_bytes.load());
  counters["engine_state_bytes_per_key"] = state / static_cast<double>(count);
  counters["engine_resident_bytes_per_key"] = (*resident - before) / static_cast<double>(count);
}

void measure_loop(std::int64_t count, benchmark::UserCounters& counters) {
  const double before = resident_bytes();
  std::unordered_map<std::int64_t, std::int64_t> counts;
  for (std::int64_t number = 0; number < count; ++number) {
    ++counts[static_cast<std::int64_t>(weir::hash_integer(static_cast<std::uint64_t>(number) + 1))];
  }
  benchmark::DoNotOptimize(counts);
  counters["unordered_map_resident_bytes_per_key"] = (resident_bytes() - before) / static_cast<double>(count);
}

}  // namespace

void add_state_size_cases(const Settings& settings) {
  for (const std::size_t full : {1'000'000, 10'000'000}) {
    const auto count = static_cast<std::int64_t>(settings.scaled(full));
    add_figures("state_size/int64_keys_" + std::to_string(count), [count](benchmark::UserCounters& counters) {
      measure_engine(count, counters);
      measure_loop(count, counters);
    });
  }
}

}  // namespace bench
