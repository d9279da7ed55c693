// Sources read files in blocks and start anywhere. An InputFile is an open file and the name that messages call it by.
// A resource; one thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace weir {

class InputFile {
 public:
  /// Throws Failure when there is no such file, or it cannot be read, or is a directory, a pipe or a device.
  explicit InputFile(std::string path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// Fills as much of `block` as the file has from `offset` on; 0 bytes: its end.
  std::size_t read(std::uint64_t offset, std::span<char> block) const;
  std::uint64_t size() const;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int descriptor_;
};

}  // namespace weir
