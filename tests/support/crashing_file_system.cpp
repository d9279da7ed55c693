#include "support/crashing_file_system.hpp"

#include <fstream>
#include <sstream>

#include <weir/base/result.hpp>

namespace weir::testing {
namespace {

void put(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

}  // namespace

std::string content(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class CrashingFileSystem::File final : public OutputFile {
 public:
  File(CrashingFileSystem& files, std::filesystem::path path, std::unique_ptr<OutputFile> file)
      : files_(files), path_(std::move(path)), file_(std::move(file)) {}

  void append(std::string_view bytes) override {
    const bool running = !files_.crashed_;
    try {
      files_.step("write " + path_.string());
    } catch (...) {
      if (running) file_->append(bytes.substr(0, bytes.size() / 2));
      throw;
    }
    file_->append(bytes);
  }
  void sync() override {
    files_.step("sync " + path_.string());
    files_.synced_.erase(path_);
  }

 private:
  CrashingFileSystem& files_;
  std::filesystem::path path_;
  std::unique_ptr<OutputFile> file_;
};

void CrashingFileSystem::step(const std::string& what) {
  const std::uint64_t call = calls_++;
  if (crashed_) throw Crash{};
  if (call == crash_at_) {
    crashed_ = true;
    throw Crash{};
  }
  if (call == fail_at_) throw Failure("cannot " + what + ": No space left on device");
}

std::unique_ptr<OutputFile> CrashingFileSystem::open(const std::filesystem::path& path,
                                                     std::uint64_t length) {
  step("write " + path.string());
  const bool made = !std::filesystem::exists(path);
  auto file = real_file_system().open(path, made ? 0 : std::filesystem::file_size(path));
  synced_.try_emplace(path, made ? "" : content(path));
  if (made) names_.push_back({directory_of(path), [path] { std::filesystem::remove(path); }});
  file = real_file_system().open(path, length);
  return std::make_unique<File>(*this, path, std::move(file));
}

std::optional<std::uint64_t> CrashingFileSystem::size(const std::filesystem::path& path) {
  return real_file_system().size(path);
}

void CrashingFileSystem::rename(const std::filesystem::path& from,
                                const std::filesystem::path& to) {
  step("rename " + from.string());
  real_file_system().rename(from, to);
  if (const auto found = synced_.extract(from)) synced_[to] = found.mapped();
  names_.push_back({directory_of(to), [this, from, to] {
                      std::filesystem::rename(to, from);
                      if (const auto found = synced_.extract(to)) synced_[from] = found.mapped();
                    }});
}

void CrashingFileSystem::remove(const std::filesystem::path& path) {
  step("remove " + path.string());
  if (!std::filesystem::exists(path)) return;
  names_.push_back({directory_of(path), [path, text = content(path)] { put(path, text); }});
  real_file_system().remove(path);
  synced_.erase(path);
}

void CrashingFileSystem::make_directories(const std::filesystem::path& path) {
  step("make directory " + path.string());
  std::vector<std::filesystem::path> made;  // the innermost first
  for (std::filesystem::path part = path; !std::filesystem::exists(part); part = directory_of(part))
    made.push_back(part);
  real_file_system().make_directories(path);
  for (auto part = made.rbegin(); part != made.rend(); ++part) {
    names_.push_back({directory_of(*part), [made = *part] { std::filesystem::remove_all(made); }});
  }
}

std::vector<std::filesystem::path> CrashingFileSystem::list(const std::filesystem::path& directory,
                                                            Depth depth) {
  return real_file_system().list(directory, depth);
}

void CrashingFileSystem::sync_directory(const std::filesystem::path& directory) {
  step("sync directory " + directory.string());
  std::erase_if(names_, [&](const NameChange& change) {
    std::error_code gone;
    return std::filesystem::equivalent(change.directory, directory, gone);
  });
}

void CrashingFileSystem::lose_power() {
  std::size_t kept = random_() % (names_.size() + 1);
  while (names_.size() > kept) {
    names_.back().undo();
    names_.pop_back();
  }
  for (const auto& [path, before] : synced_) {
    if (!std::filesystem::exists(path)) continue;
    const std::string now = content(path);
    if (!now.starts_with(before)) {
      if (random_() % 2 == 0) put(path, before);
    } else {
      std::filesystem::resize_file(path,
                                   before.size() + random_() % (now.size() - before.size() + 1));
    }
  }
}

void CrashingFileSystem::reset() {
  calls_ = 0;
  crash_at_.reset();
  fail_at_.reset();
  crashed_ = false;
  names_.clear();
  synced_.clear();
}

}  // namespace weir::testing
