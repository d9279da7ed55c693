#include <weir/node/bundle_store.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <weir/node/sha256.hpp>
#include <weir/state/durable_directory.hpp>

namespace weir {
namespace {

constexpr const char* kIncoming = "incoming-";

Error no_id(std::string_view id) {
  return Error{"'" + std::string(id.substr(0, 80)) + "' names no bundle: a bundle's id is its SHA-256, 64 hex digits in lower case"};
}

Error failed(const std::string& what, const std::filesystem::path& file) { return Error{what + " " + file.string() + ": " + std::strerror(errno)}; }

BundleError wrong(std::string why) { return {{std::move(why)}, BundleError::Fault::Bundle}; }

/// `error` as errno has it; a limit to the size of files is a want of room too.
BundleError not_written(const std::filesystem::path& file, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return {{"cannot write bundle " + file.string() + ": " + std::strerror(error)}, full ? BundleError::Fault::NoRoom : BundleError::Fault::Disk};
}

/// A file that is written whole or not at all: it has a name of its own until keep().
class IncomingFile {
 public:
  explicit IncomingFile(const std::filesystem::path& directory) : name_((directory / (std::string(kIncoming) + "XXXXXX")).string()) {
    descriptor_ = ::mkostemp(name_.data(), O_CLOEXEC);
    if (descriptor_ < 0) refused_ = not_written(name_, errno);
  }
  ~IncomingFile() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    if (!kept_) ::unlink(name_.c_str());
  }
  IncomingFile(const IncomingFile&) = delete;
  IncomingFile& operator=(const IncomingFile&) = delete;

  /// Why nothing can be written, from the beginning on.
  const std::optional<BundleError>& refused() const { return refused_; }

  std::optional<BundleError> write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return not_written(name_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  std::optional<BundleError> keep(const std::filesystem::path& as) {
    if (::fsync(descriptor_) != 0 || ::rename(name_.c_str(), as.c_str()) != 0) return not_written(as, errno);
    kept_ = true;
    if (const auto synced = sync_directory(as.parent_path()); !synced) return BundleError{synced.error(), BundleError::Fault::Disk};
    return {};
  }

 private:
  std::string name_;
  int descriptor_ = -1;
  std::optional<BundleError> refused_;
  bool kept_ = false;
};

}  // namespace

Result<BundleStore> BundleStore::open(std::filesystem::path directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return Error{"cannot make the directory for bundles " + directory.string() + ": " + error.message()};
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().filename().string().starts_with(kIncoming)) std::filesystem::remove(entry.path(), error);
  }
  if (error) return Error{"cannot read the directory of bundles " + directory.string() + ": " + error.message()};
  return BundleStore(std::move(directory));
}

Result<std::string, BundleError> BundleStore::put(const BundlePieces& pieces, const PutOptions& options) const {
  if (options.expected && !is_sha256(*options.expected)) return wrong(no_id(*options.expected).message);
  IncomingFile incoming(directory_);
  if (incoming.refused()) return *incoming.refused();
  Sha256 hash;
  std::uint64_t bytes = 0;
  for (;;) {
    const auto piece = pieces();
    if (!piece) return wrong(piece.error().message);
    if (!*piece) break;
    bytes += (*piece)->size();
    if (bytes > options.most_bytes) return wrong("the bundle has more than " + std::to_string(options.most_bytes) + " bytes");
    hash.add(**piece);
    if (auto failure = incoming.write(**piece)) return *failure;
  }
  const std::string id = hash.text();
  if (options.expected && id != *options.expected) {
    return wrong("the bundle's bytes have another SHA-256 than they were announced with: announced " + *options.expected + ", found " + id);
  }
  if (has(id)) {
    std::error_code error;
    std::filesystem::last_write_time(file(id), std::filesystem::file_time_type::clock::now(), error);
    return id;
  }
  if (auto failure = incoming.keep(file(id))) return *failure;
  return id;
}

Result<std::string, BundleError> BundleStore::put(std::string_view bytes) const {
  std::optional<std::string> piece(bytes);
  return put([&]() -> Result<std::optional<std::string>> { return std::exchange(piece, std::nullopt); }, {});
}

bool BundleStore::has(std::string_view id) const {
  std::error_code error;
  return is_sha256(id) && std::filesystem::is_regular_file(file(id), error);
}

Result<std::filesystem::path> BundleStore::path(std::string_view id) const {
  if (!is_sha256(id)) return no_id(id);
  if (!has(id)) return Error{"there is no bundle " + std::string(id)};
  return file(id);
}

Result<std::uint64_t> BundleStore::size(std::string_view id) const {
  const auto there = path(id);
  if (!there) return there.error();
  std::error_code error;
  const auto bytes = std::filesystem::file_size(*there, error);
  if (error) return Error{"cannot read bundle " + there->string() + ": " + error.message()};
  return std::uint64_t{bytes};
}

Result<std::string> BundleStore::read(std::string_view id, std::uint64_t offset, std::size_t bytes) const {
  const auto whole = size(id);
  if (!whole) return whole.error();
  std::string piece(offset < *whole ? static_cast<std::size_t>(std::min<std::uint64_t>(bytes, *whole - offset)) : 0, '\0');
  std::ifstream in(file(id), std::ios::binary);
  if (!in.seekg(static_cast<std::streamoff>(std::min(offset, *whole))) || !in.read(piece.data(), static_cast<std::streamsize>(piece.size()))) {
    return failed("cannot read bundle", file(id));
  }
  return piece;
}

std::vector<std::string> BundleStore::list() const {
  std::vector<std::string> ids;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
    if (entry.path().extension() == ".so" && has(entry.path().stem().string())) ids.push_back(entry.path().stem().string());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<void> BundleStore::remove(std::string_view id) const {
  if (!is_sha256(id)) return no_id(id);
  std::error_code error;
  std::filesystem::remove(file(id), error);
  if (error) return Error{"cannot remove bundle " + file(id).string() + ": " + error.message()};
  return {};
}

std::vector<std::string> BundleStore::remove_others(const std::set<std::string>& wanted, std::chrono::seconds lately) const {
  const auto since = std::filesystem::file_time_type::clock::now() - lately;
  std::vector<std::string> removed;
  for (const std::string& id : list()) {
    std::error_code error;
    const bool old = std::filesystem::last_write_time(file(id), error) < since && !error;
    if (old && !wanted.contains(id) && remove(id)) removed.push_back(id);
  }
  return removed;
}

}  // namespace weir
