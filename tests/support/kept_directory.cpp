#include "support/kept_directory.hpp"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace weir::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestFile = 16 << 20;  // bytes: a log is smaller, bundles and checkpoints need not be
const std::string kKept = "weir-failed-";

std::vector<fs::path> files_below(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  const fs::recursive_directory_iterator end;
  for (fs::recursive_directory_iterator entry(directory, error); !error && entry != end; entry.increment(error)) {
    std::error_code unknown;
    if (entry->is_regular_file(unknown)) files.push_back(entry->path());
  }
  return files;
}

void remove_large(const fs::path& directory) {
  std::error_code ignored;
  for (const fs::path& file : files_below(directory)) {
    if (fs::file_size(file, ignored) > kLargestFile) fs::remove(file, ignored);
  }
}

void remove_all_but_newest(const fs::path& parent, std::size_t most) {
  std::vector<std::pair<fs::file_time_type, fs::path>> kept;
  std::error_code error;
  for (fs::directory_iterator entry(parent, error); !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code gone;  // other tests do the same
    const auto time = entry->last_write_time(gone);
    if (!gone && entry->path().filename().string().starts_with(kKept)) kept.emplace_back(time, entry->path());
  }
  std::sort(kept.rbegin(), kept.rend());
  for (std::size_t i = most; i < kept.size(); ++i) fs::remove_all(kept[i].second, error);
}

}  // namespace

bool holds_logs(const fs::path& directory) {
  const auto files = files_below(directory);
  return std::any_of(files.begin(), files.end(), [](const fs::path& file) { return file.extension() == ".log"; });
}

std::optional<fs::path> keep_directory(const fs::path& directory, std::size_t most) {
  const std::string name = directory.filename().string();
  const fs::path kept = directory.parent_path() / (kKept + name.substr(name.rfind('-') + 1));
  std::error_code error;
  remove_large(directory);
  fs::rename(directory, kept, error);
  if (error) return {};
  fs::last_write_time(kept, fs::file_time_type::clock::now(), error);
  remove_all_but_newest(kept.parent_path(), most);
  return kept;
}

}  // namespace weir::testing
