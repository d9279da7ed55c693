#include <weir/connectors/file_sink.hpp>

#include <array>
#include <ctime>

namespace weir {

std::string utc_text(EventTime time, const std::string& format) {
  const auto seconds = static_cast<std::time_t>(time.ms / 1000 - (time.ms % 1000 < 0 ? 1 : 0));
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr)
    throw Failure("the event time " + std::to_string(time.ms) + " ms has no date");
  std::array<char, 256> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), format.c_str(), &parts);
  if (length == 0)
    throw Failure("the time format '" + format + "' gives no text, or too long a one");
  return {text.data(), length};
}

}  // namespace weir
