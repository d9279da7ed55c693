// Sinks promise that rows survive a crash at any moment. That promise rests on single calls - append, sync, cut,
// rename, remove - and on their order, so the sinks make them through this interface: tests put one in its place that
// fails, or stops the world, at a chosen call.
//
// All functions throw Failure with one line that names the path and the reason. Reading back goes through InputFile.
// A FileSystem outlives the files it has opened; one thread at a time per file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// A file open for appending. Closing it does not sync it.
class OutputFile {
 public:
  virtual ~OutputFile() = default;
  virtual void append(std::string_view bytes) = 0;
  /// Returns when all that was appended would survive a loss of power.
  virtual void sync() = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// Opens a regular file, making it where there is none, and cuts it to `length` bytes; what is appended follows there.
  /// Throws when it is shorter.
  virtual std::unique_ptr<OutputFile> open(const std::filesystem::path& path,
                                           std::uint64_t length) = 0;
  virtual std::optional<std::uint64_t> size(const std::filesystem::path& path) = 0;
  virtual void rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  /// No error when there is none.
  virtual void remove(const std::filesystem::path& path) = 0;
  virtual void make_directories(const std::filesystem::path& path) = 0;
  /// The regular files in a directory, and in those below it when asked to; none when there is no such directory.
  enum class Depth : std::uint8_t { Flat, Recursive };
  virtual std::vector<std::filesystem::path> list(const std::filesystem::path& directory,
                                                  Depth depth) = 0;
  /// Makes the names in a directory durable.
  virtual void sync_directory(const std::filesystem::path& directory) = 0;
};

/// The machine's.
FileSystem& real_file_system();

/// The directory a file is in: "." where the path names none.
std::filesystem::path directory_of(const std::filesystem::path& path);

}  // namespace weir
