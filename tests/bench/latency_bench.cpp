// How long a record takes from the moment at which it was due until the sink has it, through source -> key_by -> count ->
// sink, at half of the rate that the pipeline can sustain. The schedule does not wait for the pipeline: a record that a
// stall kept from being made counts from when it should have been, so the figures hide no stall (no coordinated omission).
#include <bit>
#include <stdexcept>

#include "cases.hpp"
#include "engine.hpp"
#include "records.hpp"

namespace bench {
namespace {

constexpr std::uint64_t kKeys = 100'000;

struct Stamped {
  std::int64_t key = 0;
  std::int64_t due_ns = 0;
};
WEIR_RECORD(Stamped, key, due_ns);

/// Counts by size in buckets of a width of about one percent: 64 for every power of two.
class Histogram {
 public:
  void add(std::int64_t value) { ++buckets_[bucket_of(static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0)))]; ++count_; }

  /// The upper end of the bucket that holds this share of the values.
  double at(double share) const {
    auto left = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      if (buckets_[i] > left) return static_cast<double>(upper_end(i));
      left -= buckets_[i];
    }
    return 0;
  }
  std::uint64_t count() const { return count_; }

 private:
  static constexpr int kBits = 6;

  static std::size_t bucket_of(std::uint64_t value) {
    const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kBits - 1);
    return (static_cast<std::size_t>(shift) << kBits) + static_cast<std::size_t>(value >> shift);
  }
  static std::uint64_t upper_end(std::size_t bucket) {
    const std::size_t shift = bucket < (2u << kBits) ? 0 : (bucket >> kBits) - 1;
    return ((static_cast<std::uint64_t>(bucket) - (static_cast<std::uint64_t>(shift) << kBits)) + 1) << shift;
  }

  std::vector<std::uint64_t> buckets_ = std::vector<std::uint64_t>(64u << kBits);
  std::uint64_t count_ = 0;
};

/// Keeps the key's latest record and how often it came: the count that also carries the time.
struct LatestCount {
  std::int64_t count = 0;
  std::int64_t due_ns = 0;
};
WEIR_RECORD(LatestCount, count, due_ns);

struct CountStamped {
  using Accumulator = LatestCount;
  using Result = LatestCount;
  Accumulator create() const { return {}; }
  void add(Accumulator& latest, const Stamped& record) const { latest = {latest.count + 1, record.due_ns}; }
  void merge(Accumulator& latest, const Accumulator& other) const { latest = {latest.count + other.count, other.due_ns}; }
  Result result(const Accumulator& latest) const { return latest; }
};

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Notes how old records are; those of the first second, in which everything warms up, are left out.
struct NoteLatency {
  std::shared_ptr<Histogram> latencies;  // shared with the one writer and with who reads it when the job has ended

  template <class T>
  class Writer final : public weir::SinkWriter<T> {
   public:
    explicit Writer(std::shared_ptr<Histogram> latencies) : latencies_(std::move(latencies)) {}
    void write(weir::Batch<T>& batch) override {
      const std::int64_t now = now_ns();
      if (first_ns_ == 0) first_ns_ = now;
      if (now - first_ns_ < 1'000'000'000) return;
      for (const T& record : batch.records) latencies_->add(now - record.value.due_ns);
    }

   private:
    std::shared_ptr<Histogram> latencies_;
    std::int64_t first_ns_ = 0;
  };

  template <class T>
  std::unique_ptr<weir::SinkWriter<T>> make() const {
    return std::make_unique<Writer<T>>(latencies);
  }
};

Cost run(double records_per_second, std::int64_t count, const std::shared_ptr<Histogram>& latencies) {
  weir::Generate<Stamped> source;
  source.scheduled_record = [](std::int64_t number, std::chrono::nanoseconds due) {
    const std::uint64_t draw = weir::hash_integer(static_cast<std::uint64_t>(number));
    return Stamped{static_cast<std::int64_t>(draw % kKeys), due.count()};
  };
  source.count = count;
  source.records_per_second = records_per_second;
  weir::Pipeline pipeline("bench");
  pipeline.source("records", source).key_by(&Stamped::key).aggregate("counts", CountStamped{}).sink("out", NoteLatency{latencies});
  return measure([&] { run_to_end(pipeline); });
}

void measure_latency(std::chrono::seconds length, benchmark::UserCounters& counters) {
  constexpr std::int64_t kProbe = 20'000'000;
  const Cost fastest = run(0, kProbe, std::make_shared<Histogram>());
  const double most = static_cast<double>(kProbe) / fastest.wall_s;
  const auto latencies = std::make_shared<Histogram>();
  const auto seconds = static_cast<double>(length.count());
  const Cost half = run(most / 2, static_cast<std::int64_t>(most / 2 * seconds), latencies);
  if (latencies->count() == 0) throw std::runtime_error("no record came after the first second");
  counters["most_records_per_second"] = most;
  counters["half_records_per_second"] = most / 2;
  counters["half_cores_used"] = half.cpu_s / half.wall_s;
  for (const auto& [name, share] : {std::pair<const char*, double>{"p50_ms", 0.5}, {"p99_ms", 0.99}, {"p99.9_ms", 0.999}, {"max_ms", 1 - 1e-9}}) {
    counters[name] = latencies->at(share) / 1e6;
  }
}

}  // namespace

void add_latency_cases(const Settings& settings) {
  const std::chrono::seconds length(settings.scale == Scale::Full ? 20 : 6);
  add_figures("latency/half_load", [length](benchmark::UserCounters& counters) { measure_latency(length, counters); });
}

}  // namespace bench
