#include "calendar.hpp"

#include <ctime>

namespace nexmark::reference {
namespace {

std::tm fields_of(weir::EventTime time) {
  const std::time_t seconds = time.ms / 1000;  // Nexmark's times are after 1970
  std::tm fields{};
  gmtime_r(&seconds, &fields);
  return fields;
}

std::string formatted(weir::EventTime time, const char* format) {
  const std::tm fields = fields_of(time);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, format, &fields));
}

}  // namespace

std::string day_of(weir::EventTime time) { return formatted(time, "%Y-%m-%d"); }
std::string minute_of(weir::EventTime time) { return formatted(time, "%H:%M"); }
int hour_of(weir::EventTime time) { return fields_of(time).tm_hour; }

}  // namespace nexmark::reference
