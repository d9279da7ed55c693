// Records that all cross from one slot to another, as fast as that goes: what a channel between two workers can carry.
//
//   --count N records with a text of --text-bytes, from slot 0, are dropped in the last slot
//   --fresh   each is made when its turn comes; otherwise the same few are read in whole rounds
#include <weir/weir.hpp>

#include "../bench/replay.hpp"

namespace {

struct Sample {
  std::int64_t number = 0;
  std::int64_t at = 0;
  double value = 0;
  std::string text;
};
WEIR_RECORD(Sample, number, at, value, text);

Sample sample(std::int64_t number, std::size_t text_bytes) {
  Sample made{number, 1'700'000'000'000 + number, static_cast<double>(number) * 0.37, std::string(text_bytes, 'a')};
  for (std::size_t i = 0; i < text_bytes; ++i) made.text[i] = static_cast<char>('a' + (static_cast<std::size_t>(number) + i * 7) % 26);
  return made;
}

}  // namespace

WEIR_JOB(remote_records) {
  constexpr std::int64_t kKept = 16 << 10;
  const auto text_bytes = static_cast<std::size_t>(options.number("text-bytes", {.fallback = "16"}));
  const std::int64_t count = options.number("count");
  const auto cross = [](const weir::Stream<Sample>& samples) {
    samples.partition([](const Sample&, std::uint32_t tasks) { return tasks - 1; })
        .filter([](const Sample& one) { return one.number >= 0; }, {.name = "received"})
        .sink("nothing", weir::Blackhole{});
  };
  if (options.flag("fresh")) {
    weir::Generate<Sample> samples;
    samples.record = [text_bytes](std::int64_t number) { return sample(number, text_bytes); };
    samples.count = count;
    return cross(pipeline.source("samples", samples, {.parallelism = 1}));
  }
  std::vector<Sample> kept;
  for (std::int64_t number = 0; number < std::clamp<std::int64_t>(count, 1, kKept); ++number) kept.push_back(sample(number, text_bytes));
  const auto rounds = static_cast<std::size_t>(count / std::ssize(kept));
  cross(pipeline.source("samples", bench::replay(std::move(kept), rounds), {.parallelism = 1}));
}
