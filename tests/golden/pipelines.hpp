// The pipelines that golden files name. Each takes samples and yields lines of text.
#pragma once

#include <map>
#include <string>

#include <weir/weir.hpp>

namespace weir::golden {

struct Sample {
  std::string key;
  std::int64_t value = 0;
  EventTime at;
};
WEIR_RECORD(Sample, key, value, at);

using Build = Stream<std::string> (*)(const Stream<Sample>& samples);

/// By the name that follows "pipeline" in a golden file.
const std::map<std::string, Build>& pipelines();

}  // namespace weir::golden
