#include <weir/connectors/file_set.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <glob.h>

#include <weir/base/result.hpp>

namespace weir {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& reason) {
  throw PermanentFailure("cannot read " + path + ": " + reason);
}

bool is_pattern(const std::string& path) { return path.find_first_of("*?[") != std::string::npos; }

std::vector<std::string> in_directory(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code error;
  std::filesystem::directory_iterator entry(directory, error);
  for (const std::filesystem::directory_iterator end; !error && entry != end;
       entry.increment(error)) {
    std::error_code gone;  // a file may vanish while the directory is read
    if (entry->path().filename().string().front() != '.' && entry->is_regular_file(gone))
      files.push_back(entry->path().string());
  }
  if (error) fail(directory, error.message());
  return files;
}

std::vector<std::string> matching(const std::string& pattern) {
  glob_t found{};
  const int status = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  std::vector<std::string> files;
  for (std::size_t i = 0; status == 0 && i < found.gl_pathc; ++i) {
    std::error_code gone;
    if (!std::filesystem::is_directory(found.gl_pathv[i], gone))
      files.emplace_back(found.gl_pathv[i]);
  }
  ::globfree(&found);
  if (status != 0 && status != GLOB_NOMATCH)
    fail(pattern, status == GLOB_NOSPACE ? "out of memory" : "a directory cannot be read");
  return files;
}

/// The part of a pattern's path before its first wildcard.
std::filesystem::path fixed_directory(const std::string& pattern) {
  const std::size_t slash = pattern.rfind('/', pattern.find_first_of("*?["));
  return slash == std::string::npos ? "." : pattern.substr(0, slash + 1);
}

}  // namespace

std::vector<std::string> find_files(const std::string& path, Follow follow) {
  if (path.empty())
    throw Failure("a file source has no path; name a file, a pattern or a directory");
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  std::vector<std::string> files;
  if (std::filesystem::is_directory(status)) {
    files = in_directory(path);
    if (files.empty() && follow == Follow::No) fail(path, "the directory has no files");
  } else if (std::filesystem::exists(status)) {
    files = {path};
  } else if (is_pattern(path)) {
    files = matching(path);
    if (files.empty() && follow == Follow::No) fail(path, "no file matches");
    if (files.empty() && !std::filesystem::is_directory(fixed_directory(path), error)) {
      fail(path, fixed_directory(path).string() + " is no directory");
    }
  } else {
    fail(path, error ? error.message() : std::strerror(ENOENT));
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace weir
