// Reads Prometheus' text format 0.0.4 as strictly as it can be read: what this accepts, Prometheus does.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir::testing {

struct MetricSample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

struct MetricFamily {
  std::string help;
  std::string type;
  std::vector<MetricSample> samples;
};

/// The families by name. Throws std::runtime_error with the line when anything is not as it should be: a sample outside its
/// family, a family without help, type or samples or in two places, the same sample twice, a counter whose name does not
/// end in _total or that is negative, a name or a label that is none, an unknown escape, a number that is none, no newline
/// at the end.
std::map<std::string, MetricFamily> parse_metrics(std::string_view text);

}  // namespace weir::testing
