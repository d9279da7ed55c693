#include <weir/node/worker_log.hpp>

#include <algorithm>
#include <charconv>
#include <deque>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>

namespace weir {
namespace {

constexpr std::uintmax_t kMostBytes = kMostLogBytes;  // that are read
constexpr std::size_t kLongestLine = 4000;  // bytes
constexpr std::size_t kLineCost = 16;       // bytes that a line takes on its way, beside its own
constexpr std::size_t kMostAttempts = 20;   // as a rule logs of ten are kept
constexpr std::string_view kEnding = ".log";

std::optional<std::uint64_t> attempt_of(const std::string& file, const std::string& beginning) {
  if (!file.starts_with(beginning) || !file.ends_with(kEnding) || file.size() <= beginning.size() + kEnding.size()) return {};
  const char* first = file.data() + beginning.size();
  const char* last = file.data() + file.size() - kEnding.size();
  std::uint64_t attempt = 0;
  const auto end = std::from_chars(first, last, attempt);
  return end.ec == std::errc() && end.ptr == last ? std::optional(attempt) : std::nullopt;
}

/// Of which there are logs, the newest first.
std::vector<std::uint64_t> attempts_of(const std::filesystem::path& directory, JobId job) {
  std::vector<std::uint64_t> attempts;
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(directory, error); !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const auto attempt = attempt_of(entry->path().filename().string(), std::to_string(job) + "-");
    if (attempt) attempts.push_back(*attempt);
  }
  std::sort(attempts.begin(), attempts.end(), std::greater());
  return attempts;
}

std::optional<std::string> last_bytes(const std::filesystem::path& file, std::uintmax_t most) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);  // fails for what is no regular file
  if (error) return {};
  std::ifstream in(file, std::ios::binary);
  if (!in) return {};
  const std::uintmax_t from = size - std::min(size, most);
  std::string text(static_cast<std::size_t>(size - from), '\0');
  in.seekg(static_cast<std::streamoff>(from));
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

/// The end of a log, from the beginning of a line on. One that has begun anew, in the midst of a line maybe, goes on behind the one
/// before it.
std::optional<std::string> end_of_log(const std::filesystem::path& log) {
  std::optional<std::string> text = last_bytes(log, kMostBytes);
  if (!text) return {};
  *text = last_bytes(log.string() + ".old", kMostBytes - text->size()).value_or("") + *text;
  const std::size_t cut = text->size() < kMostBytes ? text->npos : text->find('\n');
  return cut == text->npos ? text : text->substr(cut + 1);
}

/// How much may still be given.
struct Room {
  std::size_t lines = 0;
  std::size_t bytes = 0;
};

std::size_t cost(const std::string& line) { return line.size() + kLineCost; }

/// The last lines of a text that there is room for.
std::vector<std::string> last_lines(std::string_view text, Room& room) {
  std::deque<std::string> lines;
  std::size_t bytes = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, std::min(end, kLongestLine)));
    bytes += cost(lines.back());
    while (!lines.empty() && (lines.size() > room.lines || bytes > room.bytes)) {
      bytes -= cost(lines.front());
      lines.pop_front();
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  room.lines -= lines.size();
  room.bytes -= bytes;
  return {std::make_move_iterator(lines.begin()), std::make_move_iterator(lines.end())};
}

/// Empty when it was told to end, or nothing is known.
std::string end_told_in(const std::filesystem::path& file) {
  std::string text = last_bytes(file, kMostBytes).value_or("");
  text.resize(std::min({text.size(), text.find('\n'), kLongestLine}));
  return text;
}

}  // namespace

std::vector<wire::WorkerLog> read_worker_logs(const std::filesystem::path& directory, JobId job,
                                              const wire::ReadWorkerLogs& wanted) {
  Room room{std::min(wanted.lines, kMostLogLines), static_cast<std::size_t>(std::min(wanted.bytes, kMostLogBytes))};
  std::vector<wire::WorkerLog> logs;
  for (const std::uint64_t attempt : wanted.attempt == 0 ? attempts_of(directory, job) : std::vector{wanted.attempt}) {
    if (room.lines == 0 || logs.size() == kMostAttempts) break;
    const std::string name = std::to_string(job) + "-" + std::to_string(attempt);
    const auto text = end_of_log(directory / (name + std::string(kEnding)));
    if (!text) continue;
    const bool newest = logs.empty();
    wire::WorkerLog log{attempt, end_told_in(directory / (name + ".end")), last_lines(*text, room)};
    if (newest || !log.lines.empty() || !log.ended.empty()) logs.push_back(std::move(log));
  }
  std::reverse(logs.begin(), logs.end());
  return logs;
}

}  // namespace weir
