// Layout of the file, in the machine's byte order (from LMDB's documentation and source, version 0.9):
//
//   file     := meta meta page*                         pages of one size, numbered from 0
//   meta     := header magic:32 version:32 address:64 map_size:64 free:tree main:tree last_page:64 transaction:64
//   tree     := page_size:32 flags:16 depth:16 branch_pages:64 leaf_pages:64 large_pages:64 entries:64 root:64
//   header   := number:64 pad:16 kind:16 (lower:16 upper:16 | pages:32)
//   branch, leaf := header offset:16* … node*           offsets end at lower, nodes begin at upper
//   node     := low:16 high:16 flags:16 key_size:16 key value
//               branch: low, high, flags are the child's number; leaf: low, high are the value's size
//   value    := bytes, or with flag 1 the number of the first page of a large one
//   large    := header bytes                            on consecutive pages
//   free     := tree of transaction:64 -> count:64 page_number:64*   descending
#include <weir/state/lmdb_pages.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weir {
namespace {

static_assert(sizeof(void*) == 8,
              "LMDB's file has the machine's word size; Weir knows the one of 64 bits");

constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kNodeBytes = 8;
constexpr std::size_t kMetaBytes = 152;
constexpr std::uint64_t kSmallestPage = 512, kLargestPage = 64 << 10;  // bytes
constexpr std::uint64_t kNoPage = ~std::uint64_t{0};
constexpr unsigned kMaxDepth = 32;  // LMDB's cursors go no deeper
constexpr std::uint16_t kBranch = 1, kLeaf = 2, kLarge = 4;

template <class T>
T load(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

using Meta = std::array<std::byte, kMetaBytes>;

std::uint32_t page_bytes_of(const Meta& meta) { return load<std::uint32_t>(&meta[40]); }
std::uint64_t transaction_of(const Meta& meta) { return load<std::uint64_t>(&meta[144]); }

enum class Tree { Free, Main };

class PageCheck {
 public:
  PageCheck(int descriptor, std::uint64_t file_bytes, std::string_view vital)
      : descriptor_(descriptor), file_bytes_(file_bytes), vital_(vital) {}

  /// Reads a meta page; empty when something is wrong with it.
  std::optional<Meta> read_meta(std::uint64_t number, std::uint64_t page_bytes) {
    Meta meta{};
    if (!read(number * page_bytes, meta.data(), kMetaBytes) || !check_meta(meta, number)) return std::nullopt;
    return meta;
  }

  /// Whether all that a meta page leads to is as it should be.
  bool walk_trees(const Meta& meta) {
    page_bytes_ = page_bytes_of(meta);
    last_page_ = load<std::uint64_t>(&meta[136]);
    seen_.assign(file_bytes_ / page_bytes_, false);
    seen_[0] = seen_[1] = true;
    return walk_tree(Tree::Main, &meta[88]) && walk_tree(Tree::Free, &meta[40]);
  }

  /// Whether the main tree has a key that begins so.
  bool has_vital_key() const { return has_vital_key_; }

  /// The first thing that was wrong; empty when nothing was.
  const std::string& problem() const { return problem_; }

 private:
  bool wrong(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return false;
  }
  bool wrong(std::uint64_t page, const std::string& problem) {
    return wrong("page " + std::to_string(page) + ' ' + problem);
  }

  bool read(std::uint64_t offset, std::byte* target, std::size_t bytes) {
    while (bytes > 0) {
      const ssize_t got = pread(descriptor_, target, bytes, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return wrong(std::string("it cannot be read: ") + std::strerror(errno));
      if (got == 0) return wrong("it is cut off at " + std::to_string(offset) + " bytes");
      offset += static_cast<std::uint64_t>(got);
      target += got;
      bytes -= static_cast<std::size_t>(got);
    }
    return true;
  }

  bool check_meta(const Meta& meta, std::uint64_t number) {
    constexpr std::uint32_t kMagic = 0xBEEFC0DE;
    const auto version = load<std::uint32_t>(&meta[20]);
    const auto page_bytes = page_bytes_of(meta);
    const std::uint64_t transaction = transaction_of(meta);
    if (load<std::uint32_t>(&meta[16]) != kMagic || (load<std::uint16_t>(&meta[10]) & 8) == 0) {
      return wrong(number, "is not a meta page of LMDB");
    }
    if (version != 1)
      return wrong("it has LMDB's file format " + std::to_string(version) + ", not 1");
    if (page_bytes < kSmallestPage || page_bytes > kLargestPage || (page_bytes & (page_bytes - 1)) != 0) {
      return wrong("it tells pages of " + std::to_string(page_bytes) + " bytes");
    }
    if (transaction != 0 && transaction % 2 != number)
      return wrong(number, "is of transaction " + std::to_string(transaction));
    return file_bytes_ >= 2 * std::uint64_t{page_bytes} ||
           wrong("it is cut off at " + std::to_string(file_bytes_) + " bytes");
  }

  bool walk_tree(Tree tree, const std::byte* stored) {
    const unsigned flags = load<std::uint16_t>(stored + 4) & 0xff;
    if (flags != (tree == Tree::Free ? 8 : 0))
      return wrong("a tree has flags " + std::to_string(flags));
    const auto depth = load<std::uint16_t>(stored + 6);
    const auto root = load<std::uint64_t>(stored + 40);
    if (root == kNoPage)
      return depth == 0 || wrong("a tree without pages has depth " + std::to_string(depth));
    if (depth == 0 || depth > kMaxDepth) return wrong("a tree has depth " + std::to_string(depth));
    return walk(tree, root, depth);
  }

  /// Takes a page into the set of those in use.
  bool visit(std::uint64_t page) {
    if (page < 2 || page > last_page_ || page >= seen_.size())
      return wrong(page, "is not in the file");
    if (seen_[page]) return wrong(page, "is used twice");
    seen_[page] = true;
    return true;
  }

  bool walk(Tree tree, std::uint64_t number, unsigned depth) {
    if (!visit(number)) return false;
    std::vector<std::byte> page(page_bytes_);
    if (!read(number * page_bytes_, page.data(), page.size())) return false;
    const std::uint16_t kind = depth == 1 ? kLeaf : kBranch;
    if (load<std::uint64_t>(&page[0]) != number) return wrong(number, "carries another number");
    if (load<std::uint16_t>(&page[10]) != kind) return wrong(number, "is of the wrong kind");
    const auto nodes = nodes_of(page);
    if (nodes.size() < (kind == kBranch && tree == Tree::Main ? 2 : 1)) {
      return wrong(number, "has too few entries, or some outside of it");
    }
    if (!tiles(page, nodes)) return wrong(number, "has entries that overlap or leave it");
    for (const std::size_t node : nodes) {
      const bool fine = kind == kBranch ? walk(tree, child_of(&page[node]), depth - 1)
                                        : check_value(tree, number, &page[node]);
      if (!fine) return false;
    }
    return true;
  }

  /// Offsets of a page's nodes; empty when one lies outside of it.
  std::vector<std::size_t> nodes_of(const std::vector<std::byte>& page) const {
    const std::size_t lower = load<std::uint16_t>(&page[12]);
    const std::size_t upper = load<std::uint16_t>(&page[14]);
    if (lower < kHeaderBytes || lower > upper || upper > page_bytes_ || lower % 2 != 0) return {};
    std::vector<std::size_t> nodes;
    for (std::size_t at = kHeaderBytes; at < lower; at += 2) {
      nodes.push_back(load<std::uint16_t>(&page[at]));
      if (nodes.back() < upper || nodes.back() + kNodeBytes > page_bytes_) return {};
    }
    return nodes;
  }

  /// Whether nodes lie side by side from upper to the page's end: LMDB moves them by their sizes.
  bool tiles(const std::vector<std::byte>& page, std::vector<std::size_t> nodes) const {
    std::sort(nodes.begin(), nodes.end());
    const bool leaf = load<std::uint16_t>(&page[10]) == kLeaf;
    std::size_t end = load<std::uint16_t>(&page[14]);
    for (const std::size_t node : nodes) {
      if (node != end) return false;
      const std::size_t key_bytes = load<std::uint16_t>(&page[node + 6]);
      const bool large = load<std::uint16_t>(&page[node + 4]) == 1;
      std::size_t value_bytes = 0;
      if (leaf) value_bytes = large ? sizeof(std::uint64_t) : size_of_value(&page[node]);
      end = node + (kNodeBytes + key_bytes + value_bytes + 1) / 2 * 2;
      if (end > page_bytes_) return false;
    }
    return end == page_bytes_;
  }

  static std::uint64_t size_of_value(const std::byte* node) {
    return std::uint64_t{load<std::uint16_t>(node)} | std::uint64_t{load<std::uint16_t>(node + 2)}
                                                          << 16;
  }

  static std::uint64_t child_of(const std::byte* node) {
    return std::uint64_t{load<std::uint16_t>(node)} |
           std::uint64_t{load<std::uint16_t>(node + 2)} << 16 |
           std::uint64_t{load<std::uint16_t>(node + 4)} << 32;
  }

  bool check_value(Tree tree, std::uint64_t number, const std::byte* node) {
    const std::uint64_t bytes = size_of_value(node);
    const auto flags = load<std::uint16_t>(node + 4);
    const std::size_t key_bytes = load<std::uint16_t>(node + 6);
    const std::byte* value = node + kNodeBytes + key_bytes;
    if (flags > 1) return wrong(number, "has a value of an unknown kind");
    const std::string_view key(reinterpret_cast<const char*>(node + kNodeBytes), key_bytes);
    if (tree == Tree::Main && key.starts_with(vital_)) has_vital_key_ = true;
    if (tree == Tree::Free &&
        (key_bytes != sizeof(std::uint64_t) || bytes < sizeof(std::uint64_t))) {
      return wrong(number, "is no list of free pages");
    }
    if (flags == 1) return check_large(tree, load<std::uint64_t>(value), bytes);
    return tree == Tree::Main || check_free(number, value, bytes);
  }

  bool check_large(Tree tree, std::uint64_t first, std::uint64_t bytes) {
    const std::uint64_t pages = (kHeaderBytes - 1 + bytes) / page_bytes_ + 1;
    for (std::uint64_t i = 0; i < pages; ++i) {
      if (!visit(first + i)) return false;
    }
    std::array<std::byte, kHeaderBytes> header{};
    if (!read(first * page_bytes_, header.data(), header.size())) return false;
    if (load<std::uint64_t>(&header[0]) != first || load<std::uint16_t>(&header[10]) != kLarge ||
        load<std::uint32_t>(&header[12]) != pages) {
      return wrong(first, "does not begin a value of " + std::to_string(pages) + " pages");
    }
    if (tree == Tree::Main) return true;
    std::vector<std::byte> list(bytes);
    return read(first * page_bytes_ + kHeaderBytes, list.data(), list.size()) &&
           check_free(first, list.data(), bytes);
  }

  bool check_free(std::uint64_t number, const std::byte* list, std::uint64_t bytes) {
    const auto count = load<std::uint64_t>(list);
    if (count > bytes / 8 - 1) return wrong(number, "lists more free pages than it has room for");
    std::uint64_t previous = kNoPage;
    for (std::uint64_t i = 1; i <= count; ++i) {
      const auto page = load<std::uint64_t>(list + 8 * i);
      if (page < 2 || page > last_page_ || page >= previous)
        return wrong(number, "lists free pages wrongly");
      previous = page;
      if (page < seen_.size() && !visit(page))
        return false;  // pages never written may lie behind the end
    }
    return true;
  }

  int descriptor_;
  std::uint64_t file_bytes_;
  std::string_view vital_;
  bool has_vital_key_ = false;
  std::uint64_t page_bytes_ = 0;
  std::uint64_t last_page_ = 0;
  std::vector<bool> seen_;
  std::string problem_;
};

/// An open file.
class DataFile {
 public:
  DataFile(const std::filesystem::path& file, int flags) : descriptor_(open(file.c_str(), flags | O_CLOEXEC)) {
    struct stat status {};
    if (descriptor_ < 0 || fstat(descriptor_, &status) != 0) problem_ = std::strerror(errno);
    else bytes_ = static_cast<std::uint64_t>(status.st_size);
  }
  ~DataFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  DataFile(const DataFile&) = delete;
  DataFile& operator=(const DataFile&) = delete;

  const std::string& problem() const { return problem_; }
  PageCheck check(std::string_view vital = {}) const { return PageCheck(descriptor_, bytes_, vital); }

  bool write(std::uint64_t offset, const Meta& meta) const {
    return pwrite(descriptor_, meta.data(), meta.size(), static_cast<off_t>(offset)) == ssize_t{kMetaBytes} &&
           fdatasync(descriptor_) == 0;
  }

 private:
  int descriptor_;
  std::uint64_t bytes_ = 0;
  std::string problem_;
};

/// What is wrong with the file as it is; empty when nothing is.
std::string problem_of(const DataFile& data) {
  PageCheck check = data.check();
  const auto first = check.read_meta(0, 0);
  if (!first) return check.problem();
  const auto second = check.read_meta(1, page_bytes_of(*first));
  if (!second) return check.problem();
  if (page_bytes_of(*second) != page_bytes_of(*first)) return "its meta pages tell two page sizes";
  check.walk_trees(transaction_of(*second) > transaction_of(*first) ? *second : *first);
  return check.problem();
}

/// The content of a meta page that leads to intact trees with a vital key.
std::optional<Meta> intact_meta(const DataFile& data, std::uint64_t number, std::string_view vital) {
  for (std::uint64_t page_bytes = kSmallestPage; page_bytes <= kLargestPage; page_bytes *= 2) {
    PageCheck check = data.check(vital);
    const auto meta = check.read_meta(number, page_bytes);
    const bool fits = meta && (number == 0 || page_bytes_of(*meta) == page_bytes);
    if (fits && check.walk_trees(*meta) && check.has_vital_key()) return meta;
  }
  return std::nullopt;
}

Error corrupt(const std::filesystem::path& file, const std::string& problem) {
  return {file.string() + " is corrupt: " + problem +
          "; restore the directory from a copy, or start from a savepoint in another one"};
}

Error cannot_open(const std::filesystem::path& file, const std::string& why) {
  return {"cannot open " + file.string() + ": " + why};
}

}  // namespace

Result<void> check_lmdb_pages(const std::filesystem::path& file) {
  const DataFile data(file, O_RDONLY);
  if (!data.problem().empty()) return cannot_open(file, data.problem());
  const std::string problem = problem_of(data);
  return problem.empty() ? Result<void>() : corrupt(file, problem);
}

Result<std::string> mend_lmdb_pages(const std::filesystem::path& file, std::string_view vital) {
  const DataFile data(file, O_RDWR);
  if (!data.problem().empty()) return cannot_open(file, data.problem());
  const std::string problem = problem_of(data);
  if (problem.empty()) return std::string();
  const std::array<std::optional<Meta>, 2> intact{intact_meta(data, 0, vital), intact_meta(data, 1, vital)};
  if (intact[0].has_value() == intact[1].has_value()) return corrupt(file, problem);
  // The other meta page becomes an older copy of the intact one; LMDB overwrites it with the next transaction.
  const std::uint64_t damaged = intact[0] ? 1 : 0;
  Meta meta = *intact[1 - damaged];
  const std::uint64_t transaction = transaction_of(meta);
  const std::uint64_t before = transaction == 0 ? 0 : transaction - 1;
  std::memcpy(&meta[0], &damaged, sizeof damaged);
  std::memcpy(&meta[144], &before, sizeof before);
  if (!data.write(damaged * page_bytes_of(meta), meta)) return cannot_open(file, std::strerror(errno));
  return file.string() + " was damaged: " + problem + "; its last change is undone";
}

}  // namespace weir
