// Records that all cross from one slot to another, as fast as that goes: what a channel between two workers can carry.
//
//   --count N records of about --bytes each, made in slot 0 and dropped in the last slot
#include <weir/weir.hpp>

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
  const auto text_bytes = static_cast<std::size_t>(options.number("text-bytes", {.fallback = "16"}));
  weir::Generate<Sample> samples;
  samples.record = [text_bytes](std::int64_t number) { return sample(number, text_bytes); };
  samples.count = options.number("count");
  pipeline.source("samples", samples, {.parallelism = 1})
      .partition([](const Sample&, std::uint32_t tasks) { return tasks - 1; })
      .filter([](const Sample& one) { return one.number >= 0; }, {.name = "received"})
      .sink("nothing", weir::Blackhole{});
}
