#include <weir/base/file_failure.hpp>

#include <cerrno>
#include <cstring>

#include <weir/base/result.hpp>

namespace weir {

void throw_file_failure(const std::string& what, const std::string& path, int code) {
  const std::string message = "cannot " + what + " " + path + ": " + std::strerror(code);
  switch (code) {
    case EACCES:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ENOENT:
    case ENOTDIR:
    case EPERM:
    case EROFS: throw PermanentFailure(message);
    default: throw Failure(message);
  }
}

}  // namespace weir
