#include <weir/state/lmdb_environment.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/base/text.hpp>
#include <weir/state/lmdb_pages.hpp>

namespace weir {
namespace {

constexpr MDB_dbi kMainTree = 1;  // what mdb_dbi_open gives for the unnamed database
constexpr std::uint64_t kSmallestMap = 64ULL << 20;  // bytes; below it a store is of no use
constexpr std::uint64_t kLargestPage = 64ULL << 10;  // bytes, of any system's memory pages
constexpr std::uint64_t kShrinkingRoom = 4ULL
                                         << 20;  // bytes; ample for the pages one removal dirties
constexpr std::uint64_t kWritingRoom = 1ULL
                                       << 20;  // bytes; branch, leaf and free-list pages of a write
constexpr std::string_view kAgeKey = "a";      // rewritten to let freed pages age
constexpr mdb_mode_t kFileMode = 0644;

MDB_val to_val(std::string_view text) { return {text.size(), const_cast<char*>(text.data())}; }

std::span<const std::byte> to_bytes(const MDB_val& value) {
  return {static_cast<const std::byte*>(value.mv_data), value.mv_size};
}

std::uint64_t whole_pages(std::uint64_t bytes) {
  return (bytes + kLargestPage - 1) / kLargestPage * kLargestPage;
}

bool means_full_disk(int code) { return code == ENOSPC || code == EDQUOT || code == EFBIG; }

/// Ends the process: see the header.
[[noreturn]] void stop(const std::string& file, int code, std::string_view advice) {
  std::fprintf(stderr,
               "cannot write %s: %s; the disk may have lost data, so the process stops: %.*s\n",
               file.c_str(), mdb_strerror(code), static_cast<int>(advice.size()), advice.data());
  std::fflush(stderr);  // it may be a file, and abort flushes nothing
  std::abort();
}

struct AbortOnExit {
  MDB_txn* transaction;
  ~AbortOnExit() {
    if (transaction != nullptr) mdb_txn_abort(transaction);
  }
};

}  // namespace

Error LmdbTransaction::failed(const char* doing, int code) const {
  if (failure_ == 0) failure_ = code;
  return {std::string("cannot ") + doing + ' ' + file_ + ": " + mdb_strerror(code)};
}

Result<std::optional<std::span<const std::byte>>> LmdbTransaction::get(std::string_view key) const {
  MDB_val name = to_val(key);
  MDB_val value{};
  const int code = mdb_get(transaction_, kMainTree, &name, &value);
  if (code == MDB_NOTFOUND) return std::optional<std::span<const std::byte>>();
  if (code != 0) return failed("read", code);
  return std::optional(to_bytes(value));
}

Result<std::optional<LmdbTransaction::Entry>> LmdbTransaction::at_or_after(
    std::string_view key) const {
  MDB_cursor* cursor = nullptr;
  if (const int code = mdb_cursor_open(transaction_, kMainTree, &cursor); code != 0)
    return failed("read", code);
  MDB_val name = to_val(key);
  MDB_val value{};
  const int code = mdb_cursor_get(cursor, &name, &value, MDB_SET_RANGE);
  mdb_cursor_close(cursor);
  if (code == MDB_NOTFOUND) return std::optional<Entry>();
  if (code != 0) return failed("read", code);
  const std::string_view found(static_cast<const char*>(name.mv_data), name.mv_size);
  // Whoever walks the keys relies on their order to come to an end.
  if (found < key) return Error{file_ + " is damaged: its keys are out of order"};
  return std::optional(Entry{found, to_bytes(value)});
}

Result<std::span<std::byte>> LmdbTransaction::reserve(std::string_view key, std::size_t bytes) {
  MDB_val name = to_val(key);
  MDB_val value{bytes, nullptr};
  reserved_bytes_ += bytes;
  const int code = mdb_put(transaction_, kMainTree, &name, &value, MDB_RESERVE);
  if (code != 0) return failed("write", code);
  return std::span(static_cast<std::byte*>(value.mv_data), bytes);
}

Result<void> LmdbTransaction::erase(std::string_view key) {
  MDB_val name = to_val(key);
  const int code = mdb_del(transaction_, kMainTree, &name, nullptr);
  if (code != 0 && code != MDB_NOTFOUND) return failed("write", code);
  return {};
}

int LmdbEnvironment::open_with_map(unsigned flags) {
  if (const int code = mdb_env_create(&environment_); code != 0) return code;
  int code = mdb_env_set_mapsize(environment_, map_bytes_);
  if (code == 0)
    code = mdb_env_open(environment_, file_.c_str(), flags | MDB_NOSUBDIR | MDB_NOLOCK, kFileMode);
  if (code != 0) {
    mdb_env_close(std::exchange(environment_, nullptr));
    return code;
  }
  int descriptor = -1;
  if (mdb_env_get_fd(environment_, &descriptor) == 0) fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return 0;
}

Result<std::unique_ptr<LmdbEnvironment>> LmdbEnvironment::open(const std::filesystem::path& file,
                                                               const LmdbOptions& options) {
  std::error_code absent;
  std::string mended;
  if (std::filesystem::exists(file, absent)) {
    auto checked = mend_lmdb_pages(file, options.vital);
    if (!checked.ok()) return checked.error();
    mended = std::move(checked).value();
  }
  const std::uint64_t limit = whole_pages(options.limit_bytes);
  std::unique_ptr<LmdbEnvironment> opened(
      new LmdbEnvironment(file.string(), std::min(whole_pages(options.map_bytes), limit), limit, options));
  opened->mended_ = std::move(mended);
  int code = opened->open_with_map(0);
  while (code == ENOMEM && opened->map_bytes_ / 2 >= kSmallestMap) {
    opened->map_bytes_ /= 2;
    code = opened->open_with_map(0);
  }
  if (code != 0) return Error{"cannot open " + file.string() + ": " + mdb_strerror(code)};
  return opened;
}

Result<std::unique_ptr<LmdbEnvironment>> LmdbEnvironment::open_read_only(
    const std::filesystem::path& file) {
  if (auto checked = check_lmdb_pages(file); !checked.ok()) return checked.error();
  // LMDB maps what is in the file when asked for less.
  std::unique_ptr<LmdbEnvironment> opened(new LmdbEnvironment(file.string(), 1, 1, LmdbOptions()));
  const int code = opened->open_with_map(MDB_RDONLY);
  if (code != 0) return Error{"cannot open " + file.string() + ": " + mdb_strerror(code)};
  return opened;
}

LmdbEnvironment::~LmdbEnvironment() {
  if (environment_ != nullptr) mdb_env_close(environment_);
}

Result<void> LmdbEnvironment::write(Durability durability, const Change& change) {
  auto written = attempt(durability, change);
  if (!full_) return written;
  // LMDB reuses a page two transactions after the one that freed it.
  for (int i = 0; i < 2; ++i) {
    auto aged = shrink([](LmdbTransaction& transaction) -> Result<void> {
      auto value = transaction.reserve(kAgeKey, 1);
      if (!value.ok()) return value.error();
      value->front() = std::byte{0};
      return {};
    });
    if (!aged.ok()) return aged;
  }
  written = attempt(durability, change);
  while (full_ && grow()) written = attempt(durability, change);
  return full_ ? is_full() : written;
}

Result<void> LmdbEnvironment::shrink(const Change& change) {
  auto written = attempt(Durability::Later, change);
  if (!full_) return written;
  resize_map(map_bytes_ + kShrinkingRoom);
  written = attempt(Durability::Later, change);
  // LMDB keeps the map as large as the content; new pages beyond the limit are refused again.
  if (environment_ != nullptr) resize_map(map_bytes_);
  return written;
}

Result<void> LmdbEnvironment::read(const Look& look) const {
  if (auto open = usable(); !open.ok()) return open;
  MDB_txn* started = nullptr;
  if (const int code = mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &started); code != 0) {
    if (code == MDB_PANIC) stop(file_, code, when_failed_);
    return Error{"cannot read " + file_ + ": " + mdb_strerror(code)};
  }
  const AbortOnExit guard{started};
  MDB_dbi tree = 0;
  if (const int code = mdb_dbi_open(started, nullptr, 0, &tree); code != 0) {
    return Error{"cannot read " + file_ + ": " + mdb_strerror(code)};
  }
  return look(LmdbTransaction(started, file_));
}

Result<void> LmdbEnvironment::present() const {
  int descriptor = -1;
  struct stat open_file {};
  struct stat named {};
  if (environment_ == nullptr || mdb_env_get_fd(environment_, &descriptor) != 0 || fstat(descriptor, &open_file) != 0) return {};
  const bool same = stat(file_.c_str(), &named) == 0 && named.st_ino == open_file.st_ino && named.st_dev == open_file.st_dev;
  if (same) return {};
  return Error{file_ + " was removed or replaced while it was in use, so nothing can be kept there: stop the job"};
}

Result<void> LmdbEnvironment::attempt(Durability durability, const Change& change) {
  full_ = false;
  if (auto open = usable(); !open.ok()) return open;
  mdb_env_set_flags(environment_, MDB_NOMETASYNC, durability == Durability::Later ? 1 : 0);
  MDB_txn* started = nullptr;
  if (const int code = mdb_txn_begin(environment_, nullptr, 0, &started); code != 0)
    return failed_commit(code, 0);
  AbortOnExit guard{started};
  LmdbTransaction transaction(started, file_);
  MDB_dbi tree = 0;
  if (const int code = mdb_dbi_open(started, nullptr, 0, &tree); code != 0)
    return failed_commit(code, 0);
  auto changed = change(transaction);
  if (!changed.ok()) {
    if (transaction.failure_ == 0) return changed;  // the change itself refused
    return failed_commit(transaction.failure_, transaction.reserved_bytes_);
  }
  guard.transaction = nullptr;  // a commit ends the transaction, also when it fails
  const int code = mdb_txn_commit(started);
  return code == 0 ? Result<void>() : failed_commit(code, transaction.reserved_bytes_);
}

Error LmdbEnvironment::failed_commit(int code, std::uint64_t bytes) {
  if (code == MDB_MAP_FULL) {
    full_ = true;
    return is_full();
  }
  // A commit that only began to fit says EIO, as a failed disk does: ask the disk for the same room again.
  const bool full_disk = means_full_disk(code) || (code == EIO && !takes(bytes + kWritingRoom));
  if (code == MDB_PANIC || (code == EIO && !full_disk)) stop(file_, code, when_failed_);
  give_back_tail();
  if (full_disk) {
    return {"cannot write " + file_ +
            ": the disk is full; " + std::string(when_full_)};
  }
  return {"cannot write " + file_ + ": " + mdb_strerror(code)};
}

bool LmdbEnvironment::takes(std::uint64_t bytes) const {
  int descriptor = -1;
  struct stat status {};
  if (mdb_env_get_fd(environment_, &descriptor) != 0 || fstat(descriptor, &status) != 0)
    return true;
  return !means_full_disk(posix_fallocate(descriptor, status.st_size, static_cast<off_t>(bytes)));
}

void LmdbEnvironment::give_back_tail() const {
  MDB_envinfo info{};
  MDB_stat pages{};
  int descriptor = -1;
  struct stat status {};
  if (mdb_env_info(environment_, &info) != 0 || mdb_env_stat(environment_, &pages) != 0 ||
      mdb_env_get_fd(environment_, &descriptor) != 0 || fstat(descriptor, &status) != 0) {
    return;
  }
  const auto used = static_cast<off_t>((info.me_last_pgno + 1) * pages.ms_psize);
  // Best effort: a longer file is no error, only space not given back.
  if (status.st_size > used && ftruncate(descriptor, used) != 0) return;
}

Error LmdbEnvironment::is_full() const {
  const bool at_limit = map_bytes_ >= limit_bytes_;
  return {file_ + " is full: it may hold " + bytes_text(map_bytes_) + "; keep fewer checkpoints or raise " +
          (at_limit ? "the limit of the checkpoint store, a program's --state-limit or a node's --checkpoint-store" : "the process's limit of address space")};
}

bool LmdbEnvironment::grow() {
  const std::uint64_t larger = std::min(2 * map_bytes_, limit_bytes_);
  if (larger == map_bytes_ || !resize_map(larger)) return false;
  map_bytes_ = larger;
  return true;
}

bool LmdbEnvironment::resize_map(std::uint64_t bytes) {
  if (mdb_env_set_mapsize(environment_, bytes) == 0) return true;
  // LMDB has given up its map and cannot get it back other than by opening the file again.
  mdb_env_close(std::exchange(environment_, nullptr));
  open_with_map(0);
  return false;
}

Result<void> LmdbEnvironment::usable() const {
  if (environment_ != nullptr) return {};
  return Error{"cannot use " + file_ +
               ": the system refuses the address space for it; raise the process's limit"};
}

}  // namespace weir
