// Tests that touch the disk get a directory of their own, which is gone when they end, unless they failed and it has logs in it
// (kept_directory.hpp). It lies in memory where the system has room there: tests sync often, and on a busy disk every sync takes
// milliseconds.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace weir::testing {

/// A new empty directory, in TMPDIR if that is set; removed with its content when destroyed, unless it is kept.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (parent() / "weir-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      throw std::runtime_error("cannot make a temporary directory " + name);
    path_ = std::filesystem::canonical(name);
  }
  ~TemporaryDirectory() {
    if (keep_ != nullptr && keep_(path_)) return;
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  /// Moves a directory away, and returns true, or lets it be removed. The main of the tests has one; benchmarks have none.
  using Keep = bool (*)(const std::filesystem::path&);
  static void set_keep(Keep keep) { keep_ = keep; }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }

 private:
  static std::filesystem::path parent() {
    constexpr std::uintmax_t kRoom = 256 << 20;  // bytes; containers often have but 64 MiB there
    const std::filesystem::path memory = "/dev/shm";
    std::error_code error;
    const auto space = std::filesystem::space(memory, error);
    if (!error && space.available >= kRoom && std::getenv("TMPDIR") == nullptr) return memory;
    return std::filesystem::temp_directory_path();
  }

  static inline Keep keep_ = nullptr;
  std::filesystem::path path_;
};

}  // namespace weir::testing
