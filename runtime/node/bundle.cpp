#include <weir/node/bundle.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

#include <dlfcn.h>
#include <elf.h>

namespace weir {
namespace {

constexpr std::uintmax_t kMostBytes = 1ULL << 30;  // of a bundle; debug information makes them tens of megabytes
constexpr const char* kEntry = "weir_bundle_job";
constexpr auto kOwnAbi = abi_text();

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
#else
#error "name this processor's ELF machine here and in graph/bundle_mark.hpp"
#endif

/// Reads a structure at a place of a file that may lie beyond its end, and is aligned to nothing.
template <class T>
std::optional<T> read_at(std::string_view file, std::uint64_t offset) {
  if (offset > file.size() || file.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, file.data() + offset, sizeof(T));
  return value;
}

/// Whether a file has all of `count` things of `size` bytes that begin at `offset`.
bool holds(std::string_view file, std::uint64_t offset, std::uint64_t count, std::uint64_t size) {
  return count == 0 || (offset <= file.size() && (file.size() - offset) / size >= count);
}

/// What is loaded of a file; nothing when the file ends before that does, or before the table of its sections. The linker writes that
/// last, so a file that was copied in part lacks it.
std::optional<std::vector<Elf64_Phdr>> whole_segments(std::string_view file, const Elf64_Ehdr& header) {
  if (!holds(file, header.e_phoff, header.e_phnum, sizeof(Elf64_Phdr))) return std::nullopt;
  if (!holds(file, header.e_shoff, header.e_shnum, sizeof(Elf64_Shdr))) return std::nullopt;
  std::vector<Elf64_Phdr> segments;
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = read_at<Elf64_Phdr>(file, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (!segment || !holds(file, segment->p_offset, segment->p_filesz, 1)) return std::nullopt;
    segments.push_back(*segment);
  }
  return segments;
}

Result<void> check_shared_object(std::string_view file) {
  const Error cut{"is damaged or incomplete: it ends at byte " + std::to_string(file.size()) +
                  ", before parts of it that its header names; copy or build it again"};
  const auto header = read_at<Elf64_Ehdr>(file, 0);
  if (!file.starts_with(std::string_view(ELFMAG, SELFMAG))) return Error{"is no job bundle: it is not a shared object"};
  if (!header) return cut;
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != kMachine) return Error{"is built for another processor"};
  const auto segments = whole_segments(file, *header);
  if (!segments) return cut;
  const auto names_loader = [](const Elf64_Phdr& segment) { return segment.p_type == PT_INTERP; };  // only programs do
  const bool starts = std::any_of(segments->begin(), segments->end(), names_loader);
  if (header->e_type == ET_EXEC || starts) {
    return Error{"is a program, not a bundle; bundles lie in lib/jobs of the build directory and end in .so"};
  }
  if (header->e_type != ET_DYN) return Error{"is no job bundle: it is not a shared object"};
  return {};
}

std::string magic() { return std::string(kBundleMagicBegin).append(kBundleMagicEnd); }

/// Takes a line off the front of `text`: printable ASCII and its end.
std::optional<std::string> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  if (!std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; })) return std::nullopt;
  text.remove_prefix(end + 1);
  return std::string(line);
}

std::optional<BundleMark> parse_mark(std::string_view bytes) {
  if (bytes.size() < kBundleMarkBytes) return std::nullopt;
  bytes = bytes.substr(magic().size(), kBundleMarkBytes - magic().size());
  auto version = take_line(bytes);
  auto abi = version ? take_line(bytes) : std::nullopt;
  auto job = abi ? take_line(bytes) : std::nullopt;
  if (!job || bytes.find_first_not_of('\0') != std::string_view::npos) return std::nullopt;
  return BundleMark{std::move(*version), std::move(*abi), std::move(*job)};
}

Result<std::string> content(const std::filesystem::path& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) return Error{"bundle " + file.string() + " does not exist"};
  if (!std::filesystem::is_regular_file(status)) return Error{"bundle " + file.string() + " is not a file"};
  if (std::filesystem::file_size(file, error) > kMostBytes) return Error{"bundle " + file.string() + " has more than 1 GiB"};
  std::ifstream in(file, std::ios::binary);
  std::ostringstream bytes;
  if (!in || (in.peek() != std::ifstream::traits_type::eof() && !(bytes << in.rdbuf()))) {
    return Error{"cannot read bundle " + file.string() + ": " + std::strerror(errno)};
  }
  return std::move(bytes).str();
}

std::string named(const BundleMark& mark) { return "Weir " + mark.version + " (" + mark.abi + ")"; }

}  // namespace

Result<BundleMark> find_bundle_mark(std::string_view file) {
  if (auto shared = check_shared_object(file); !shared) return shared.error();
  std::optional<BundleMark> found;
  const std::string wanted = magic();
  for (std::size_t at = file.find(wanted); at != std::string_view::npos; at = file.find(wanted, at + 1)) {
    auto mark = parse_mark(file.substr(at));
    if (!mark) return Error{"has a damaged mark; build it again"};
    if (found) return Error{"holds more than one job: " + found->job + " and " + mark->job};
    found = std::move(mark);
  }
  if (!found) return Error{"is no job bundle: none of its sources has a WEIR_JOB"};
  return std::move(*found);
}

Result<BundleMark> read_bundle_mark(const std::filesystem::path& file) {
  const auto bytes = content(file);
  if (!bytes) return bytes.error();
  auto mark = find_bundle_mark(*bytes);
  if (!mark) return Error{file.string() + " " + mark.error().message};
  return mark;
}

BundleMark own_bundle_mark(std::string job) { return {kVersion, std::string(kOwnAbi.text()), std::move(job)}; }

Result<void> check_bundle_mark(const BundleMark& bundle, const BundleMark& own) {
  if (bundle.version == own.version && bundle.abi == own.abi) return {};
  return Error{"bundle " + bundle.job + " was built for " + named(bundle) + ", this node is " + named(own) +
               "; build it against the node's Weir"};
}

Result<LoadedBundle> LoadedBundle::load(const std::filesystem::path& file) {
  auto mark = read_bundle_mark(file);
  if (!mark) return mark.error();
  if (auto fits = check_bundle_mark(*mark, own_bundle_mark(mark->job)); !fits) return fits.error();
  // A path with a slash: a bare name would be looked for among the system's libraries.
  void* code = dlopen(std::filesystem::absolute(file).c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (code == nullptr) return Error{"bundle " + mark->job + " cannot be loaded: " + dlerror()};
  const auto entry = reinterpret_cast<void (*)(JobDefinition&)>(dlsym(code, kEntry));
  if (entry == nullptr) return Error{"bundle " + mark->job + " cannot be loaded: " + dlerror()};
  JobDefinition job;
  entry(job);
  return LoadedBundle(std::move(*mark), std::move(job));
}

}  // namespace weir
