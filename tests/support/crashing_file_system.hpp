// Whether a sink keeps its promise depends on what is on disk when the machine stops between two calls. A
// CrashingFileSystem counts the calls that change something and stops the world before a chosen one: it throws Crash, after
// half of the bytes where the call appends, and from then on throws at every call.
//
// lose_power() then makes the disk look as after a loss of power: of what was not synced, a part chosen by the seed is gone.
// Bytes beyond a file's last sync may be missing; a file that was cut may have its old content back; files made, renamed and
// removed since their directory was last synced may be as before, from any point of that history on.
//
// Real files in a real directory; syncs are only remembered. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <weir/connectors/file_system.hpp>

namespace weir::testing {

struct Crash {};

class CrashingFileSystem final : public FileSystem {
 public:
  explicit CrashingFileSystem(std::uint64_t seed = 0) : random_(seed) {}

  /// Stops before the call with this number, counted from 0 since the last reset.
  void crash_at(std::uint64_t call) { crash_at_ = call; }
  /// Makes that call fail as on a full disk instead; later ones work.
  void fail_at(std::uint64_t call) { fail_at_ = call; }
  std::uint64_t calls() const { return calls_; }
  bool crashed() const { return crashed_; }
  void lose_power();
  /// Works again, and counts from 0. What was not synced counts as synced.
  void reset();

  std::unique_ptr<OutputFile> open(const std::filesystem::path& path,
                                   std::uint64_t length) override;
  std::optional<std::uint64_t> size(const std::filesystem::path& path) override;
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  void remove(const std::filesystem::path& path) override;
  void make_directories(const std::filesystem::path& path) override;
  std::vector<std::filesystem::path> list(const std::filesystem::path& directory,
                                          Depth depth) override;
  void sync_directory(const std::filesystem::path& directory) override;

 private:
  class File;
  /// A change of names that a loss of power may undo.
  struct NameChange {
    std::filesystem::path directory;
    std::function<void()> undo;
  };

  void step(const std::string& what);
  void forget(const std::filesystem::path& directory);

  std::mt19937_64 random_;
  std::uint64_t calls_ = 0;
  std::optional<std::uint64_t> crash_at_;
  std::optional<std::uint64_t> fail_at_;
  bool crashed_ = false;
  std::vector<NameChange> names_;
  std::map<std::filesystem::path, std::string>
      synced_;  // content at the last sync of files changed since
};

/// The content of a file; empty when there is none.
std::string content(const std::filesystem::path& path);

}  // namespace weir::testing
