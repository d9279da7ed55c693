// Writes Prometheus' text format 0.0.4: families one after the other, each with its help, its type and its samples.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

class MetricsText {
 public:
  enum class Type : std::uint8_t { Counter, Gauge };
  using Label = std::pair<std::string_view, std::string_view>;

  /// Samples that follow belong to it. A family without samples is left out.
  void family(std::string_view name, Type type, std::string_view help);
  void sample(std::initializer_list<Label> labels, double value);

  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string head_;  // of a family that has no sample yet
  std::string text_;
};

}  // namespace weir
