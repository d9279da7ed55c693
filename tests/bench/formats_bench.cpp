// Reading files into records and writing them, one core, from memory: bytes per second of file text.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include <weir/connectors/csv_format.hpp>
#include <weir/connectors/json_format.hpp>

using namespace weir;

namespace formats_bench {

struct Flight {
  EventTime departure;
  std::string origin;
  std::string destination;
  std::int32_t delay_minutes = 0;
  std::int32_t distance_miles = 0;
};
WEIR_RECORD(Flight, departure, origin, destination, delay_minutes, distance_miles);

struct Mixed {
  std::int64_t id = 0;
  std::string name;
  double price = 0;
  bool open = false;
  std::optional<std::int32_t> stock;
  EventTime at;
  std::string note;
  float rate = 0;
};
WEIR_RECORD(Mixed, id, name, price, open, stock, at, note, rate);

constexpr std::size_t kBlockBytes = 128 << 10;
constexpr std::size_t kRows = 100'000;  // several MB: beyond the caches that hold a block

EventTime random_time(std::mt19937_64& random) {
  return {978'307'200'000 + static_cast<std::int64_t>(random() % 31'536'000'000)};
}

std::vector<Flight> flights() {
  std::mt19937_64 random(1);
  std::vector<Flight> records;
  for (std::size_t i = 0; i < kRows; ++i) {
    const auto time = random_time(random);
    records.push_back({{time.ms / 60'000 * 60'000},
                       "DTW",
                       "LAS",
                       static_cast<std::int32_t>(random() % 90),
                       1750});
  }
  return records;
}

std::vector<Mixed> mixed(std::string_view note) {
  std::mt19937_64 random(1);
  std::vector<Mixed> records;
  for (std::size_t i = 0; i < kRows; ++i) {
    records.push_back(
        {.id = static_cast<std::int64_t>(random() >> 20),
         .name = "item-" + std::to_string(random() % 100'000),
         .price = static_cast<double>(random() % 1'000'000) / 100,
         .open = random() % 2 == 0,
         .stock = random() % 5 == 0 ? std::nullopt : std::optional<std::int32_t>(random() % 1000),
         .at = random_time(random),
         .note = std::string(note),
         .rate = static_cast<float>(random() % 1000) / 8});
  }
  return records;
}

template <class Format, class T>
std::string file_of(const Format& format, const std::vector<T>& records) {
  std::string file = format.header();
  for (const T& record : records) format.append(file, record);
  return file;
}

template <class Format, class T>
void read(benchmark::State& state, const Format& format, const std::vector<T>& records) {
  const std::string file = file_of(format, records);
  for (auto _ : state) {
    auto scanner = format.scanner();
    auto reader = format.reader("f");
    bool header = reader.expects_header();
    for (std::string_view rest = file; !rest.empty();
         rest.remove_prefix(std::min(kBlockBytes, rest.size()))) {
      scanner.feed(rest.substr(0, kBlockBytes));
      while (const auto row = scanner.next()) {
        if (std::exchange(header, false)) {
          if (reader.bind(*row)) return state.SkipWithError("the header was refused");
          continue;
        }
        auto parsed = reader.parse(*row);
        if (!parsed) return state.SkipWithError("a row was refused");
        benchmark::DoNotOptimize(*parsed);
      }
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(file.size()));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(records.size()));
}

template <class Format, class T>
void write(benchmark::State& state, const Format& format, const std::vector<T>& records) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    for (const T& record : records) format.append(out, record);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(out.size()));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(records.size()));
}

void csv_read_flights(benchmark::State& state) { read(state, CsvFormat<Flight>(), flights()); }
void csv_read_mixed(benchmark::State& state) {
  read(state, CsvFormat<Mixed>(), mixed("some note about it"));
}
void csv_read_quoted(benchmark::State& state) {
  read(state, CsvFormat<Mixed>(), mixed("a \"note\", quoted"));
}
void csv_write_mixed(benchmark::State& state) {
  write(state, CsvFormat<Mixed>(), mixed("some note about it"));
}
void json_read_flights(benchmark::State& state) { read(state, JsonFormat<Flight>(), flights()); }
void json_read_mixed(benchmark::State& state) {
  read(state, JsonFormat<Mixed>(), mixed("some note about it"));
}
void json_write_mixed(benchmark::State& state) {
  write(state, JsonFormat<Mixed>(), mixed("some note about it"));
}

BENCHMARK(csv_read_flights);
BENCHMARK(csv_read_mixed);
BENCHMARK(csv_read_quoted);
BENCHMARK(csv_write_mixed);
BENCHMARK(json_read_flights);
BENCHMARK(json_read_mixed);
BENCHMARK(json_write_mixed);

}  // namespace formats_bench
