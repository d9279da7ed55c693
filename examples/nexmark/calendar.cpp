#include "calendar.hpp"

#include <chrono>
#include <cstdio>

namespace nexmark {

std::string day_text(std::int64_t day_number) {
  const std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::days(day_number))};
  char text[32];
  const int length = std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(day.year()),
                                   static_cast<unsigned>(day.month()),
                                   static_cast<unsigned>(day.day()));
  return std::string(text, static_cast<std::size_t>(length));
}

std::string minute_text(std::int64_t minute_number) {
  char text[32];
  const int length = std::snprintf(text, sizeof text, "%02d:%02d",
                                   static_cast<int>(minute_number / 60),
                                   static_cast<int>(minute_number % 60));
  return std::string(text, static_cast<std::size_t>(length));
}

}  // namespace nexmark
