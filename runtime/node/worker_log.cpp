#include <weir/node/worker_log.hpp>

#include <algorithm>
#include <charconv>
#include <deque>
#include <fstream>

namespace weir {
namespace {

constexpr std::uintmax_t kMostBytes = 1 << 20;
constexpr std::size_t kLongestLine = 4000;  // bytes
constexpr std::string_view kEnding = ".log";

std::optional<std::uint64_t> attempt_of(const std::string& file, const std::string& beginning) {
  if (!file.starts_with(beginning) || !file.ends_with(kEnding) || file.size() <= beginning.size() + kEnding.size()) return {};
  const char* first = file.data() + beginning.size();
  const char* last = file.data() + file.size() - kEnding.size();
  std::uint64_t attempt = 0;
  const auto end = std::from_chars(first, last, attempt);
  return end.ec == std::errc() && end.ptr == last ? std::optional(attempt) : std::nullopt;
}

std::optional<std::uint64_t> newest_attempt(const std::filesystem::path& directory, JobId job) {
  std::optional<std::uint64_t> newest;
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(directory, error); !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const auto attempt = attempt_of(entry->path().filename().string(), std::to_string(job) + "-");
    if (attempt) newest = std::max(newest.value_or(0), *attempt);
  }
  return newest;
}

/// The last bytes of a file, from the beginning of a line on.
std::optional<std::string> end_of(const std::filesystem::path& file) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);  // fails for what is no regular file
  if (error) return {};
  std::ifstream in(file, std::ios::binary);
  if (!in) return {};
  const std::uintmax_t from = size - std::min(size, kMostBytes);
  std::string text(static_cast<std::size_t>(size - from), '\0');
  in.seekg(static_cast<std::streamoff>(from));
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  const std::size_t cut = from == 0 ? text.npos : text.find('\n');
  return cut == text.npos ? text : text.substr(cut + 1);
}

}  // namespace

std::optional<WorkerLog> read_worker_log(const std::filesystem::path& directory, JobId job, std::optional<std::uint64_t> attempt, std::size_t most_lines) {
  if (!attempt) attempt = newest_attempt(directory, job);
  if (!attempt) return {};
  const auto text = end_of(directory / (std::to_string(job) + "-" + std::to_string(*attempt) + std::string(kEnding)));
  if (!text) return {};

  std::deque<std::string> lines;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    lines.emplace_back(rest.substr(0, std::min(end, kLongestLine)));
    if (lines.size() > most_lines) lines.pop_front();
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return WorkerLog{*attempt, {lines.begin(), lines.end()}};
}

}  // namespace weir
