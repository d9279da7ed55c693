// What flows through simulated pipelines: one record type, so that any step can follow any other.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <weir/weir.hpp>

namespace weir::sim {

struct Event {
  std::int64_t key = 0;
  std::int64_t value = 0;
  std::int64_t number = 0;
  std::string tag;
  std::optional<std::int32_t> extra;
  EventTime at;
  friend auto operator<=>(const Event&, const Event&) = default;
};
WEIR_RECORD(Event, key, value, number, tag, extra, at);

using Events = std::vector<Event>;

inline std::string to_text(const Event& event) {
  return "{" + std::to_string(event.key) + " " + std::to_string(event.value) + " #" + std::to_string(event.number) + " " +
         event.tag + (event.extra ? " " + std::to_string(*event.extra) : "") + " @" + std::to_string(event.at.ms) + "}";
}

}  // namespace weir::sim
