#include <weir/base/file_identity.hpp>

#include <system_error>

namespace weir {

namespace fs = std::filesystem;

fs::path one_name(const fs::path& path) {
  std::error_code error;
  const fs::path found = fs::weakly_canonical(fs::absolute(path), error);
  return error ? fs::absolute(path).lexically_normal() : found;
}

bool same_file(const fs::path& one, const fs::path& other) {
  std::error_code error;
  return one_name(one) == one_name(other) || fs::equivalent(one, other, error);  // of names that are not there: false
}

}  // namespace weir
